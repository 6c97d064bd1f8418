"""What is known: study files, printed numbers, panels."""
