"""Thresholds weighed exactly: candidates, marginal likelihoods, draws, shapes of a change."""
