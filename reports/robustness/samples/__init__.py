"""Samples in the report: units left out, predictions of what was left out, and checks of residuals."""

from __future__ import annotations

from typing import Any

from ...rows import Row
from ..part import Part
from .section import section


def of_row(row: Row, records: dict[str, Any]) -> str | None:
    """Without which units the verdict on the coefficient changes."""
    influence = records["influence"]
    if row.term not in influence["terms"]:
        return None
    at = influence["terms"].index(row.term)
    whole, units = influence["whole"]["verdict"][at], influence["units"]
    changed = [unit["name"] for unit in units if unit["verdict"][at] != whole]
    if not changed:
        return f"Samples: {whole} without any one of {len(units)} units (entities, times, groups)."
    names = ", ".join(map(str, changed[:4])) + (" and others" if len(changed) > 4 else "")
    return f"Samples: no longer {whole} without {names}."


PART = Part(
    section,
    of_row,
    ("vehtari2017loo", "yao2018stacking", "sundararajan2001predictive", "pesaran2021dependence"),
)
