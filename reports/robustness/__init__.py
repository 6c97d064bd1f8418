"""Sections and figures of robustness."""
