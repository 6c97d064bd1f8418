"""Other models in the report: specification curves, and where their spread comes from."""

from __future__ import annotations

from typing import Any

from ...rows import Row
from ..part import Part
from .section import section


def of_row(row: Row, records: dict[str, Any]) -> str | None:
    """Between which values the posterior means lie over models, and how often the interval excludes 0."""
    one = next((term for term in records["terms"] if term["term"] == row.term), None)
    if one is None:
        return None
    levels = [level for levels in one["by_level"].values() for level in levels]
    low, high = min(level["low"] for level in levels), max(level["high"] for level in levels)
    return (
        f"Other models: over {one['count']} of them posterior means run from {row.number(low)} to"
        f" {row.number(high)}; the 95% interval lies above 0 in {one['above']:.0%} and below 0 in"
        f" {one['below']:.0%}."
    )


PART = Part(section, of_row, ("owen2014shapley",))
