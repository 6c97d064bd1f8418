"""Threshold columns."""
