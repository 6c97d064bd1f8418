"""Slopes that differ between groups."""
