"""Standardising: every variable gets mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence

from ...panel.panel import Panel
from .rule import StepRule, same_rows


def standardise(panel: Panel, _: bool, variables: Sequence[str]) -> tuple[Panel, str]:
    """Centre each variable and divide it by its sample standard deviation."""
    columns = {}
    for name in variables:
        values = panel.numeric(name)
        columns[name] = (values - values.mean()) / values.std(ddof=1)
    return panel.with_columns(columns), f"standardised {', '.join(variables)}"


STANDARDISE = StepRule(standardise, same_rows, by_distribution=True)
