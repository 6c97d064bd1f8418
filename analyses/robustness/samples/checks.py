"""Posterior predictive checks: quantities of the residuals against those of replicated data.

The residuals are those of least squares with the column's effects. In replicated data they depend on the
replicated errors alone, not on the coefficients and effects that were drawn, and the quantities do not
depend on the scale of the errors. Their distribution over replications is therefore exact: a correct model
gives a p-value below 0.01 in one panel out of a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....data.sample.design import Design
from ....data.sample.within import split
from ....models.groups import interactions
from ....models.scale import standardise

Array = NDArray[np.float64]

REPLICATIONS, REPLICATIONS_OF_TWIN = 1000, 400
ALPHA = 0.01
FEWEST_REPLICATIONS = 200
CHUNK, LARGEST = 4_000_000, 200_000_000
FEWEST = 3
MOST_ENTITIES = 500
NOTHING = 1e-18
TWO_SIDED = ("autocorrelation", "pesaran_cd")


def checks(designs: Sequence[Design], seed: int) -> list[dict[str, Any]]:
    """Each quantity on the data, its 95% range in replicated data, and its posterior p-value P(T_rep >= T).

    Over twins, value, range and p-value are medians, and `caught` is the share of twins. Of one panel the
    largest residual names its row.
    """
    count = REPLICATIONS if len(designs) == 1 else REPLICATIONS_OF_TWIN
    each = [check(design, seed, count) for design in designs]
    records: list[dict[str, Any]] = []
    for name in [name for name in each[0] if all(name in one for one in each)]:
        table = np.array([one[name] for one in each])
        value, low, high, p = np.median(table[:, :4], axis=0).tolist()
        caught = float(table[:, 4].mean())
        records.append({"name": name, "value": value, "low": low, "high": high, "p": p, "caught": caught})
        if name == "largest" and len(designs) == 1:
            left = np.abs(residuals(designs[0], designs[0].y[:, None]))
            records[-1]["at"] = designs[0].rows[int(left.argmax())]
    return records


def check(design: Design, seed: int, count: int = REPLICATIONS) -> dict[str, tuple[float, ...]]:
    """Check every quantity on one panel.

    For each: its value, the 2.5% and 97.5% points of `count` replications (fewer for very large panels), its
    p-value, and 1 where the check fails.
    """
    rng = np.random.default_rng(seed)
    count = min(count, max(FEWEST_REPLICATIONS, LARGEST // design.n))
    cells = cells_of(design)
    observed = quantities(cells, residuals(design, design.y[:, None]))
    parts = []
    for start in range(0, count, step := max(1, CHUNK // design.n)):
        noise = rng.standard_normal((design.n, min(step, count - start)))
        parts.append(quantities(cells, residuals(design, noise)))
    made = {}
    for name, value in observed.items():
        replicated = np.concatenate([part[name] for part in parts])
        p = float((replicated >= value[0]).mean())
        tail = 2 * min(p, 1 - p) if name in TWO_SIDED else p
        made[name] = (float(value[0]), *np.quantile(replicated, [0.025, 0.975]), p, float(tail < ALPHA))
    return made


def residuals(design: Design, values: Array) -> Array:
    """(n, R) What regressors and effects of the design leave of each column of values (n, R)."""
    X = standardise(design).X
    if design.varying is not None:
        group = design.varying.group[design.entity]
        X = np.hstack([X, interactions(X, design.varying.columns, group, len(design.varying.groups))])
    both = split(
        np.hstack([X, values]), design.entity, design.time, design.entity_effects, design.time_effects
    ).within
    X, left = both[:, : X.shape[1]], both[:, X.shape[1] :]
    basis, size, _ = np.linalg.svd(X, full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    return left - basis @ (basis.T @ left)


@dataclass(frozen=True, eq=False)
class Cells:
    """Where the rows of a panel stand.

    Attributes
    ----------
    entity, time : (n,) codes
    shape : entities, times
    before, after : rows of the same entity one step of time apart
    centred : whether the residuals of a time sum to zero
    """

    entity: NDArray[np.int64]
    time: NDArray[np.int64]
    shape: tuple[int, int]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    centred: bool


def cells_of(design: Design) -> Cells:
    times = np.array(design.times)
    shape = (len(design.entities), len(times))
    row = np.full(shape, -1)
    row[design.entity, design.time] = np.arange(design.n)
    steps = np.diff(times)
    at = np.flatnonzero(steps == steps.min())
    before, after = row[:, at].ravel(), row[:, at + 1].ravel()
    both = (before >= 0) & (after >= 0)
    return Cells(design.entity, design.time, shape, before[both], after[both], design.time_effects)


def quantities(cells: Cells, e: Array) -> dict[str, Array]:
    """(R,) each, of residuals (n, R).

    - `autocorrelation` of an entity's residuals one step of time apart
    - `variance_ratio`: largest over smallest standard deviation of an entity's residuals
    - `kurtosis` in excess of the normal, and `largest` residual in standard deviations
    - `pesaran_cd`: sum of the correlations of all pairs of entities, scaled (Pesaran 2021,
      doi:10.1007/s00181-020-01875-7); not beside time effects, which fix that sum
    - `correlation`: their mean absolute value, which shocks that groups share move too
    """
    found: dict[str, Array] = {}
    a, b = e[cells.before], e[cells.after]
    if min(len(a), cells.shape[1]) >= FEWEST:  # of two times residuals are each other's opposites
        found["autocorrelation"] = (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    counts = np.bincount(cells.entity)
    if (counts >= FEWEST).sum() > 1:
        squares = np.stack([np.bincount(cells.entity, column**2) for column in e.T])
        variance = (squares / counts)[:, counts >= FEWEST]
        least = np.maximum(variance.min(axis=1), NOTHING * variance.max(axis=1))
        found["variance_ratio"] = np.sqrt(variance.max(axis=1) / least)
    square = (e**2).mean(axis=0)
    found["kurtosis"] = (e**4).mean(axis=0) / square**2 - 3
    found["largest"] = np.abs(e).max(axis=0) / np.sqrt(square)
    if 2 < cells.shape[0] <= MOST_ENTITIES:
        both = [_dependence(cells, column) for column in e.T]
        found["pesaran_cd"], found["correlation"] = (np.array(values) for values in zip(*both, strict=True))
    if cells.centred:
        found.pop("pesaran_cd", None)
    return found


def _dependence(cells: Cells, e: Array) -> tuple[float, float]:
    """Pesaran's CD and the mean absolute correlation of residuals, over all pairs of entities.

    Each correlation is taken over the times at which both entities are observed.
    """
    grid, seen = np.zeros(cells.shape), np.zeros(cells.shape)
    grid[cells.entity, cells.time], seen[cells.entity, cells.time] = e, 1.0
    common, spread = seen @ seen.T, grid**2 @ seen.T
    upper = np.triu(common >= FEWEST, 1)
    least = NOTHING * spread.max()  # an entity that is fitted exactly has no correlation
    correlation = (grid @ grid.T)[upper] / np.maximum(np.sqrt(spread * spread.T)[upper], least)
    pairs = max(1, int(upper.sum()))
    scaled = (np.sqrt(common[upper]) * correlation).sum() / np.sqrt(pairs)
    return float(scaled), float(np.abs(correlation).sum() / pairs)
