"""The model multiverse."""
