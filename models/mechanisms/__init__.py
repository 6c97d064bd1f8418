"""Draws of mediation and instrument models."""
