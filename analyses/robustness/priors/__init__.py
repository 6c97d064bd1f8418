"""Robustness to priors."""
