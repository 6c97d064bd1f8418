"""Interpolation: missing values between two known ones of an entity are filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ...panel.panel import Panel
from ..outline import Outline
from .rule import StepRule


def interpolate(panel: Panel, _: bool, variables: Sequence[str]) -> tuple[Panel, str]:
    """Fill inner gaps of each entity linearly in time; gaps at the ends stay missing."""
    columns = {}
    filled = 0
    for name in variables:
        values = panel.numeric(name)
        full = values.copy()
        for _, rows in panel.frame.groupby(panel.entity).groups.items():
            series = pd.Series(
                values.loc[rows].to_numpy(), index=panel.frame.loc[rows, panel.time].to_numpy()
            )
            full.loc[rows] = series.interpolate("index", limit_area="inside").to_numpy()
        filled += int(values.isna().sum() - full.isna().sum())
        columns[name] = full
    note = f"INTERPOLATED: {filled} missing values filled linearly within entities"
    return panel.with_columns(columns), note


def filled(outline: Outline, _: bool) -> Outline:
    """A variable has a value in every period between its first and its last."""
    if outline.times is None:
        return outline
    values = {
        name: frozenset(t for t in outline.times if min(known) <= t <= max(known))
        for name, known in outline.values.items()
    }
    return replace(outline, values=values)


INTERPOLATE = StepRule(interpolate, filled)
