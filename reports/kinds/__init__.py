"""The section and figure of each kind of specification."""
