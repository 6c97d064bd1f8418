"""One object a kind of specification."""
