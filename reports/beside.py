"""The judged posterior of an estimate, where it is another than that of the printed column."""

from __future__ import annotations

from collections.abc import Iterable

from .rows import NOTHING, Row

BESIDE = {"with_effects": "with effects", "under_prior": "prior on assumption"}


def beside(row: Row) -> str:
    """What the judged posterior has that the printed column has not, or nothing where it is the same."""
    return BESIDE.get(row.judged, "")


def beside_pieces(row: Row) -> tuple[str, str]:
    """The point and the interval of the judged posterior, or a dash where it is the printed column's."""
    return row.pieces(row.judged) if beside(row) else (NOTHING, "")


def beside_heading(rows: Iterable[Row]) -> str:
    """What the judged posteriors of a table have beyond its printed columns, as the head of a column."""
    return ", ".join(dict.fromkeys(filter(None, map(beside, rows))))
