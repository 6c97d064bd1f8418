"""What a paper's text says about its own tables."""
