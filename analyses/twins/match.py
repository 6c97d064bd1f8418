"""Moving a panel until it reproduces every printed number of a plan."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.optimize import nnls

from ...models.moments import DESCRIPTIVES, descriptives, inflation, regression
from .regimes import bent
from .targets import Plan, Question, Target

Array = NDArray[np.float64]
STEPS = 40
DAMPING = 1e-4
AIM = 0.95
EDGE = 1e-6
PASSES = 3
ROUGH = 0.1
ORDERS = 400
MOST_TRIED = 12
GIVEN_UP = ("r2", "adj_r2", "within_r2", "sargan", "F", "se", "t", "indirect", "coef")
SLACK = (0.0, 0.5, 0.8, 0.9, 0.97)
STALLED = 12
CLOSE = 0.05


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


class Match(NamedTuple):
    """Where a start ended: values (F, N, T), clusters (G, N), missed targets with their distance in half units, steps taken."""

    free: Array
    clusters: Array
    missed: dict[str, float]
    steps: int


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
    statistics: Callable[..., jax.Array]
    linearise: Callable[..., tuple[jax.Array, jax.Array]]

    def asked(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) The rank from which on each target can be judged, from the ranks (V,) of the variables."""
        return np.where(self.reads, ranks, 0).max(axis=1)


def program(plan: Plan) -> Program:
    """Compile the statistics of a plan and their Jacobian; columns of one shape share a computation."""
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

    targets = [t for part in parts for t in part[0]]
    units, batches = _batches(plan, targets)
    regimes = {
        1 + i: q
        for i, q in enumerate(plan.questions)
        if q.column.thresholds
    }
    selecting = [
        1 + i for i, q in enumerate(plan.questions) if any(step[0] == "entities" for step in q.column.steps)
    ]
    return Program(targets, _reads(plan, targets), units, batches, regimes, selecting, jax.jit(statistics), jax.jit(linearise))


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
    """Descriptive statistics and plain columns at once; then columns with steps, thresholds, instruments one by one."""
    of = {t.name: 1 + i for i, q in enumerate(plan.questions) for t in q.targets}
    hard = [
        1 + i
        for i, q in enumerate(plan.questions)
        if q.column.steps or q.column.thresholds or q.column.endogenous
    ]
    hard.sort(key=lambda unit: not plan.questions[unit - 1].column.thresholds)
    units = np.array([of.get(t.name, 0) for t in targets])
    return units, [[i for i in range(len(plan.questions) + 1) if i not in hard], *([i] for i in hard)]


def _rates(values: Any, clusters: Any) -> Any:
    rates = inflation(values.reshape(len(values), -1))
    return jnp.concatenate([rates, 1 / rates, jnp.array([1.0, 0.0]) * rates.mean() + jnp.array([0.0, 1.0]) * (1 / rates).mean()])


def match(
    program: Program,
    start: Start,
    ranks: NDArray[np.int64],
    asked: NDArray[np.int64],
    spare: bool = False,
) -> Match:
    """Move the variables rank by rank, regressors before outcomes; then all, columns added one after another.

    Given its regressors an outcome enters most of its statistics linearly, so that each rank is an easy
    problem. Columns that cannot be added to those that hold are missed; with `spare` one is added without one or
    two of its numbers where that suffices, R2 and standard errors given up before coefficients.

    Parameters
    ----------
    ranks : (F,) of the free variables
    asked : (m,) rank from which on a target can be judged
    """
    easy = np.isin(program.units, program.batches[0])
    taken = 0
    for rank in range(int(ranks.max()) + 1):
        scales = np.where((ranks == rank)[:, None], start.scales, 0.0)
        free, steps, _ = _newton(program, start._replace(scales=scales), easy & (asked == rank), STEPS)
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
            free, steps, worst = _newton(program, start._replace(free=free, bounds=bounds), wanted, STEPS)
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
    for unit in later:
        if not attempt([unit]) and spare and held:
            any(attempt([unit], less) for less in _less(program, unit))
    low, high, half = boxes(program)
    found = np.asarray(program.statistics(start.free, start.weights, start.clusters))
    r = _misfit(found, low, high) / half
    missed = {t.name: float(d) for t, d in zip(program.targets, r, strict=True) if d}
    return Match(start.free, start.clusters, missed, taken)


def _renamed(program: Program, start: Start) -> Start:
    """The same panel with its entities swapped as long as columns that read only some of them fit better.

    No number of the other columns changes, clusters going along with their entities.
    """
    low, high, half = boxes(program)
    chosen = np.isin(program.units, program.selecting)
    rng = np.random.default_rng(0)

    def cost(order: NDArray[np.int64]) -> float:
        found = np.asarray(program.statistics(start.free[:, order], start.weights, start.clusters[:, order]))
        return float(np.log1p(np.abs(_misfit(found, low, high) / half)[chosen]).sum())

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
    inside = [i for i in np.flatnonzero(program.units == unit)]
    inside.sort(key=lambda i: GIVEN_UP.index(program.targets[i].statistic.partition(".")[0]))
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
    bounds[0, f], bounds[1, f] = np.minimum(bounds[0, f], start.free[f]), np.maximum(bounds[1, f], start.free[f])
    return bounds


def boxes(program: Program) -> tuple[Array, Array, Array]:
    low = np.array([t.low for t in program.targets])
    high = np.array([t.high for t in program.targets])
    return low, high, (high - low) / 2


def _misfit(found: Array, low: Array, high: Array) -> Array:
    return np.where(np.isfinite(found), found - np.clip(found, low, high), 1e6 * (high - low))


def _newton(
    program: Program, start: Start, chosen: NDArray[np.bool_], steps: int
) -> tuple[Array, int, float]:
    """Newton's method for fewer equations than unknowns: each step is the smallest that leads into the boxes.

    "Smallest" measures the entity, the time and the within part of every variable in units of its own
    spread, so that a panel keeps what the tables do not ask it to change. Where a whole step does not bring
    the misfit down, the boxes are widened by a share of the largest misfit for this step.
    """
    low, high, half = (array[chosen] for array in boxes(program))
    free = start.free
    bounds = start.bounds
    room_unit = (CLOSE * np.maximum(start.scales.max(axis=1), 1e-300))[:, None, None]

    def statistics(values: Array) -> Array:
        return np.asarray(program.statistics(values, start.weights, start.clusters))[chosen]

    weight = np.array([ROUGH if t.statistic in ("median", "min", "max") else 1.0 for t in program.targets])[chosen]
    best, since, slack, step = np.inf, 0, 1, 0
    for step in range(steps):
        found, J = (np.asarray(part)[chosen] for part in program.linearise(free, start.weights, start.clusters))
        misfit = _misfit(found, low, high)
        if not misfit.any():
            return free, step, 0.0
        J = J / half[:, None, None, None]
        room = np.minimum(free - bounds[0], bounds[1] - free)
        near = np.sqrt(np.clip(room / room_unit, 0.02, 1.0))
        better = None
        for _ in range(PASSES):
            unit, K, moved = _local(J, near, start.scales)
            unit = unit * half
            middle = ((low + high) / 2 - found) / unit
            distance = misfit / unit
            cost = float(((weight * distance) ** 2).sum())
            for slack in range(max(0, slack - 1), len(SLACK)):
                reach = AIM * half / unit + SLACK[slack] * np.abs(distance)
                move = (smallest(K, middle - reach, middle + reach) @ moved).reshape(free.shape)
                moved_to = np.clip(free + move, *bounds)
                ahead = ((weight * _misfit(statistics(moved_to), low, high) / unit) ** 2).sum()
                if ahead < (0.5 + 0.5 * SLACK[slack]) * cost:
                    better = moved_to
                    break
            if better is not None:
                break
            near = np.where(free + move == moved_to, near, 0.0)
        if VERBOSE: print(step, _, slack, f"{cost:.3g} {ahead:.3g}", int((misfit!=0).sum()), f"{np.abs(misfit/half).max():.1f}", [program.targets[np.flatnonzero(chosen)[i]].name for i in np.argsort(-abs(distance))[:3]])
        if better is None:
            break
        free = better
        if cost < 0.8 * best:
            best, since = cost, 0
        elif (since := since + 1) >= STALLED:
            break
    return free, step, float(np.abs(_misfit(statistics(free), low, high) / half).max())


VERBOSE = False


def _local(J: Array, near: Array, scales: Array) -> tuple[Array, Array, Array]:
    """Norms (m,) of the rows of J in the metric, their damped correlations (m, m), and their unit moves (m, F N T)."""
    m = len(J)
    J = J * near
    moved = _metric(J, scales)
    gram = J.reshape(m, -1) @ moved.reshape(m, -1).T
    unit = np.sqrt(np.diag(gram)) + 1e-12
    return unit, gram / np.outer(unit, unit) + DAMPING * np.eye(m), (near * moved).reshape(m, -1) / unit[:, None]


def smallest(K: Array, low: Array, high: Array) -> Array:
    """u of least u'Ku with low <= Ku <= high: the least-distance programme of Lawson and Hanson (1974, ch. 23)."""
    R = cholesky(K)
    E = np.vstack([np.hstack([R, -R]), np.concatenate([low, -high])])
    w = nnls(E, np.append(np.zeros(len(K)), 1.0), maxiter=20 * len(K))[0]
    rest = 1.0 - E[-1] @ w
    return (w[: len(K)] - w[len(K) :]) / rest if rest > 0 else np.zeros(len(K))


def _metric(J: Array, scales: Array) -> Array:
    """M applied to rows (m, F, N, T): entity, time and within parts times their squared spreads."""
    mean = J.mean(axis=(2, 3), keepdims=True)
    entity = J.mean(axis=3, keepdims=True) - mean
    time = J.mean(axis=2, keepdims=True) - mean
    e, t, w = (scales**2).T[:, None, :, None, None]
    return (e + t + w) * mean + e * entity + t * time + w * (J - mean - entity - time)
