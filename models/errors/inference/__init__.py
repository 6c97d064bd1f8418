"""Posteriors under any law of errors: what is sampled, two samplers, and the result. No law is named here."""
