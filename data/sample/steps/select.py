"""Selection: rows whose columns hold given values are dropped, or they alone are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ...errors import InputError, did_you_mean
from ...panel.keys import composed
from ...panel.panel import Panel
from ...study.spec import Selection, Step, listed_values
from ..outline import Outline
from .rule import StepRule


def select(panel: Panel, rule: Selection, *, drop: bool) -> tuple[Panel, str]:
    """Drop, or keep only, the rows whose columns hold the given values."""
    hit = pd.Series(True, index=panel.frame.index)
    words = []
    for name, given in rule.items():
        if name not in panel.frame.columns:
            raise InputError(
                f"{panel.source} has no column {name!r}.{did_you_mean(name, panel.frame.columns)}"
            )
        own = panel.labelled if name == panel.entity else composed
        wanted = [own(v) if isinstance(v, str) else v for v in listed_values(given)]
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


def select_outline(outline: Outline, rule: Selection, *, drop: bool) -> Outline:
    """The outline of the rows that are left.

    Nothing is known of them where the study file does not tell which entities or periods hold the values, or
    where none is left.
    """
    entities, times = set(outline.entities), set(outline.times or ())
    for name, given in rule.items():
        wanted = {composed(v) if isinstance(v, str) else v for v in listed_values(given)}
        held = _held(outline, name)
        if not wanted <= set(held.values()):
            return outline.unknown()
        hit = {key for key, value in held.items() if value in wanted}
        if name == outline.time:
            times &= hit
        else:
            entities &= hit
    by_time, by_entity = outline.time in rule, set(rule) != {outline.time}
    if drop and by_time and by_entity:
        return replace(outline, complete=False)
    return outline.limited(
        tuple(e for e in outline.entities if not by_entity or (e in entities) != drop),
        tuple(t for t in outline.times or () if (t in times) != drop) if by_time else outline.times,
        unnamed=drop or not by_entity,
    )


def _held(outline: Outline, column: str) -> dict[Any, Any]:
    """What each period or entity holds in a column, as far as the study file tells."""
    if column == outline.time:
        return {t: t for t in outline.times or ()}
    if column == outline.entity:
        return {e: e for e in outline.entities}
    groups = outline.groups.get(column, {})
    return {e: groups[e] for e in outline.entities if e in groups}


def without_keep(steps: Sequence[Step]) -> list[Step]:
    """The steps that do not confine the sample to given values."""
    return [step for step in steps if step.name != "keep"]


def kept_group(steps: Sequence[Step]) -> tuple[str, str] | None:
    """The one group to which the last step confines the sample: column and value, or None."""
    rule = steps[-1].keep if steps else None
    if not rule or len(rule) != 1:
        return None
    ((by, value),) = rule.items()
    return (by, str(value)) if isinstance(value, str | int) else None


DROP = StepRule(
    on_panel=lambda panel, rule, _: select(panel, rule, drop=True),
    on_outline=lambda outline, rule: select_outline(outline, rule, drop=True),
)
KEEP = StepRule(
    on_panel=lambda panel, rule, _: select(panel, rule, drop=False),
    on_outline=lambda outline, rule: select_outline(outline, rule, drop=False),
)
