"""How it is inferred: the frequentist estimators, the PyMC models, priors and sampling."""
