"""Where a threshold may lie: candidate values of the threshold variable and what each regime must hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError
from ...data.sample.design import Design

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

SHARE = 0.05
SMALLEST_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Regimes:
    """A design whose slope on one regressor may change where another variable passes a threshold.

    Attributes
    ----------
    design : rows, outcome, regressors and effects
    term : which regressor has the slope that changes
    variable : name of the threshold variable
    q : (n,) the threshold variable on the paper's scale
    candidates : (m,) values at which a regime may end, ascending; a row is below where q <= candidate
    below : (m,) rows with q <= candidate
    least : rows that every regime must hold
    """

    design: Design
    term: int
    variable: str
    q: Array
    candidates: Array
    below: Codes
    least: int

    @property
    def x(self) -> Array:
        """(n,) the regressor whose slope changes."""
        return self.design.X[:, self.term]

    @property
    def name(self) -> str:
        return self.design.terms[self.term]

    def admissible(self, sets: Codes) -> NDArray[np.bool_]:
        """(P,) Whether ascending candidate indices (P, K) leave enough rows in every regime."""
        ends = np.column_stack([np.zeros(len(sets)), self.below[sets], np.full(len(sets), self.design.n)])
        return (np.diff(ends, axis=1) >= self.least).all(axis=1)


def regimes(
    design: Design,
    q: Array,
    term: str,
    variable: str,
    share: float = SHARE,
    grid: int | None = None,
    thresholds: int = 1,
) -> Regimes:
    """The candidates of a threshold variable.

    Parameters
    ----------
    q : (n,) the threshold variable in the rows of the design
    share
        The least share of the rows, of entity-time cells, that a regime must hold.
    grid
        Take that many evenly spaced quantiles of the distinct values (Hansen 1999 takes 400), not all.
    thresholds
        How many thresholds there must be room for.

    Raises
    ------
    InputError
        Where the threshold variable is constant or missing, or has too few candidates.
    """
    if term not in design.terms:
        raise InputError(f"the regime-dependent {term!r} is not a regressor of the formula; add it there.")
    missing = ~np.isfinite(q)
    if missing.any():
        row = design.rows[int(missing.argmax())]
        raise InputError(
            f"the threshold variable {variable!r} is missing in {missing.sum()} of {design.n} rows, first in "
            f"{row}; fill it or remove these rows."
        )
    distinct = np.unique(q)
    if len(distinct) == 1:
        raise InputError(
            f"the threshold variable {variable!r} is constant ({distinct[0]:g}), so that there is one regime "
            "only; name another variable."
        )
    least = max(1, int(np.ceil(share * design.n)))
    candidates = distinct if grid is None else _quantiles(distinct, max(share, SMALLEST_SHARE), grid)
    below = np.searchsorted(np.sort(q), candidates, side="right")
    kept = (below >= least) & (design.n - below >= least)
    found = Regimes(
        design, design.terms.index(term), variable, q, candidates[kept], below[kept].astype(np.int64), least
    )
    _check_room(found, thresholds)
    return found


def thinned(found: Regimes, most: int, likely: Array, prior: Array) -> tuple[Regimes, Array]:
    """The same with at most so many candidates: half of them evenly spaced in rank, then the likeliest.

    Parameters
    ----------
    likely, prior : (m,) how likely a threshold is found at each candidate to lie, and beforehand

    Returns
    -------
    found, share
        `share` is the prior of each candidate kept together with those that are nearer to it than to others.
    """
    m = len(found.candidates)
    if m <= most:
        return found, prior
    even = np.linspace(0, m - 1, most // 2).round().astype(int)
    rest = np.setdiff1d(np.arange(m), even)
    rest = rest[np.argsort(-likely[rest], kind="stable")][: most - len(even)]
    at = np.union1d(even, rest)
    nearest = np.searchsorted((at[1:] + at[:-1]) / 2, np.arange(m))
    share = np.bincount(nearest, prior, len(at))
    return replace(found, candidates=found.candidates[at], below=found.below[at]), share


def room(found: Regimes) -> int:
    """The largest number of thresholds that leave every regime enough rows."""
    count, at = 0, 0
    while True:
        further = np.flatnonzero(
            (found.below - at >= found.least) & (found.design.n - found.below >= found.least)
        )
        if not len(further):
            return count
        count, at = count + 1, int(found.below[further[0]])


def regime_design(found: Regimes, thresholds: Array) -> Design:
    """The design with the regressor split into `NAME_regime1`, ..., the highest regime last.

    Raises
    ------
    InputError
        Where a threshold leaves a regime without rows.
    """
    edges = np.concatenate([[-np.inf], np.sort(thresholds), [np.inf]])
    columns = []
    for low, high in pairwise(edges):
        inside = (found.q > low) & (found.q <= high)
        if not inside.any():
            raise InputError(
                f"no row has {low:g} < {found.variable} <= {high:g}, so that this regime would be empty; "
                "move or drop a threshold."
            )
        columns.append(np.where(inside, found.x, 0.0))
    names = tuple(f"{found.name}_regime{j + 1}" for j in range(len(columns)))
    j, design = found.term, found.design
    return replace(
        design,
        terms=(*design.terms[:j], *names, *design.terms[j + 1 :]),
        X=np.column_stack([design.X[:, :j], *columns, design.X[:, j + 1 :]]),
    )


def _quantiles(distinct: Array, trim: float, grid: int) -> Array:
    """Hansen's grid: ranks trim, trim + 1/grid, ..., 1 - trim of the distinct values."""
    ranks = trim + np.arange(round(grid * (1 - 2 * trim)) + 1) / grid
    at = np.floor(ranks * len(distinct) + 1e-9).astype(int) - 1
    return distinct[np.unique(np.clip(at, 0, len(distinct) - 1))]


def _check_room(found: Regimes, thresholds: int) -> None:
    fit = room(found)
    if fit >= thresholds:
        return
    many = "s" * (thresholds != 1)
    raise InputError(
        f"the threshold variable {found.variable!r} has {len(found.candidates)} candidate values that leave "
        f"{found.least} rows on either side, room for {fit} of the {thresholds} "
        f"threshold{many} asked for; ask for fewer thresholds or name another variable."
    )
