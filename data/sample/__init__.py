"""The rows that a column uses: steps, the arrays of a specification, the within transformation."""
