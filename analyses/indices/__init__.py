"""Composite indices with their uncertainty, and what they build into a coefficient."""
