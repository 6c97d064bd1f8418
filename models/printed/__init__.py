"""Posteriors from printed numbers alone."""
