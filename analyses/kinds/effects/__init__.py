"""Columns of kinds `effects` and `pooled`."""
