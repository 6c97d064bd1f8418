"""The first screen: a cell for each printed estimate, and its posterior in multiples of what was printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ...analyses.judge.interval import AS_PRINTED
from ...analyses.run.fits import Fit
from ..beside import beside
from ..rows import STOPPED, Row, Span, by_table, focal, probability

LETTERS = {
    "holds": "H",
    "shrinks": "S",
    "grows": "G",
    "uncertain": "U",
    "reverses": "R",
    "null stands": "0",
    "emerges": "E",
    "not reproduced": "N",
    STOPPED: "–",
}
OPEN = "not identified by the tables"
ONLY = re.compile(r" --only (?:'[^']*'|\S+)")
MOST_BARS = 26
FROM, TO = -1.0, 2.5


class Piece(NamedTuple):
    """An interval on a track, in per cent of its width; cut where it leaves the track."""

    left: float
    width: float
    mean: float
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class Cell:
    """One printed estimate on the first screen: its row on the page, its letter, and its numbers in words."""

    row: Row
    letter: str
    open: bool
    tip: str


@dataclass(frozen=True)
class Bar:
    """A cell with its intervals, as multiples of the printed estimate.

    `own` is the posterior's own interval where the judged one is wider; `before` that of the printed column
    where another posterior is judged.
    """

    cell: Cell
    judged: Piece
    own: Piece | None
    before: Piece | None


@dataclass(frozen=True)
class Key:
    """The key figure.

    Attributes
    ----------
    term : the coefficient that joins the tables; empty where all are shown
    left_out : how many would have come after the last
    ticks : (multiple, place in per cent)
    """

    term: str
    bars: list[Bar]
    left_out: int
    ticks: list[tuple[str, float]]

    @property
    def widened(self) -> bool:
        return any(bar.own for bar in self.bars)


def cells_by_table(rows: list[Row]) -> dict[str, list[list[Cell]]]:
    """Cells by table and, within it, by column; constants have none."""
    tables = {}
    for name, mine in by_table(r for r in rows if not r.constant).items():
        columns: dict[str, list[Cell]] = {}
        for row in mine:
            columns.setdefault(row.spec_id, []).append(cell_of(row))
        tables[name] = list(columns.values())
    return tables


def cell_of(row: Row) -> Cell:
    return Cell(row, LETTERS[row.verdict], is_open(row), tip(row))


def is_open(row: Row) -> bool:
    """Whether the printed tables leave open what the verdict would need."""
    return any(flag.startswith(OPEN) for flag in row.record["flags"])


def tip(row: Row) -> str:
    """The estimate in one line: what was printed, what the posterior says, the verdict."""
    part = row.record[row.judged]
    others = f", {beside(row)}" if beside(row) else ""
    own = f" (widened from {row.widened_from})" if row.widened else ""
    asked = "; the tables cannot tell more" if is_open(row) else ""
    return (
        f"{row.spec_id} {row.term}: published {row.printed} {row.printed_error}, posterior{others} "
        f"{row.interval(row.judged)}{own}, P(>0) {probability(part['prob_positive'])}: {row.verdict}{asked}"
    )


def open_sentence(rows: list[Row]) -> str:
    """For how many coefficients the tables leave open what the verdict would need, and what that is."""
    mine = [r for r in rows if not r.constant]
    flags = [
        flag.removeprefix(f"{OPEN}: ") for r in mine for flag in r.record["flags"] if flag.startswith(OPEN)
    ]
    if not flags:
        return ""
    number = "all" if len(flags) == len(mine) else str(len(flags))
    what = (
        flags[0]
        if len(set(flags)) == 1 and "%" not in flags[0]
        else "more: panels that print these tables disagree"
    )
    if len(flags) > 1:
        what = what.replace("whether it survives", "whether they survive")
    whom = "The tables" if len(mine) == 1 else f"For {number} of them the tables"
    return f"{whom} cannot tell {what}."


def left_out(fit: Fit, command: str) -> tuple[str, str]:
    """That not all columns of the study are here, and the command that shows all; else two blanks."""
    shown, every = len(fit.specs), len(fit.study.file.spec)
    if shown + len(fit.skipped) >= every:
        return "", ""
    are = "is" if shown == 1 else "are"
    return f"{shown} of the study's {every} columns {are} shown here. For all of them:", ONLY.sub("", command)


def key_figure(rows: list[Row]) -> Key:
    """The focal term, or else every coefficient, with 0 and the printed value at fixed places."""
    term = focal(rows)
    mine = [r for r in rows if not r.constant and (term is None or r.term == term)]
    bars = [bar for r in mine if (bar := _bar(r)) is not None]
    ticks = [(f"{v:g}".replace("-", "−"), _at(v)) for v in (-1, 0, 1, 2)]
    return Key(term or "", bars[:MOST_BARS], max(0, len(bars) - MOST_BARS), ticks)


def _bar(row: Row) -> Bar | None:
    unit = row.record["published"]["estimate"]
    piece = _piece(row, row.judged_span) if unit else None
    if piece is None:
        return None
    own = _piece(row, row.span(row.judged)) if row.widened else None
    before = _piece(row, row.span("posterior")) if row.judged != AS_PRINTED else None
    return Bar(cell_of(row), piece, own, before)


def _piece(row: Row, span: Span | None) -> Piece | None:
    if span is None or span.ends is None:
        return None
    unit = row.record["published"]["estimate"]
    low, high = sorted(end / unit for end in span.ends)
    left, right = _at(low), _at(high)
    return Piece(left, max(right - left, 0.4), _at(span.mean / unit), low < FROM, high > TO)


def _at(multiple: float) -> float:
    """The place of a multiple of the printed estimate on the track, in per cent."""
    return round(100 * (min(max(multiple, FROM), TO) - FROM) / (TO - FROM), 2)
