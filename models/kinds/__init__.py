"""The equation of each kind of specification and its PyMC model: one file a kind."""
