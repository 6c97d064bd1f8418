"""The generative prior of twins: where a panel starts before the tables move it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm

from ...models.moment_columns import within
from .marginals import Marginal, coefficients, marginals
from .newton import Start
from .setting import Setting
from .targets import Plan, Question

Array = NDArray[np.float64]
UNPRINTED = 0.2


def standard(rng: np.random.Generator, setting: Setting, N: int, T: int, inside: Array) -> Array:
    """(V, N, T) Standardised variables: entity part with common factors, trend and shocks, autoregression.

    `inside` (V,) is the share of the variance within entities and years, drawn where it is not a number.
    """
    count = len(inside)
    factors = rng.normal(size=(2, N))
    load = rng.normal(size=(count, 2))
    load /= np.linalg.norm(load, axis=1, keepdims=True)
    entity = np.sqrt(setting.common) * load @ factors + np.sqrt(1 - setting.common) * rng.normal(
        size=(count, N)
    )
    line = np.linspace(-1.6, 1.6, T)
    walk = np.cumsum(rng.normal(size=(count, T)), axis=1)
    time = np.sqrt(setting.trend) * rng.choice([-1, 1], size=(count, 1), p=[0.25, 0.75]) * _unit(line)
    time = time + np.sqrt(1 - setting.trend) * _unit(walk)
    noise = rng.normal(size=(count, N, T))
    for t in range(1, T):
        rho = setting.persistence
        noise[..., t] = rho * noise[..., t - 1] + np.sqrt(1 - rho**2) * noise[..., t]
    between = rng.beta(6 * setting.between, 6 * (1 - setting.between), size=(count, 1, 1))
    temporal = rng.beta(6 * setting.temporal, 6 * (1 - setting.temporal), size=(count, 1, 1))
    rest = np.where(np.isnan(inside), ((1 - between) * (1 - temporal))[:, 0, 0], inside)[:, None, None]
    temporal = (1 - rest) * (1 - between) * temporal / (between + (1 - between) * temporal)
    return (
        np.sqrt(1 - rest - temporal) * _unit(entity)[:, :, None]
        + np.sqrt(temporal) * _unit(time)[:, None, :]
        + np.sqrt(rest) * _unit(within(noise, True, True).reshape(count, -1)).reshape(count, N, T)
    )


def _unit(values: Array) -> Array:
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.maximum(centred.std(axis=-1, keepdims=True), 1e-12)


def start_panel(
    plan: Plan,
    weights: Array,
    free: tuple[int, ...],
    meanings: dict[str, str],
    setting: Setting,
    rng: np.random.Generator,
) -> Start:
    """Draw a panel from the prior, outcomes built so that their residuals are orthogonal to regressors.

    Parameters
    ----------
    weights : (V, F) every variable as a weighted sum of the free ones
    free : positions of the F free variables
    meanings : what the study file says of each variable; shares and indices stay within [0, 1]
    """
    N, T = len(plan.entities), len(plan.times)
    margins = marginals(plan, meanings, setting, rng)
    z = standard(rng, setting, N, T, np.array([m.inside for m in margins]))
    values = np.stack([_shaped(z[v], margins[v]) for v in range(len(plan.variables))])
    for question in _order(plan, free):
        y = question.variables[0]
        values[y] = _outcome(question, values, margins, setting, rng)
        for other in plan.questions:
            column = other.column
            effects = column.entity_effects or column.time_effects
            if other.variables[0] == y and not (
                effects or column.steps or column.endogenous or any(column.logs)
            ):
                values[y] = _tilted(values[y], other, question, values, margins[y].sd)
    panel = values[list(free)]
    limits = np.array([[margins[v].low, margins[v].high] for v in free]).T
    bounds = np.broadcast_to(limits[:, :, None, None], (2, len(free), N, T)).copy()
    panel = np.clip(panel, *bounds)
    for f, v in enumerate(free):
        name = plan.variables[v]
        flat = panel[f].reshape(-1)
        for which, at in (("min", flat.argmin()), ("max", flat.argmax())):
            if (name, which) in plan.descriptives:
                goal = plan.descriptives[name, which]
                flat[at] = (goal.low + goal.high) / 2
    entity = panel.mean(axis=2)
    time = panel.mean(axis=1)
    scales = np.stack(
        [entity.std(axis=1), time.std(axis=1), within(panel, True, True).reshape(len(free), -1).std(axis=1)],
        axis=1,
    )
    scales = np.maximum(scales, 0.05 * np.sqrt((scales**2).sum(axis=1, keepdims=True)))
    return Start(panel, weights, _clusters(plan, rng), bounds, scales)


def _clusters(plan: Plan, rng: np.random.Generator) -> Array:
    """(G, N) Entities dealt to clusters of unequal size, two or more each; one cluster if there are none."""
    N, G = len(plan.entities), max(plan.clusters, 1)
    each = min(2, N // G)
    size = each + rng.multinomial(N - each * G, rng.dirichlet(np.full(G, 4.0)))
    of = rng.permutation(np.repeat(np.arange(G), size))
    return (np.arange(G)[:, None] == of).astype(float)


def _shaped(z: Array, m: Marginal) -> Array:
    """A standardised variable in the units and between the bounds of its marginal, by a beta distribution."""
    if not (np.isfinite(m.low) and np.isfinite(m.high)):
        return np.maximum(m.mean + m.sd * z, m.low)
    width = m.high - m.low
    mean, variance = (m.mean - m.low) / width, (m.sd / width) ** 2
    size = max(mean * (1 - mean) / variance - 1, 0.2)
    return m.low + width * beta.ppf(np.clip(norm.cdf(z), 1e-6, 1 - 1e-6), mean * size, (1 - mean) * size)


def _order(plan: Plan, free: tuple[int, ...]) -> list[Question]:
    """For each free outcome its fullest column on the whole sample; regressors before those they explain."""
    main: dict[int, Question] = {}
    for q in plan.questions:
        y = q.variables[0]
        plain = all(step[0] == "lag" for step in q.column.steps) and not q.column.endogenous
        if y in free and plain and not q.column.thresholds:
            best = main.get(y)
            if best is None or len(coefficients(q)) > len(coefficients(best)):
                main[y] = q
    done: list[Question] = []
    waiting = dict(main)
    while waiting:
        ready = [y for y, q in waiting.items() if not any(v in waiting and v != y for v in q.variables)]
        for y in ready or [next(iter(waiting))]:
            done.append(waiting.pop(y))
    return done


def ranks_of(
    plan: Plan, weights: Array, free: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank of every free variable (0, or one more than any of its regressors), and of every variable.

    Variables that add up to another share the highest rank among them.
    """
    rank = np.zeros(len(plan.variables), dtype=np.int64)
    for _ in free:
        for question in plan.questions:
            y, *x = question.variables[: 1 + question.column.endogenous + question.column.exogenous]
            rank[y] = min(max(rank[y], 1 + rank[x].max()), len(free))
    position = np.array(free)
    for row in weights:
        parts = position[row != 0]
        rank[parts] = rank[parts].max()
    everything = np.array([rank[position[row != 0]].max() for row in weights])
    return rank[position], everything


def _outcome(
    question: Question, values: Array, margins: list[Marginal], setting: Setting, rng: np.random.Generator
) -> Array:
    """An outcome with the printed coefficients and R2 of its column, its effects from the prior draw."""
    column = question.column
    lags = next((step[1] for step in column.steps), (0,) * len(question.variables))
    most, T = max(lags), values.shape[2]
    sample = np.stack([values[v][:, most - p : T - p] for v, p in zip(question.variables, lags, strict=True)])
    for j, log in enumerate(column.logs):
        if log:
            sample[j] = np.log(np.maximum(sample[j], 1e-12))
    draw, X = sample[0], sample[1 : 1 + column.exogenous]
    margin = margins[question.variables[0]]
    spread = draw.std() if column.logs[0] else margin.sd
    units = np.array([max(x.std(), 1e-12) for x in X])
    b = rng.normal(0, UNPRINTED, size=len(X)) * spread / units
    for j, printed in coefficients(question).items():
        b[j] = printed
    pooled = not (column.entity_effects or column.time_effects)
    n = draw.size
    r2 = next((t for t in question.targets if t.statistic in ("r2", "adj_r2")), None)
    left = float(np.clip(1 - (r2.low + r2.high) / 2, 1e-4, 1.0)) if r2 else 0.3
    N, T = draw.shape
    parameters = len(X) + 1 + (N - 1) * column.entity_effects + (T - 1) * column.time_effects
    if r2 is not None and r2.statistic == "adj_r2":
        left *= (n - parameters) / (n - 1)
    ssr = left * (n - 1) * spread**2
    error = standard(rng, setting, N, T, np.full(1, np.nan))[0]
    if pooled:
        contrast = rng.normal(0, setting.contrast, size=len(X)) / units
        error = error + np.tensordot(contrast, X.mean(axis=2, keepdims=True), axes=1)
    swept = within(np.concatenate([X, error[None]]), column.entity_effects, column.time_effects)
    X_w, e = swept[:-1].reshape(len(X), n), swept[-1].reshape(n)
    e = e - X_w.T @ np.linalg.lstsq(X_w.T, e, rcond=None)[0]
    e *= np.sqrt(ssr / max(e @ e, 1e-300))
    explained = b @ X_w
    effects = draw - draw.mean() - within(draw[None], column.entity_effects, column.time_effects)[0]
    rest = (n - 1) * spread**2 - ssr - explained @ explained
    if not pooled:
        effects *= np.sqrt(max(rest, 0.05 * n * spread**2) / max((effects**2).sum(), 1e-300))
    made = (draw.mean() if column.logs[0] else margin.mean) + effects + (explained + e).reshape(N, T)
    full = values[question.variables[0]].copy()
    full[:, most:] = np.exp(made) if column.logs[0] else made
    return full


def _tilted(y: Array, pooled: Question, main: Question, values: Array, sd: float) -> Array:
    """The outcome, its effects moved along regressors' effects, so that pooled columns have their slopes."""
    flags = main.column.entity_effects, main.column.time_effects
    if not any(flags):
        return y
    X = values[list(pooled.variables[1:])]
    both = np.concatenate([X, y[None]]) - np.concatenate([X, y[None]]).mean(axis=(1, 2), keepdims=True)
    inside = within(both, *flags)
    outside = (both - inside).reshape(len(both), -1)
    slopes = np.array([coefficients(pooled).get(j, 0.0) for j in range(len(X))])
    flat = both.reshape(len(both), -1)
    X_e, y_e = outside[:-1], outside[-1]
    wanted = flat[:-1] @ flat[:-1].T @ slopes - inside[:-1].reshape(len(X), -1) @ inside[-1].reshape(-1)
    along = X_e.T @ np.linalg.lstsq(X_e @ X_e.T, wanted, rcond=None)[0]
    rest = y_e - X_e.T @ np.linalg.lstsq(X_e.T, y_e, rcond=None)[0]
    room = y.size * sd**2 - along @ along - (inside[-1] ** 2).sum()
    rest *= np.sqrt(max(room, 0.02 * y.size * sd**2) / max(rest @ rest, 1e-300))
    return y.mean() + (along + rest).reshape(y.shape) + inside[-1]
