"""Composite indices from raw indicators, as array functions."""
