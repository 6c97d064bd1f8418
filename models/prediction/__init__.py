"""Predictive densities of data left out."""
