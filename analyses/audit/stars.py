"""What the printed stars say about the reference distribution of the printed t.

A star cell holds an estimate and its standard error, each known within rounding, so its t lies in an
interval; the stars say between which critical values of t(df) it fell. The likelihood of df is the
share of the rounding box that gives the printed stars, multiplied over cells, with a small
probability that a cell is misprinted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...data.published import Printed
from .columns import Column, Tables, printed
from .finding import show

MISPRINT = 0.02
CANDIDATES = (*range(1, 31), 35, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000, 10**6)
CONVENTIONS = {"10%, 5% and 1%": (0.10, 0.05, 0.01), "5%, 1% and 0.1%": (0.05, 0.01, 0.001)}
STARS = ("none", "*", "**", "***")
CLEARLY = 6.0
ALIKE = 2.0
POINTS = 25


@dataclass(frozen=True, eq=False)
class Cell:
    """A printed number whose t is known: (m,) sorted values of |t| over its rounding box."""

    printed: Printed
    column: Column
    t: NDArray[np.float64]
    seen: dict[tuple[float, tuple[float, ...]], NDArray[np.float64]] = field(default_factory=dict)

    def share(self, df: float, levels: tuple[float, ...]) -> float:
        """Share of the box in which t(df) gives the printed stars."""
        return self.shares(df, levels)[STARS.index(self.printed.stars)]

    def shares(self, df: float, levels: tuple[float, ...]) -> NDArray[np.float64]:
        """(4,) shares of the box that give none, one, two and three stars."""
        if (df, levels) not in self.seen:
            below = np.searchsorted(self.t, _critical(df, levels))
            self.seen[df, levels] = np.diff(below, prepend=0, append=self.t.size) / self.t.size
        return self.seen[df, levels]

    @property
    def words(self) -> str:
        p = self.printed
        ratio = f"{p.text['estimate']}/{p.text['std_error']}, " if p.text["std_error"] else ""
        return f"{p.id}: {ratio}t {show(self.t.min(), 3)} to {show(self.t.max(), 3)}, stars {p.stars}"


@dataclass(frozen=True, eq=False)
class Group:
    """Cells that plausibly share a reference distribution, with the likelihood of each candidate df."""

    cells: tuple[Cell, ...]
    levels: tuple[float, ...]

    @property
    def legible(self) -> list[Cell]:
        return [c for c in self.cells if c.printed.stars in STARS]

    def log_likelihood(self, df: float) -> float:
        shares = [c.share(df, self.levels) for c in self.legible]
        return float(sum(math.log((1 - MISPRINT) * s + MISPRINT / 4) for s in shares))

    def hits(self, df: float) -> int:
        return sum(c.share(df, self.levels) > 0 for c in self.legible)

    @property
    def residual(self) -> list[int]:
        """Residual degrees of freedom of the columns."""
        return [c.column.residual_df for c in self.cells if c.column.residual_df is not None]

    def best(self) -> tuple[float, float]:
        """The most likely df and its log-likelihood; the largest of those that are equally likely."""
        scores = {df: self.log_likelihood(df) for df in (*CANDIDATES, *set(self.residual))}
        top = max(scores.values())
        return max(df for df, s in scores.items() if s > top - 1e-9), top

    def possible(self) -> list[int]:
        """Candidates that explain as many cells as any does."""
        hits = {df: self.hits(df) for df in CANDIDATES}
        return [df for df, h in hits.items() if h == max(hits.values())]

    @property
    def tables(self) -> list[str]:
        return list(dict.fromkeys(c.printed.table for c in self.cells))


@lru_cache(maxsize=4096)
def _critical(df: float, levels: tuple[float, ...]) -> NDArray[np.float64]:
    return np.asarray(stats.t.ppf(1 - np.array(levels) / 2, df) * (1 - 1e-12))


def star_cells(tables: Tables) -> list[Cell]:
    """Every coefficient with a standard error or t beside it."""
    cells = []
    for column in tables.columns:
        for p in column.cells.values():
            t = _t_values(p)
            if t is not None and p.stars:
                cells.append(Cell(p, column, t))
    return cells


def _t_values(p: Printed) -> NDArray[np.float64] | None:
    if p.text["t_value"]:
        low, high = (abs(x) for x in p.rounding("t_value"))
        return np.sort(np.linspace(low, high, POINTS))
    if not p.text["std_error"]:
        return None
    estimate, error = printed(p), printed(p, "std_error")
    if error.high <= 0:
        return None
    e = np.linspace(estimate.low, estimate.high, POINTS)
    s = np.linspace(max(error.low, error.high / 1e3), error.high, POINTS)
    return np.sort(np.abs(e[:, None] / s), axis=None)


@lru_cache(maxsize=2)
def groups(tables: Tables) -> tuple[list[Group], str]:
    """Cells by what they share, and the convention of stars.

    Columns of a table with and without effects begin apart. Those whose stars their residual degrees
    of freedom explain stay as they are; the others are joined where one df explains them almost as well.
    """
    cells = star_cells(tables)
    best: tuple[float, str, list[Group]] | None = None
    for name, levels in CONVENTIONS.items():
        units: dict[tuple[str, bool], list[Cell]] = {}
        for cell in cells:
            key = (cell.printed.table, bool(cell.column.spec.parsed.effects))
            units.setdefault(key, []).append(cell)
        found = [Group(tuple(c), levels) for c in units.values()]
        score = sum(g.best()[1] for g in found) - (CLEARLY if best else 0)
        if best is None or score > best[0]:
            best = score, name, found
    assert best is not None
    plain = [g for g in best[2] if explained(g)]
    return plain + _joined([g for g in best[2] if not explained(g)]), best[1]


def explained(group: Group) -> bool:
    """Whether no other df explains more cells than the residual degrees of freedom do.

    Where the residual degrees of freedom are unknown, the normal distribution takes their place.
    """
    return group.hits(usual(group)) >= max(group.hits(df) for df in CANDIDATES)


def usual(group: Group) -> float:
    """The smallest of the columns' residual degrees of freedom; the normal where they are unknown."""
    return float(min(group.residual)) if group.residual else 1e6


def _joined(found: list[Group]) -> list[Group]:
    order = {cell: i for i, cell in enumerate(c for g in found for c in g.cells)}
    while len(found) > 1:
        pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :]]
        joined = [Group(a.cells + b.cells, a.levels) for a, b in pairs]
        losses = [a.best()[1] + b.best()[1] - g.best()[1] for (a, b), g in zip(pairs, joined, strict=True)]
        at = int(np.argmin(losses))
        if losses[at] > ALIKE:
            break
        cells = sorted(joined[at].cells, key=order.__getitem__)
        found = [g for g in found if g not in pairs[at]] + [Group(tuple(cells), joined[at].levels)]
    return found
