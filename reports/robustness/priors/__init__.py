"""Robustness to priors in the report: what one would have to believe beforehand for a conclusion to fall."""

from __future__ import annotations

from typing import Any

from ...rows import Row
from ..part import Part
from .section import section
from .sentence import sentence


def of_row(row: Row, records: dict[str, Any]) -> str | None:
    """The tipping prior of the coefficient, in words."""
    record = records["terms"].get(row.term)
    return f"Priors: {sentence(record)}" if record else None


PART = Part(section, of_row, ("spiegelhalter1994trials", "kallioinen2024powerscaling", "matthews2018beyond"))
