"""Lags: a variable's value is that of so many periods before, which costs the first periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ...errors import InputError, did_you_mean
from ...panel.panel import Panel
from ..outline import Outline
from .rule import StepRule


def lag(panel: Panel, lags: dict[str, int], variables: Sequence[str]) -> tuple[Panel, str]:
    """Replace variables by their values so many periods before, in the same entity."""
    _check(panel, lags, variables)
    columns = {}
    keys = pd.MultiIndex.from_frame(panel.frame[[panel.entity, panel.time]])
    for name, periods in lags.items():
        values = pd.Series(panel.numeric(name).to_numpy(), index=keys)
        before = pd.MultiIndex.from_arrays([panel.frame[panel.entity], panel.frame[panel.time] - periods])
        columns[name] = pd.Series(np.asarray(values.reindex(before)), index=panel.frame.index)
    words = ", ".join(f"{name} by {periods}" for name, periods in lags.items())
    return panel.with_columns(columns), f"lagged {words}"


def _check(panel: Panel, lags: dict[str, int], variables: Sequence[str]) -> None:
    for name in lags:
        if name in (panel.entity, panel.time):
            raise InputError(f"{panel.source}: a step lags {name!r}, a key of the panel; remove that lag.")
        if name not in variables:
            raise InputError(
                f"{panel.source}: a step lags {name!r}, which the formula does not use; remove that lag."
                f"{did_you_mean(name, variables)}"
            )


def lagged(outline: Outline, lags: dict[str, int]) -> Outline:
    """A lagged variable has a value where it had one so many periods before, in a period that has rows."""
    if outline.times is None:
        return outline
    there = frozenset(outline.times)
    known = {
        name: frozenset(t for t in there if t - periods in there & outline.values.get(name, there))
        for name, periods in lags.items()
    }
    return replace(outline, values={**outline.values, **known}).or_unknown()


LAG = StepRule(lag, lagged)
