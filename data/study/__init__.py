"""The study file: header, specifications, the formula language, claims of the text."""
