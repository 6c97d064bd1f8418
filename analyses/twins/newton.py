"""Newton's method for fewer equations than unknowns, whose goals are intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.optimize import nnls

from .program import Program

Array = NDArray[np.float64]
STEPS = 40
STALLED = 12
PASSES = 3
SLACK = (0.0, 0.5, 0.8, 0.9, 0.97)
DAMPING = 1e-4
AIM = 0.95
CLOSE = 0.05
ROUGH = 0.1  # a step's test counts medians and extremes less: their derivative is not exact


class Start(NamedTuple):
    """A panel to move.

    Attributes
    ----------
    free : (F, N, T) the variables that are not weighted sums of others
    weights : (V, F) every variable of the plan as a sum of the free ones
    clusters : (G, N) which entity is in which cluster
    bounds : (2, F, N, T) smallest and largest value of every cell
    scales : (F, 3) standard deviations of the entity, the time and the within part
    """

    free: Array
    weights: Array
    clusters: Array
    bounds: Array
    scales: Array


def misfit_of(found: Array, low: Array, high: Array) -> Array:
    """Signed distances to the intervals."""
    return np.where(np.isfinite(found), found - np.clip(found, low, high), 1e6 * (high - low))


def newton(program: Program, start: Start, chosen: NDArray[np.bool_], steps: int) -> tuple[Array, int, float]:
    """Newton's method for fewer equations than unknowns: each step is the smallest that leads into the boxes.

    "Smallest" measures the entity, the time and the within part of every variable in units of its own
    spread, so that a panel keeps what the tables do not ask it to change. Where a whole step does not bring
    the misfit down, the boxes are widened by a share of the largest misfit for this step.
    """
    low, high, half = (array[chosen] for array in program.boxes)
    free = start.free
    bounds = start.bounds
    room_unit = (CLOSE * np.maximum(start.scales.max(axis=1), 1e-300))[:, None, None]

    def statistics(values: Array) -> Array:
        return np.asarray(program.statistics(values, start.weights, start.clusters))[chosen]

    weight = np.array([ROUGH if t.statistic in ("median", "min", "max") else 1.0 for t in program.targets])[
        chosen
    ]
    best, since, level, step = np.inf, 0, 1, 0
    for step in range(steps):
        found, J = (
            np.asarray(part)[chosen] for part in program.linearise(free, start.weights, start.clusters)
        )
        misfit = misfit_of(found, low, high)
        if not misfit.any():
            return free, step, 0.0
        J = J / half[:, None, None, None]
        room = np.minimum(free - bounds[0], bounds[1] - free)
        near = np.sqrt(np.clip(room / room_unit, 0.02, 1.0))
        better = None
        for _ in range(PASSES):
            norm, K, moved = _local(J, near, start.scales)
            unit = norm * half
            middle = ((low + high) / 2 - found) / unit
            distance = misfit / unit
            cost = float(((weight * distance) ** 2).sum())
            first = max(0, level - 1)
            for level in range(first, len(SLACK)):
                reach = AIM * half / unit + SLACK[level] * np.abs(distance)
                nearest = smallest(K, middle - reach, middle + reach) / norm
                move = near * np.tensordot(nearest, moved, axes=1)
                moved_to = np.clip(free + move, *bounds)
                ahead = ((weight * misfit_of(statistics(moved_to), low, high) / unit) ** 2).sum()
                if ahead < (0.5 + 0.5 * SLACK[level]) * cost:
                    better = moved_to
                    break
            if better is not None:
                break
            near = np.where(free + move == moved_to, near, 0.0)
        if better is None:
            break
        free = better
        if cost < 0.8 * best:
            best, since = cost, 0
        elif (since := since + 1) >= STALLED:
            break
    return free, step, float(np.abs(misfit_of(statistics(free), low, high) / half).max())


def _local(J: Array, near: Array, scales: Array) -> tuple[Array, Array, Array]:
    """Norms (m,) of the rows of J in the metric, their damped correlations (m, m), and M J (m, F, N, T)."""
    m = len(J)
    J = J * near
    moved = _metric(J, scales)
    gram = J.reshape(m, -1) @ moved.reshape(m, -1).T
    norm = np.sqrt(np.diag(gram)) + 1e-12
    return norm, gram / np.outer(norm, norm) + DAMPING * np.eye(m), moved


def smallest(K: Array, low: Array, high: Array) -> Array:
    """u of least u'Ku with low <= Ku <= high: the least-distance problem (Lawson and Hanson 1974, ch. 23)."""
    R = cholesky(K)
    E = np.vstack([np.hstack([R, -R]), np.concatenate([low, -high])])
    try:
        w = nnls(E, np.append(np.zeros(len(K)), 1.0), maxiter=20 * len(K))[0]
    except RuntimeError:  # too many sets tried: no move, which the caller takes for a failed step
        return np.zeros(len(K))
    rest = 1.0 - E[-1] @ w
    return (w[: len(K)] - w[len(K) :]) / rest if rest > 0 else np.zeros(len(K))


def _metric(J: Array, scales: Array) -> Array:
    """M applied to rows (m, F, N, T): entity, time and within parts times their squared spreads."""
    by_entity, by_time = J.mean(axis=3, keepdims=True), J.mean(axis=2, keepdims=True)
    e, t, w = (scales**2).T[:, None, :, None, None]
    moved = w * J
    moved += (e - w) * by_entity + 2 * w * by_entity.mean(axis=2, keepdims=True)
    moved += (t - w) * by_time
    return moved
