"""The judging layer: verdict, diagnostics, flags."""
