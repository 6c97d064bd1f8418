"""The statistics of a plan and their Jacobian, compiled once for all twins of a study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...models.engine.sampling import prepare
from ...models.moment_columns import DESCRIPTIVES
from ...models.moments import descriptives, inflation, regression
from .targets import Plan, Question, Target

Array = NDArray[np.float64]


class Program(NamedTuple):
    """A plan compiled: both functions take (free, weights, clusters).

    Attributes
    ----------
    targets : in the order of the statistics
    reads : (m, V) which variables each target reads
    units : (m,) which column each target belongs to
    batches : columns in the order in which they are asked for, harder ones after plain ones
    regimes : the columns that have thresholds
    selecting : the columns that read some entities only
    statistics : -> (m,)
    linearise : -> (m,), (m, F, N, T)
    """

    targets: list[Target]
    reads: NDArray[np.bool_]
    units: NDArray[np.int64]
    batches: list[list[int]]
    regimes: dict[int, Question]
    selecting: list[int]
    statistics: Callable[..., Any]
    linearise: Callable[..., tuple[Any, Any]]

    @property
    def boxes(self) -> tuple[Array, Array, Array]:
        """(m,) Low, high and half the width of every rounding box."""
        low = np.array([t.low for t in self.targets])
        high = np.array([t.high for t in self.targets])
        return low, high, (high - low) / 2

    def asked(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) The rank from which on each target can be judged, from the ranks (V,) of the variables."""
        return np.where(self.reads, ranks, 0).max(axis=1)


def program(plan: Plan) -> Program:
    """Compile the statistics of a plan and their Jacobian; columns of one shape share a computation."""
    prepare("cpu")
    parts: list[tuple[list[Target], Callable[[Any, Any], Any], NDArray[np.int64], tuple[int, ...]]] = []
    shapes: dict[Any, list[Any]] = {}
    for question in plan.questions:
        shapes.setdefault((question.column, len(question.variables)), []).append(question)
    for (column, _), questions in shapes.items():
        targets = [t for q in questions for t in q.targets]
        at = np.array([q.variables for q in questions])
        keep = tuple(range(len(targets)))

        def of_column(values: Any, clusters: Any, column: Any = column) -> Any:
            return regression(values, clusters, column)

        parts.append((targets, of_column, at, keep))
    described = list(dict.fromkeys(name for name, _ in plan.descriptives))
    if described:
        at = np.array([[plan.variables.index(name)] for name in described])
        order = [(name, s) for name in described for s in DESCRIPTIVES]
        keep = tuple(i for i, key in enumerate(order) if key in plan.descriptives)
        targets = [plan.descriptives[order[i]] for i in keep]
        parts.append((targets, lambda v, c: descriptives(v.reshape(-1)), at, keep))
    for names, rates in plan.rates:
        at = np.array([[plan.variables.index(name) for name in names]])
        order = [(n, "VIF") for n in names] + [(n, "1/VIF") for n in names]
        order += [("mean", "VIF"), ("mean", "1/VIF")]
        keep = tuple(i for i, key in enumerate(order) if key in rates)
        parts.append(([rates[order[i]] for i in keep], _rates, at, keep))

    def values_of(free: Any, weights: Any) -> Any:
        return jnp.tensordot(weights, free, axes=1)

    def statistics(free: Any, weights: Any, clusters: Any) -> Any:
        values = values_of(free, weights)
        found = []
        for _, f, at, keep in parts:
            found.append(jax.vmap(f, (0, None))(values[at], clusters).reshape(-1)[jnp.array(keep)])
        return jnp.concatenate(found)

    def linearise(free: Any, weights: Any, clusters: Any) -> Any:
        values = values_of(free, weights)
        rows = []
        for _, f, at, keep in parts:
            each = jax.vmap(jax.jacrev(f), (0, None))(values[at], clusters)  # (C, w, v, N, T)
            C, w = each.shape[:2]
            moved = jnp.einsum("cwvnt,cvf->cwfnt", each, weights[at])
            rows.append(moved.reshape(C * w, *moved.shape[2:])[jnp.array(keep)])
        return statistics(free, weights, clusters), jnp.concatenate(rows)

    return _of([t for part in parts for t in part[0]], plan, jax.jit(statistics), jax.jit(linearise))


def narrowed(whole: Program, plan: Plan) -> Program:
    """The program of a plan that has some of the targets only, by the same compiled functions."""
    names = {t.name for t in plan.targets}
    kept = np.array([t.name in names for t in whole.targets])
    if kept.all():
        return whole

    def statistics(*given: Any) -> Array:
        return np.asarray(whole.statistics(*given))[kept]

    def linearise(*given: Any) -> tuple[Array, Array]:
        values, rows = whole.linearise(*given)
        return np.asarray(values)[kept], np.asarray(rows)[kept]

    return _of([t for t in whole.targets if t.name in names], plan, statistics, linearise)


def _of(
    targets: list[Target], plan: Plan, statistics: Callable[..., Any], linearise: Callable[..., Any]
) -> Program:
    units, batches = _batches(plan, targets)
    regimes = {1 + i: q for i, q in enumerate(plan.questions) if q.column.thresholds}
    reads = _reads(plan, targets)
    return Program(targets, reads, units, batches, regimes, _selecting(plan), statistics, linearise)


def _selecting(plan: Plan) -> list[int]:
    return [
        1 + i for i, q in enumerate(plan.questions) if any(step[0] == "entities" for step in q.column.steps)
    ]


def _reads(plan: Plan, targets: list[Target]) -> NDArray[np.bool_]:
    of = {t.name: list(q.variables) for q in plan.questions for t in q.targets}
    of |= {t.name: [plan.variables.index(name)] for (name, _), t in plan.descriptives.items()}
    for names, rates in plan.rates:
        of |= {t.name: [plan.variables.index(name) for name in names] for t in rates.values()}
    reads = np.zeros((len(targets), len(plan.variables)), dtype=bool)
    for row, t in enumerate(targets):
        reads[row, of[t.name]] = True
    return reads


def _batches(plan: Plan, targets: list[Target]) -> tuple[NDArray[np.int64], list[list[int]]]:
    """Descriptive statistics and plain columns at once; then one by one those that are hard to meet.

    Columns of some entities only come first: added last, they sent two starts in three back. Then come
    thresholds, then columns with other steps or instruments.
    """
    of = {t.name: 1 + i for i, q in enumerate(plan.questions) for t in q.targets}
    hard = [
        1 + i
        for i, q in enumerate(plan.questions)
        if q.column.steps or q.column.thresholds or q.column.endogenous
    ]
    some = _selecting(plan)
    hard.sort(key=lambda unit: (unit not in some, not plan.questions[unit - 1].column.thresholds))
    units = np.array([of.get(t.name, 0) for t in targets])
    return units, [[i for i in range(len(plan.questions) + 1) if i not in hard], *([i] for i in hard)]


def _rates(values: Any, clusters: Any) -> Any:
    rates = inflation(values.reshape(len(values), -1))
    means = jnp.stack([rates.mean(), (1 / rates).mean()])
    return jnp.concatenate([rates, 1 / rates, means])
