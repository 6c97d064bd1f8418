"""Laws of errors: one file a law."""
