"""Moving a panel until it reproduces every printed number of a plan."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .newton import STEPS, Start, misfit_of, newton
from .program import Program
from .regimes import bent
from .targets import Question

Array = NDArray[np.float64]
EDGE = 1e-6
ORDERS = 400
MOST_TRIED = 12
GIVEN_UP = ("r2", "adj_r2", "within_r2", "sargan", "F", "se", "t", "indirect", "coef")


class Match(NamedTuple):
    """Where a start ended.

    Attributes
    ----------
    free : (F, N, T)
    clusters : (G, N)
    missed : targets outside their boxes, with the distance in half units of the last printed place
    steps : how many were taken
    """

    free: Array
    clusters: Array
    missed: dict[str, float]
    steps: int


def match(
    program: Program,
    start: Start,
    ranks: NDArray[np.int64],
    asked: NDArray[np.int64],
    most: int | None = 0,
) -> Match:
    """Move the variables rank by rank, regressors before outcomes; then all, columns added one after another.

    Given its regressors an outcome enters most of its statistics linearly, so that each rank is an easy
    problem. Columns that cannot be added to those that hold are put off and tried again at the end; without
    a limit to how many, one that is still missed is added without one or two of its numbers where that
    suffices, descriptive statistics, R2 and standard errors given up before coefficients.

    Parameters
    ----------
    ranks : (F,) of the free variables
    asked : (m,) rank from which on a target can be judged
    most : columns that may be put off before the start is given up; None for no limit
    """
    easy = np.isin(program.units, program.batches[0])
    taken = 0
    for rank in range(int(ranks.max()) + 1):
        scales = np.where((ranks == rank)[:, None], start.scales, 0.0)
        free, steps, _ = newton(program, start._replace(scales=scales), easy & (asked == rank), STEPS)
        start, taken = start._replace(free=free), taken + steps
    held: list[int] = []
    waived = np.zeros(len(program.targets), dtype=bool)

    def attempt(batch: list[int], less: tuple[int, ...] = ()) -> bool:
        nonlocal start, taken
        wanted = np.isin(program.units, held + batch) & ~waived
        wanted[list(less)] = False
        before = [program.regimes[unit] for unit in held if unit in program.regimes]
        new = [program.regimes[unit] for unit in batch if unit in program.regimes]
        free = start.free
        for question in new:
            free = _bend(free, start, question)
        for frozen in (True, False, True, False, True) if new else (True,):
            bounds = start.bounds
            for question in (*before, *new) if frozen else before:
                bounds = _regimes(bounds, start._replace(free=free), question)
            free, steps, worst = newton(program, start._replace(free=free, bounds=bounds), wanted, STEPS)
            taken += steps
            if worst == 0:
                held.extend(batch)
                start = start._replace(free=free)
                waived[list(less)] = True
                return True
        return False

    later: list[int] = []

    def add(batch: list[int]) -> None:
        if attempt(batch):
            return
        if len(batch) > 1:
            add(batch[: len(batch) // 2])
            add(batch[len(batch) // 2 :])
        else:
            later.extend(batch)

    for number, batch in enumerate(program.batches):
        if number == 1 and program.selecting:
            start = _renamed(program, start)
        add(batch)
        if most is not None and len(later) > most and batch is not program.batches[-1]:
            later.clear()  # the start is given up
            break
    for unit in later:
        if attempt([unit]):
            continue
        if most is not None:
            break
        any(attempt([unit], less) for less in _less(program, unit) if held)
    low, high, half = program.boxes
    found = np.asarray(program.statistics(start.free, start.weights, start.clusters))
    r = misfit_of(found, low, high) / half
    missed = {t.name: float(d) for t, d in zip(program.targets, r, strict=True) if d}
    return Match(start.free, start.clusters, missed, taken)


def _renamed(program: Program, start: Start) -> Start:
    """The same panel with its entities swapped as long as columns that read only some of them fit better.

    No number of the other columns changes, clusters going along with their entities.
    """
    low, high, half = program.boxes
    chosen = np.isin(program.units, program.selecting)
    rng = np.random.default_rng(0)

    def cost(order: NDArray[np.int64]) -> float:
        found = np.asarray(program.statistics(start.free[:, order], start.weights, start.clusters[:, order]))
        return float(np.log1p(np.abs(misfit_of(found, low, high) / half)[chosen]).sum())

    order = np.arange(start.free.shape[1])
    best = cost(order)
    for _ in range(ORDERS):
        trial = order.copy()
        pair = rng.choice(len(order), 2, replace=False)
        trial[pair] = trial[pair[::-1]]
        if (found := cost(trial)) < best:
            best, order = found, trial
    return start._replace(
        free=start.free[:, order], clusters=start.clusters[:, order], bounds=start.bounds[:, :, order]
    )


def _less(program: Program, unit: int) -> list[tuple[int, ...]]:
    """Which targets of a column to give up, fewest first."""
    kinds = [t.statistic.partition(".")[0] for t in program.targets]
    inside = list(np.flatnonzero(program.units == unit))
    inside.sort(key=lambda i: GIVEN_UP.index(kinds[i]) if kinds[i] in GIVEN_UP else -1)
    singles = [(int(i),) for i in inside]
    soft = [i for i in inside if not program.targets[i].statistic.startswith("coef")]
    return [*singles, *((int(i), int(j)) for i, j in combinations(soft, 2))][:MOST_TRIED]


def _bend(free: Array, start: Start, question: Question) -> Array:
    """The free variables with the outcome of a threshold column bent at its thresholds."""
    parts = np.flatnonzero(start.weights[question.variables[0]])
    if len(parts) > 1 or not (question.column.entity_effects and question.column.time_effects):
        return free
    free = free.copy()
    made = bent(question, np.tensordot(start.weights, free, axes=1))
    free[parts[0]] = np.clip(made, *start.bounds[:, parts[0]])
    return free


def _regimes(bounds: Array, start: Start, question: Question) -> Array:
    """Bounds that keep every cell of a threshold variable in its regime, so that statistics stay smooth."""
    thresholds = question.column.thresholds
    parts = np.flatnonzero(start.weights[question.variables[-1]])
    if len(parts) > 1:
        return bounds
    f = parts[0]
    edges = np.array([-np.inf, *thresholds, np.inf])
    regime = np.searchsorted(thresholds, start.free[f], side="left")
    bounds = bounds.copy()
    bounds[0, f] = np.maximum(bounds[0, f], edges[regime] + EDGE)
    bounds[1, f] = np.minimum(bounds[1, f], edges[regime + 1] - EDGE)
    bounds[0, f], bounds[1, f] = (
        np.minimum(bounds[0, f], start.free[f]),
        np.maximum(bounds[1, f], start.free[f]),
    )
    return bounds
