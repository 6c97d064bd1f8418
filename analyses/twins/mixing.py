"""Starts of studies without effects, whose columns read only means and covariances: these come first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from .newton import Start
from .program import Program
from .targets import Plan, Question, Target

Array = NDArray[np.float64]
EVALUATIONS = 100
INSIDE = 0.03
CLEAR = 3.0


def whole_sample(plan: Plan, program: Program) -> NDArray[np.bool_]:
    """(m,) Which targets are functions of means and covariances; none where a column has effects."""
    if any(q.column.entity_effects or q.column.time_effects for q in plan.questions):
        return np.zeros(len(program.targets), dtype=bool)
    names = {t.name for q in plan.questions if _pooled(q) for t in q.targets}
    names |= {t.name for (_, what), t in plan.descriptives.items() if what in ("mean", "sd")}
    names |= {t.name for _, rates in plan.rates for t in rates.values()}
    return np.array([t.name in names for t in program.targets])


def _pooled(q: Question) -> bool:
    plain = not (q.column.steps or q.column.thresholds or q.column.endogenous or any(q.column.logs))
    return plain and q.column.vcov == "iid" and not (q.column.entity_effects or q.column.time_effects)


def nested_correlation(plan: Plan, first: Array, sd: Array) -> Array:
    """The correlation matrix that nested columns imply, where they do; elsewhere the one given.

    A regressor z added to a column moves its coefficients by b_z times those of the regression of z on
    the others (omitted variables), and its squared standard errors, in units of the residual variance, by
    the square of those over the sum of squares of z that the others leave.

    Parameters
    ----------
    first : (V, V)
    sd : (V,)
    """
    cov = first * np.outer(sd, sd)
    columns = [q for q in plan.questions if _pooled(q)]
    known: set[int] = set()
    for big in sorted(columns, key=lambda q: len(q.variables)):
        y, *x = big.variables
        for small in columns:
            added = set(x) - set(small.variables[1:])
            if small.variables[0] != y or len(added) != 1 or len(small.variables) != len(big.variables) - 1:
                continue
            z = added.pop()
            others = [v for v in x if v != z]
            if z in known or not set(others) - {others[0]} <= known:
                continue
            slopes = np.array([_omitted(big, small, z, v) for v in others])
            if np.isnan(slopes).any():
                continue
            cov[z, others] = cov[others, z] = cov[np.ix_(others, others)] @ slopes
            known |= {z, others[0]}
    for q in sorted(columns, key=lambda q: len(q.variables)):
        y, *x = q.variables
        b = np.array([_middle(q, f"coef.{j}") for j in range(len(x))])
        if not np.isnan(b).any():
            cov[y, x] = cov[x, y] = cov[np.ix_(x, x)] @ b
    correlation = cov / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(np.clip(correlation, -0.99, 0.99) + 0.01 * np.eye(len(sd)))
    correlation = vectors * np.maximum(values, 0.01) @ vectors.T
    scale = np.sqrt(np.diag(correlation))
    return correlation / np.outer(scale, scale)


def _omitted(big: Question, small: Question, z: int, v: int) -> float:
    """The coefficient of v in the regression of z on the other regressors, of two nested columns; or nan."""
    at_z, in_big, in_small = (q.variables.index(w) - 1 for q, w in ((big, z), (big, v), (small, v)))
    b_z = _target(big, f"coef.{at_z}")
    parts = [_target(small, f"coef.{in_small}"), _target(big, f"coef.{in_big}")]
    if b_z is None or parts[0] is None or parts[1] is None:
        return np.nan
    by_coef = (_mid(parts[0]) - _mid(parts[1])) / _mid(b_z)
    error = (_half(parts[0]) + _half(parts[1]) + abs(by_coef) * _half(b_z)) / abs(_mid(b_z))
    se = [_error(big, at_z), _error(big, in_big), _error(small, in_small)]
    r2 = [_middle(q, "r2") for q in (big, small)]
    if abs(by_coef) > CLEAR * error or np.isnan([*se, *r2]).any():
        return by_coef
    s2 = [(1 - r) / (q.rows - len(q.variables)) for r, q in zip(r2, (big, small), strict=True)]
    square = (se[1] ** 2 / s2[0] - se[2] ** 2 / s2[1]) * s2[0] / se[0] ** 2
    return float(np.copysign(np.sqrt(max(square, 0.0)), by_coef))


def _target(q: Question, statistic: str) -> Target | None:
    return next((t for t in q.targets if t.statistic == statistic), None)


def _mid(t: Target) -> float:
    return (t.low + t.high) / 2


def _half(t: Target) -> float:
    return (t.high - t.low) / 2


def _middle(q: Question, statistic: str) -> float:
    found = _target(q, statistic)
    return np.nan if found is None else _mid(found)


def _error(q: Question, j: int) -> float:
    """A standard error, printed or from the t-value."""
    se = _middle(q, f"se.{j}")
    return abs(_middle(q, f"coef.{j}") / _middle(q, f"t.{j}")) if np.isnan(se) else se


def mixed(plan: Plan, program: Program, start: Start, chosen: NDArray[np.bool_]) -> Start:
    """The start, its variables mixed as little as need be for moments that fit the chosen targets.

    With U the start's variables, whitened symmetrically, the panel is mean + L U; L and the mean are found
    by least squares on the distances to the rounding boxes, from the correlations that nested columns imply.
    """
    low, high, half = (array[chosen] for array in program.boxes)
    low, high = low + INSIDE * half, high - INSIDE * half
    F = len(start.free)
    flat = start.free.reshape(F, -1)
    mean, sd = flat.mean(axis=1), flat.std(axis=1)
    own = np.atleast_2d(np.corrcoef(flat))
    U = np.linalg.solve(_root(own), (flat - mean[:, None]) / sd[:, None])
    goal = np.array([_printed(plan, v, "sd", sd[v]) for v in range(F)])
    level = np.array([_printed(plan, v, "mean", mean[v]) for v in range(F)])

    def panel(p: Array) -> Array:
        moved = level + sd * p[:F]
        return (moved[:, None] + sd[:, None] * (p[F:].reshape(F, F) @ U)).reshape(start.free.shape)

    def misfit(p: Array) -> Array:
        found = np.asarray(program.statistics(panel(p), start.weights, start.clusters))[chosen]
        return (found - np.clip(found, low, high)) / half

    def jacobian(p: Array) -> Any:
        both = program.linearise(panel(p), start.weights, start.clusters)
        found, rows = np.asarray(both[0])[chosen], np.asarray(both[1])[chosen].reshape(len(low), F, -1)
        by_mix = np.einsum("mfn,gn->mfg", rows * sd[:, None], U).reshape(len(low), -1)
        out = (found < low) | (found > high)
        return np.hstack([rows.sum(axis=2) * sd, by_mix]) * (out / half)[:, None]

    mix = (goal / sd)[:, None] * _root(nested_correlation(plan, own, goal))
    p = least_squares(
        misfit, np.concatenate([np.zeros(F), mix.reshape(-1)]), jacobian, max_nfev=EVALUATIONS, ftol=1e-10
    ).x
    return start._replace(free=panel(p))


def _root(correlation: Array) -> Array:
    values, vectors = np.linalg.eigh(correlation)
    return vectors * np.sqrt(np.maximum(values, 1e-9)) @ vectors.T


def _printed(plan: Plan, v: int, what: str, otherwise: float) -> float:
    found = plan.descriptives.get((plan.variables[v], what))
    return otherwise if found is None else _mid(found)
