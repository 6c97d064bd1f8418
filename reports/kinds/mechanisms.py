"""Records of mechanisms in a fit, their figures, and how many decimals their numbers are written with."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log10
from typing import Any

from matplotlib.figure import Figure

from ...analyses.kinds.over_twins import KIND as OVER_TWINS
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ..drawing.canvas import canvas
from ..drawing.figure_files import FigureFile
from ..rows import Row, evidence_label, synthetic

Printed = dict[tuple[str, str], Row]
ROW, GAP = 1.5, 0.72  # inches: what a column takes of a figure, and what is left below it


def with_record(columns: list[SpecFit], record: str) -> list[SpecFit]:
    """The columns whose mechanism is recorded under this name."""
    return [one for one in columns if (one.mechanism or {}).get("kind") == record]


def over_twins(columns: list[SpecFit]) -> list[tuple[SpecFit, list[dict[str, Any]]]]:
    """The columns that were fitted to twins, each with the mechanism of every twin."""
    return [(one, (one.mechanism or {})["twins"]) for one in with_record(columns, OVER_TWINS)]


def figure_of_table(
    fit: Fit,
    what: str,
    table: str,
    fitted: list[SpecFit],
    rows: list[Row],
    draw: Callable[[Figure, float, SpecFit, Printed], None],
    alt: str,
) -> FigureFile:
    """The figure of the columns of one table that have a mechanism, one below the other.

    Parameters
    ----------
    draw
        Draws one column into a figure, from a distance in inches below its head, with what is printed of it.
    """
    printed = {(row.spec_id, row.term): row for row in rows}

    def make() -> Figure:
        title = f"{fit.study.name}: {what} in table {table}"
        made = canvas(len(fitted) * (ROW + GAP) + 0.05, title, evidence_label(fit), synthetic(fit))
        for at, one in enumerate(fitted):
            draw(made, at * (ROW + GAP), one, printed)
        return made

    return FigureFile.of(f"{what}-{table}", f"{what} {table}", f"{what} in table {table}", alt, make)


def decimals_of(part: dict[str, float]) -> int:
    """Enough for two digits of half the interval's width."""
    half = (part["q97.5"] - part["q2.5"]) / 2
    return max(0, min(6, ceil(1 - log10(half)))) if half > 0 else 3
