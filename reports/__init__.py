"""What is shown: the report as a page, its figures, tables and files."""
