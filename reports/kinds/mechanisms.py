"""Records of mechanisms in a fit, and how many decimals their numbers are written with."""

from __future__ import annotations

from math import ceil, log10
from typing import Any

from ...analyses.kinds.over_twins import KIND as OVER_TWINS
from ...analyses.run.results import SpecFit


def with_record(columns: list[SpecFit], record: str) -> list[SpecFit]:
    """The columns whose mechanism is recorded under this name."""
    return [one for one in columns if (one.mechanism or {}).get("kind") == record]


def over_twins(columns: list[SpecFit]) -> list[tuple[SpecFit, list[dict[str, Any]]]]:
    """The columns that were fitted to twins, each with the mechanism of every twin."""
    return [(one, (one.mechanism or {})["twins"]) for one in with_record(columns, OVER_TWINS)]


def decimals_of(part: dict[str, float]) -> int:
    """Enough for two digits of half the interval's width."""
    half = (part["q97.5"] - part["q2.5"]) / 2
    return max(0, min(6, ceil(1 - log10(half)))) if half > 0 else 3
