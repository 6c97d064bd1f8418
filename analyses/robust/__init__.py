"""Robustness, part by part: each file asks one thing of one specification and returns records."""
