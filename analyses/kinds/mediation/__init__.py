"""Mediation columns."""
