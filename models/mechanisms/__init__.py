"""Posterior draws of mediation and instrument models."""
