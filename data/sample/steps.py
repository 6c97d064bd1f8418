"""The transformations that papers apply before estimation, as steps of a specification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError, did_you_mean
from ..panel.keys import composed
from ..panel.panel import Panel
from ..study.spec import Step


def apply_steps(panel: Panel, steps: Sequence[Step], variables: Sequence[str]) -> tuple[Panel, list[str]]:
    """Apply steps in order to the named variables.

    Returns
    -------
    panel, notes
        The transformed panel and one plain sentence a step that changed something.
    """
    notes: list[str] = []
    for step in steps:
        if step.winsorise is not None:
            panel, note = winsorise(panel, variables, *step.winsorise)
        elif step.drop is not None:
            panel, note = select(panel, step.drop, drop=True)
        elif step.keep is not None:
            panel, note = select(panel, step.keep, drop=False)
        elif step.standardise:
            panel, note = standardise(panel, variables)
        elif step.interpolate:
            panel, note = interpolate(panel, variables)
        else:
            panel, note = lag(panel, _laggable(panel, step.lag or {}, variables))
        notes.append(note)
    return panel, notes


def _laggable(panel: Panel, lags: dict[str, int], variables: Sequence[str]) -> dict[str, int]:
    for name in lags:
        if name in (panel.entity, panel.time):
            raise InputError(f"{panel.source}: a step lags {name!r}, a key of the panel; remove that lag.")
        if name not in variables:
            raise InputError(
                f"{panel.source}: a step lags {name!r}, which the formula does not use; remove that lag."
                f"{did_you_mean(name, variables)}"
            )
    return lags


def winsorise(panel: Panel, variables: Sequence[str], low: float, high: float) -> tuple[Panel, str]:
    """Pull values outside the two quantiles (linear interpolation, whole sample) to the quantiles."""
    columns = {}
    changed = 0
    for name in variables:
        values = panel.numeric(name)
        bounds = values.quantile([low, high])
        columns[name] = values.clip(bounds.iloc[0], bounds.iloc[1])
        changed += int((columns[name] != values).sum() - values.isna().sum())
    return panel.with_columns(columns), f"winsorised at {low:g} and {high:g}: {changed} values pulled in"


def select(
    panel: Panel, rule: dict[str, str | int | list[str] | list[int]], *, drop: bool
) -> tuple[Panel, str]:
    """Drop, or keep only, the rows whose columns hold the given values."""
    hit = pd.Series(True, index=panel.frame.index)
    words = []
    for name, given in rule.items():
        if name not in panel.frame.columns:
            raise InputError(
                f"{panel.source} has no column {name!r}.{did_you_mean(name, panel.frame.columns)}"
            )
        own = panel.labelled if name == panel.entity else composed
        wanted = [
            own(v) if isinstance(v, str) else v for v in (given if isinstance(given, list) else [given])
        ]
        present = panel.frame[name]
        for value in wanted:
            if not (present == value).any():
                raise InputError(
                    f"{panel.source}, column {name!r} never holds {value!r}, which a step of the "
                    f"specification names.{did_you_mean(str(value), present.dropna().unique())}"
                )
        hit &= present.isin(wanted)
        words.append(f"{name} {', '.join(map(str, wanted))}")
    kept = panel.where(~hit if drop else hit)
    if kept.frame.empty:
        raise InputError(f"{panel.source}: a step of the specification leaves no row; mend its drop or keep.")
    return kept, f"{'dropped' if drop else 'kept only'} {'; '.join(words)} ({len(kept.frame)} rows left)"


def standardise(panel: Panel, variables: Sequence[str]) -> tuple[Panel, str]:
    """Centre each variable and divide it by its sample standard deviation."""
    columns = {}
    for name in variables:
        values = panel.numeric(name)
        columns[name] = (values - values.mean()) / values.std(ddof=1)
    return panel.with_columns(columns), f"standardised {', '.join(variables)}"


def interpolate(panel: Panel, variables: Sequence[str]) -> tuple[Panel, str]:
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
    return panel.with_columns(
        columns
    ), f"INTERPOLATED: {filled} missing values filled linearly within entities"


def lag(panel: Panel, lags: dict[str, int]) -> tuple[Panel, str]:
    """Replace variables by their values so many periods before, in the same entity."""
    columns = {}
    keys = pd.MultiIndex.from_frame(panel.frame[[panel.entity, panel.time]])
    for name, periods in lags.items():
        values = pd.Series(panel.numeric(name).to_numpy(), index=keys)
        before = pd.MultiIndex.from_arrays([panel.frame[panel.entity], panel.frame[panel.time] - periods])
        columns[name] = pd.Series(np.asarray(values.reindex(before)), index=panel.frame.index)
    words = ", ".join(f"{name} by {periods}" for name, periods in lags.items())
    return panel.with_columns(columns), f"lagged {words}"
