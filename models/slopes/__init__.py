"""One slope under many models and priors."""
