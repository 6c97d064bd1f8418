"""Panels that reproduce printed tables: targets, generative prior, matching, files."""
