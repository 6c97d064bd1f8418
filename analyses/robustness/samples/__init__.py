"""Robustness to the sample."""
