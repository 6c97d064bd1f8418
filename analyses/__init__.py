"""What is asked: load, fit, compare; the studies that come with it are the TOML files here."""
