"""Exact predictive densities of rows and of whole entities left out of a panel model.

Given its scales the outcome is normal with coefficients and effects integrated out, and for any set I of rows

    p(y_I | y_-I, scales) = N(residual_I; Q_II^-1 g_I, Q_II^-1),   Q = V^-1,   g = Q residual

(Sundararajan and Keerthi 2001, doi:10.1162/08997660151134343). Where I holds all rows of an entity this is
their joint density, in which its effect is that of an entity never seen. Draws of the scales given all of y
are brought to those given y_-I by weights proportional to 1 / p(y_I | y_-I, scales), so that these densities
stand where Pareto-smoothed importance sampling has a pointwise log-likelihood; unlike that given every
effect, they leave to the weights no more than what I says of the scales. Where even that is too much,
`entity_refits` draws from the posterior without I.

In the terms of `statistics`, V = sum_e v_e P_e + w 11' + M T^2 M', with P_e the projections on deviations
within entities, on means of entities and (balanced panels) on means of times. Designs are conditioned on
whole: the within parts of regressors and the standard units are those of all rows, whatever is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.sample.within import split
from ..engine.collapsed import collapsed_data, scale_priors
from ..engine.importance import Direct, sample
from ..engine.integrate import LOG_2PI
from ..engine.statistics import Statistics, statistics_of_design
from ..engine.sums import Array
from ..groups import interactions
from ..priors import Priors
from ..scale import standardise

if TYPE_CHECKING:
    from ...data.sample.design import Design
    from ...data.study.spec import Form

LARGEST = 4_000_000
FARTHEST = 15.0  # logarithm of a scale: beyond it no posterior has mass, and V is singular to 64 bits
Scales = Mapping[str, Array]


class Densities(NamedTuple):
    """Log predictive densities of the standardised outcome at S values of the scales.

    Attributes
    ----------
    by_row : (S, n) of a row given all others
    by_entity : (S, N) of all rows of an entity given all other entities
    whole : (S,) of all rows
    """

    by_row: Array
    by_entity: Array
    whole: Array


class _Rows(NamedTuple):
    """Whole entities of a design, with n' rows and N' entities; the columns are M, ones and y - M m.

    Attributes
    ----------
    own : (n', q + 2)
    entity : (n', q + 2) means of each row's entity; zero where they have no variance of their own
    time : (n', q + 2) means of each row's time less the grand mean; zero likewise
    codes : (n',) the entity of each row, 0 .. N' - 1
    counts : (N',) rows of each entity
    """

    own: Array
    entity: Array
    time: Array
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


class _Law(NamedTuple):
    """V^-1 at S values of the scales.

    Attributes
    ----------
    error, entity, time : (S, 1) variances of errors and of effects that are strata
    pull : (S, 1) w / (1 + w 1' V0^-1 1)
    constant : (S, q + 2) 1' V0^-1 [M | 1 | residual]
    tau, root, seen : (S, q), (S, q, q), (S, q) of the coefficients, as in `integrate.Marginal`
    whole : (S,) log density of all rows
    """

    error: Array
    entity: Array
    time: Array
    pull: Array
    constant: Array
    tau: Array
    root: Array
    seen: Array
    whole: Array


def predictive(
    design: Design, form: Form | None, priors: Priors, scales: Scales, entities: Sequence[int] | None = None
) -> Densities:
    """Log predictive densities of every row and entity left out, at values of the scales.

    Parameters
    ----------
    form : None for the pooled model
    scales : (S,) each, by the names of `collapsed.scales_of`
    entities : codes, increasing, of the entities that are left out, one at a time; all where omitted
    """
    statistics = statistics_of_design(design, form)
    rows = _rows(design, statistics, priors, entities)
    step = max(1, LARGEST // (len(rows.own) * max(rows.own.shape[1], int(rows.counts.max()))))
    parts = []
    for start in range(0, len(scales["sigma"]), step):
        law = _law(statistics, priors, {name: at[start : start + step] for name, at in scales.items()})
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(_densities(statistics, rows, law))
    return Densities(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def scale_draws(design: Design, form: Form | None, priors: Priors, draws: int, seed: int) -> dict[str, Array]:
    """Draws (S,) of each scale given all rows, without JAX, whose program would take longer."""
    names, direct = _posteriors(design, form, priors, [None], draws, seed)
    return dict(zip(names, np.exp(direct.points[0]).T, strict=True))


def entity_refits(
    design: Design, form: Form | None, priors: Priors, entities: Sequence[int], draws: int, seed: int
) -> tuple[Array, Array]:
    """Log predictive density of each entity (E,), and the k-hat (E,) of the posterior without it.

    log p(y) - log p(y_-I), each integrated over the scales by importance sampling: steadier than a mean over
    draws from the posterior without an entity that lies far out.
    """
    _, direct = _posteriors(design, form, priors, [None, *entities], draws, seed)
    return direct.log_marginal[0] - direct.log_marginal[1:], direct.k_hat[1:]


def _posteriors(
    design: Design, form: Form | None, priors: Priors, leave_out: Sequence[int | None], draws: int, seed: int
) -> tuple[list[str], Direct]:
    """Draws of the logarithms of the scales given all rows, or all but those of one entity (its code)."""
    statistics = statistics_of_design(design, form)
    prior = {name: of.frozen() for name, of in scale_priors(statistics, priors).items()}

    def one(points: Array, entity: int | None) -> Array:
        scales = dict(zip(prior, np.exp(points).T, strict=True))
        found = points.sum(axis=1) + sum(of.logpdf(scales[name]) for name, of in prior.items())
        if entity is None:
            return found + _law(statistics, priors, scales).whole
        left = predictive(design, form, priors, scales, [entity])
        return found + left.whole - left.by_entity[:, 0]

    def density(points: Array) -> Array:
        near = (np.abs(points) < FARTHEST).all(axis=2)
        found = np.full(near.shape, -np.inf)
        for number, entity in enumerate(leave_out):
            found[number, near[number]] = one(points[number, near[number]], entity)
        return found

    return list(prior), sample(density, len(leave_out), len(prior), draws, seed)


def _rows(design: Design, statistics: Statistics, priors: Priors, entities: Sequence[int] | None) -> _Rows:
    M, location = model_columns(design, statistics), collapsed_data(statistics, priors)["location"]
    residual = standardise(design, statistics.form is not None).y - M @ location[:-1] - location[-1]
    own = np.column_stack([M, np.ones(design.n), residual])
    entity, time = np.zeros_like(own), np.zeros_like(own)
    if statistics.entity_effects:
        entity = _means(own, design.entity)
    if statistics.time_effects and not statistics.explicit_time:
        time = _means(own, design.time) - own.mean(axis=0)
    at = np.arange(design.n) if entities is None else np.flatnonzero(np.isin(design.entity, entities))
    _, codes, counts = np.unique(design.entity[at], return_inverse=True, return_counts=True)
    return _Rows(own[at], entity[at], time[at], codes, counts)


def model_columns(design: Design, statistics: Statistics) -> Array:
    """(n, q) M: slopes, slopes of entity means (mundlak), of groups, and (unbalanced) times."""
    z = standardise(design, statistics.form is not None).X

    def parts(X: Array) -> tuple[Array, Array]:
        found = split(X, design.entity, design.time, statistics.entity_effects, statistics.time_effects)
        return (X if statistics.form in (None, "random") else found.within), found.entity[design.entity]

    used, between = parts(z)
    columns = [used]
    if statistics.n_between:
        columns.append(between)
    if design.varying is not None:
        group = design.varying.group[design.entity]
        columns.append(parts(interactions(z, design.varying.columns, group, len(design.varying.groups)))[0])
    if statistics.explicit_time:
        columns.append(statistics.basis[design.time])
    return np.hstack(columns)


def _means(values: Array, codes: NDArray[np.int64]) -> Array:
    """(n, c) The mean of each row's group."""
    sums = np.stack([np.bincount(codes, column) for column in values.T], axis=1)
    return (sums / np.bincount(codes)[:, None])[codes]


def _law(statistics: Statistics, priors: Priors, scales: Scales) -> _Law:
    data, strata = collapsed_data(statistics, priors), statistics.strata
    flat = np.full_like(scales["sigma"], priors["effect"].arguments[-1])
    error = scales["sigma"][:, None] ** 2
    entity = statistics.entity_effects * scales.get("sd_entity", flat)[:, None] ** 2
    time = statistics.time_effects * scales.get("sd_time", flat)[:, None] ** 2
    v = error + strata.per_entity * entity + strata.per_time * time

    # y becomes y - M m, as in `collapsed.marginal`
    residual = np.eye(strata.cross.shape[1])
    residual[:-1, -1] = -data["location"]
    H = np.tensordot(1 / v, residual.T @ strata.cross @ residual, axes=1)
    w, constant = float(data["constant_variance"]), H[:, -2]
    growth = 1 + w * constant[:, -2, None]
    pull = w / growth
    H = H - (pull * constant)[:, :, None] * constant[:, None]

    tau = _spreads(statistics, priors, scales, flat) * data["spread"]
    q = tau.shape[1]
    root = _root(np.eye(q) + tau[:, :, None] * H[:, :q, :q] * tau[:, None])
    seen = np.linalg.solve(root, (tau * H[:, :q, -1])[:, :, None])[:, :, 0]
    diagonal = np.diagonal(root, axis1=1, axis2=2)
    determinant = np.log(v) @ strata.degrees + np.log(growth[:, 0]) + 2 * np.log(diagonal).sum(axis=1)
    square = H[:, -1, -1] - (seen**2).sum(axis=1)
    whole = -0.5 * (statistics.n * LOG_2PI + determinant + square)
    return _Law(
        error, entity, 0 * time if statistics.explicit_time else time, pull, constant, tau, root, seen, whole
    )


def _spreads(statistics: Statistics, priors: Priors, scales: Scales, flat: Array) -> Array:
    """(S, q) Multiples of the prior standard deviation of each coefficient, at each draw of the scales."""
    own: list[Array] = []
    for name, count in (("slope", statistics.n_slope), ("between", statistics.n_between)):
        mixed = priors[name].mixing is not None
        own += [np.sqrt(scales[f"{name}_mixing[{j}]"]) if mixed else np.ones_like(flat) for j in range(count)]
    for j in range(len(statistics.varying)):
        own += [scales[f"sd_slope[{j}]"]] * len(statistics.groups)
    own += [scales.get("sd_time", flat)] * statistics.n_time
    return np.stack(own, axis=1)


def _densities(statistics: Statistics, rows: _Rows, law: _Law) -> Densities:
    """V^-1 of each row, and of the rows of each entity together."""
    n, N, q = statistics.n, len(statistics.rows), law.tau.shape[1]
    precision = 1 / law.error
    # what a stratum of means has beyond 1 / sigma^2
    entity = (1 / (law.error + rows.counts * law.entity) - precision)[:, rows.codes]
    time = 1 / (law.error + n / len(statistics.times) * law.time) - precision
    W = precision[:, :, None] * rows.own + entity[:, :, None] * rows.entity + time[:, :, None] * rows.time
    level = W[:, :, q]
    W = W - (law.pull * level)[:, :, None] * law.constant[:, None]
    B = np.linalg.solve(law.root, law.tau[:, :, None] * np.swapaxes(W[:, :, :q], 1, 2))
    g = W[:, :, -1] - (law.seen[:, None] @ B)[:, 0]

    entity = entity / rows.counts[rows.codes]
    d = precision + entity + time * (1 / N - 1 / n) - law.pull * level**2 - (B**2).sum(axis=1)
    by_entity = np.empty((len(g), len(rows.counts)))
    for count in np.unique(rows.counts):
        which = rows.counts[rows.codes] == count
        at = np.flatnonzero(which)[np.argsort(rows.codes[which], kind="stable")].reshape(-1, count)
        inside = np.moveaxis(B[:, :, at], 1, 2)
        Q = (precision + time / N)[:, :, None, None] * np.eye(count)
        Q = Q + (entity[:, at[:, 0]] - time / n)[:, :, None, None]
        Q = Q - law.pull[:, :, None, None] * level[:, at][..., None] * level[:, at][:, :, None]
        Q = Q - np.swapaxes(inside, 2, 3) @ inside
        by_entity[:, rows.counts == count] = _normal(Q, g[:, at])
    return Densities(0.5 * (np.log(d) - LOG_2PI - g**2 / d), by_entity, law.whole)


def _normal(Q: Array, g: Array) -> Array:
    """(S, E) log N(Q^-1 g; 0, Q^-1) for precisions (S, E, T, T)."""
    root = _root(Q)
    half = np.linalg.solve(root, g[..., None])[..., 0]
    determinant = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1)
    return determinant - 0.5 * (Q.shape[-1] * LOG_2PI + (half**2).sum(axis=-1))


def _root(matrices: Array) -> Array:
    """Cholesky factors; not a number for matrices that rounding leaves without one."""
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        values = np.linalg.eigvalsh(matrices)
        good = values[..., 0] > 1e-14 * values[..., -1]
        found = np.full_like(matrices, np.nan)
        found[good] = np.linalg.cholesky(matrices[good])
        return found
