"""Instrument columns."""
