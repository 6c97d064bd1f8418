"""Threshold models by enumeration: candidates, marginal likelihoods, draws, and shapes of the change."""
