"""Nested pooled columns share one matrix of moments: which correlations do they imply, within rounding?

Every number of a pooled least-squares column (slopes, constant, conventional t, R², adjusted R²) and every
VIF is a function of the correlations, means and standard deviations of the variables. The search is for
moments that reproduce all printed numbers of the columns at once, and for how far each correlation can
then still move.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...data.intervals import Interval
from ...data.published import Printed
from .columns import CONSTANT, Column, Tables, printed

Floats = NDArray[np.float64]
STEP = 1e-7
RIDGE = 1e-12


@dataclass(frozen=True, eq=False)
class Plan:
    """What a column prints.

    `cells` are pairs: the position of the slope (-1 for the constant) and the kind of error; `kinds` are
    those of R².
    """

    at: NDArray[np.int_]
    n: int
    cells: list[tuple[int, str]]
    kinds: list[str]


@dataclass(frozen=True, eq=False)
class System:
    """Printed numbers of nested columns as boxes around functions of the moments.

    Attributes
    ----------
    variables : outcome first
    errors : whether standard errors are conventional ones and count
    adjusted : tables that print the adjusted R² as R²
    """

    columns: tuple[Column, ...]
    variables: tuple[str, ...]
    tables: Tables
    errors: bool = True
    adjusted: frozenset[str] = frozenset()

    @cached_property
    def boxes(self) -> list[tuple[str, Interval, str]]:
        """Id, rounding interval and kind of every printed number, in the order of `values`."""
        found: list[tuple[str, Interval, str]] = []
        for v in self.variables:
            for name in ("mean", "sd"):
                if name in self.tables.described[v]:
                    found.append(
                        (self.tables.described[v].cells[name].id, self.tables.described[v][name], name)
                    )
        for column in self.columns:
            for term, cell in self._coefficients(column):
                found.append((cell.id, printed(cell), "slope" if term != CONSTANT else "constant"))
                if self.errors and (error := _error(cell)) is not None:
                    found.append((cell.id, *error))
            for name in ("R2", "adj_R2"):
                box = column.statistic(name)
                if box is not None:
                    found.append((column.statistic_id(name), box, name))
        found += [(p.id, printed(p), "VIF") for _, p in self.factors]
        return found

    @cached_property
    def factors(self) -> list[tuple[int, Printed]]:
        """Printed VIFs of exactly the regressors."""
        cells = {p.term: p for p in self.tables.file.published if p.column == "VIF" and p.term != "mean"}
        if set(cells) != set(self.variables[1:]):
            return []
        return [(self.variables.index(t) - 1, p) for t, p in cells.items()]

    def _coefficients(self, column: Column) -> list[tuple[str, Printed]]:
        names = [t for t in column.terms if t in column.slopes]
        cells = [(t, column.slopes[t]) for t in names]
        if CONSTANT in column.cells and all("mean" in self.tables.described[v] for v in self.variables):
            cells.append((CONSTANT, column.cells[CONSTANT]))
        return cells

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        size = len(self.variables)
        return [(i, j) for i in range(size) for j in range(i)]

    @cached_property
    def middle(self) -> Floats:
        """(v,) logarithms of the printed standard deviations."""
        return np.log([max(self.tables.described[v]["sd"].middle, 1e-9) for v in self.variables])

    @cached_property
    def plans(self) -> list[Plan]:
        """What each column prints, in order, worked out once."""
        plans = []
        for column in self.columns:
            cells = [
                (
                    -1 if term == CONSTANT else column.terms.index(term),
                    (_error(cell) or (None, ""))[1] if self.errors else "",
                )
                for term, cell in self._coefficients(column)
            ]
            at = np.array([self.variables.index(t) for t in column.terms])
            kinds = (
                [("adj_R2" if column.table in self.adjusted else "R2")]
                if column.statistic("R2") is not None
                else []
            )
            kinds += ["adj_R2"] if column.statistic("adj_R2") is not None else []
            plans.append(Plan(at, column.n or 0, cells, kinds))
        return plans

    def start(self, r: Floats | None = None) -> Floats:
        """Moments at their printed middles, with the correlations given, or none."""
        described = [self.tables.described[v] for v in self.variables]
        means = [d["mean"].middle if "mean" in d else 0.0 for d in described]
        sds = np.array([max(d["sd"].middle, 1e-9) for d in described])
        lower = np.eye(len(sds)) if r is None else _cholesky(r)
        free = [lower[i, j] / lower[i, i] for i, j in self.pairs]
        return np.concatenate([means, np.log(sds), free])

    def recursive(self) -> Floats | None:
        """(v, v) correlations from the middles of the printed slopes; None unless columns add one term each.

        With b the slopes of a column and b' those once z has joined, (b - b')/b'_z are the slopes of a
        regression of z on the old regressors: the omitted-variable formula, solved for the auxiliary
        regression.
        """
        size = len(self.variables)
        sds = np.exp(self.start()[size : 2 * size])
        slopes = {frozenset(c.terms): {t: p.estimate for t, p in c.slopes.items()} for c in self.columns}
        chain = [frozenset(self.variables[1:])]
        while chain[-1]:
            shorter = [
                s for s in (*slopes, frozenset[str]()) if s < chain[-1] and len(s) == len(chain[-1]) - 1
            ]
            if not shorter or slopes.get(chain[-1], {}).keys() != chain[-1]:
                return None
            chain.append(shorter[0])
        cov = np.diag(sds**2)
        for known, new in pairwise(reversed(chain)):
            (z,) = new - known
            at, old = self.variables.index(z), [self.variables.index(t) for t in known]
            long = slopes[new]
            if not long[z]:
                return None
            delta = np.array([(slopes[known][t] - long[t]) / long[z] for t in known])
            cov[at, old] = cov[old, at] = cov[np.ix_(old, old)] @ delta
            cov[0, at] = cov[at, 0] = sum(long[t] * cov[at, self.variables.index(t)] for t in new)
        return np.asarray(cov / np.outer(sds, sds))

    def correlations(self, theta: Floats) -> Floats:
        """(..., v, v) Correlation matrices L L', the rows of L of unit length: each one is attainable."""
        size = len(self.variables)
        lower = np.broadcast_to(np.eye(size), (*theta.shape[:-1], size, size)).copy()
        rows, columns = np.array(self.pairs).T
        lower[..., rows, columns] = theta[..., 2 * size :]
        lower /= np.linalg.norm(lower, axis=-1, keepdims=True)
        return np.asarray(lower @ np.swapaxes(lower, -1, -2))

    def values(self, theta: Floats) -> Floats:
        """(..., m) what moments (..., p) print, in the order of `boxes`."""
        size = len(self.variables)
        means = theta[..., :size]
        sds = np.exp(np.clip(theta[..., size : 2 * size], self.middle - 1, self.middle + 1))
        r = self.correlations(theta)
        found: list[Floats] = []
        for at, v in enumerate(self.variables):
            for name, value in (("mean", means), ("sd", sds)):
                if name in self.tables.described[v]:
                    found.append(value[..., at])
        for plan in self.plans:
            found += _column(plan, means, sds, r)
        if self.factors:
            inverse = np.linalg.inv(r[..., 1:, 1:] + RIDGE * np.eye(size - 1))
            found += [inverse[..., at, at] for at, _ in self.factors]
        return np.stack(found, axis=-1)

    @cached_property
    def ends(self) -> tuple[Floats, Floats]:
        """(m,) middles and half widths of the boxes."""
        middle = np.array([b.middle for _, b, _ in self.boxes])
        return middle, np.array([b.width / 2 for _, b, _ in self.boxes])

    def offset(self, theta: Floats) -> Floats:
        """(m,) distance from the middle of each box, in half widths."""
        middle, half = self.ends
        return (self.values(theta) - middle) / half

    def excess(self, theta: Floats, wider: float = 1.0) -> Floats:
        """(m,) distance beyond each box made wider, in its half widths."""
        off = self.offset(theta) / self.room(wider)
        return np.asarray(np.sign(off) * np.maximum(np.abs(off) - 1, 0))

    def room(self, wider: float) -> Floats:
        """(m,) how many times wider each box is taken; means and standard deviations are hardly in doubt."""
        return np.array([min(wider, 2.0) if kind in ("mean", "sd") else wider for _, _, kind in self.boxes])

    def slope(self, theta: Floats) -> Floats:
        """(m, p) derivatives of `offset`, by forward differences."""
        steps = STEP * np.eye(theta.size)
        values = self.values(np.vstack([theta, theta + steps]))
        return np.asarray((values[1:] - values[0]).T / STEP / self.ends[1][:, None])


def _column(plan: Plan, means: Floats, sds: Floats, r: Floats) -> list[Floats]:
    """What one least-squares column prints."""
    at, n, k = plan.at, plan.n, len(plan.at)
    inverse = np.linalg.inv(r[..., at[:, None], at] + RIDGE * np.eye(k))
    own = r[..., at, 0]
    beta = np.einsum("...ij,...j->...i", inverse, own)
    slopes = beta * sds[..., :1] / sds[..., at]
    r2 = np.clip(np.sum(beta * own, axis=-1), 0, 1 - 1e-9)
    df = n - k - 1
    scale = (1 - r2) * sds[..., 0] ** 2 / df
    errors = np.sqrt(np.diagonal(inverse, axis1=-2, axis2=-1) * scale[..., None]) / sds[..., at]
    lever = means[..., at] / sds[..., at]
    spread = np.einsum("...i,...ij,...j->...", lever, inverse, lever)
    constant = means[..., 0] - np.sum(slopes * means[..., at], axis=-1)
    constant_error = np.sqrt(scale * ((n - 1) / n + spread))
    found: list[Floats] = []
    for i, error_kind in plan.cells:
        value, error = (constant, constant_error) if i < 0 else (slopes[..., i], errors[..., i])
        found.append(value)
        if error_kind:
            found.append(error if error_kind == "se" else value / error)
    less = 1 - (1 - r2) * (n - 1) / df
    return found + [less if kind == "adj_R2" else r2 for kind in plan.kinds]


def _cholesky(r: Floats) -> Floats:
    """Lower factor of the nearest positive definite mixture with the identity."""
    for share in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0):
        try:
            return np.asarray(np.linalg.cholesky((1 - share) * r + share * np.eye(len(r))))
        except np.linalg.LinAlgError:
            continue
    return np.eye(len(r))


def _error(cell: Printed) -> tuple[Interval, str] | None:
    if cell.text["t_value"]:
        return printed(cell, "t_value"), "t"
    return (printed(cell, "std_error"), "se") if cell.text["std_error"] else None
