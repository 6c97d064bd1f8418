"""Winsorising: values beyond two quantiles are pulled in to them."""

from __future__ import annotations

from collections.abc import Sequence

from ...panel.panel import Panel
from .rule import StepRule, same_rows


def winsorise(panel: Panel, quantiles: tuple[float, float], variables: Sequence[str]) -> tuple[Panel, str]:
    """Pull values outside the two quantiles (linear interpolation, whole sample) to the quantiles."""
    low, high = quantiles
    columns = {}
    changed = 0
    for name in variables:
        values = panel.numeric(name)
        bounds = values.quantile([low, high])
        columns[name] = values.clip(bounds.iloc[0], bounds.iloc[1])
        changed += int((columns[name] != values).sum() - values.isna().sum())
    return panel.with_columns(columns), f"winsorised at {low:g} and {high:g}: {changed} values pulled in"


WINSORISE = StepRule(winsorise, same_rows, by_distribution=True)
