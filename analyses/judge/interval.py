"""Which interval the verdict on a printed coefficient rests on.

A pooled column is judged by the same data with entity and time effects, wherever the panel can tell those
apart: whether its coefficient survives them is the question. Its constant has no counterpart there and is
judged as printed. Every other column is judged by its own posterior.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..run.results import SpecFit

CONSTANT = "_cons"
WITH_EFFECTS: Literal["with_effects"] = "with_effects"
AS_PRINTED: Literal["posterior"] = "posterior"


def judged_fit(one: SpecFit, term: str) -> SpecFit:
    """The fit whose posterior of this term is judged."""
    return one if term == CONSTANT else judged_slopes(one)


def judged_slopes(one: SpecFit) -> SpecFit:
    """The fit whose posterior of the slopes is judged."""
    return one.with_effects or one


def judged_part(record: Mapping[str, Any]) -> Literal["with_effects", "posterior"]:
    """The part of a record of comparison.json that holds the judged interval."""
    return WITH_EFFECTS if record["with_effects"] is not None else AS_PRINTED
