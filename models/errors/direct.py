"""Errors that are correlated within entities (AR(1)), and shocks that clusters share, drawn directly.

Both are Gaussian given two to five coordinates, so that their density is a few small matrices and
`importance.sample` draws from it.

AR(1) (exact with gaps): a row less r times the one before it, over sqrt(1 - r^2), r = rho^gap, is white; the
variance of every error is sigma^2, that of the first included. Sums by gap are all that is read.

Clusters: kappa_gt of cluster g at time t is stationary AR(1) over the times, with standard deviation sd_cluster and
correlation rho_cluster, beside independent errors. What makes cluster-robust standard errors large where regressors
persist is that the shocks persist as well: shocks that are new every year would average out over the years.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..engine.collapsed import LOG_2PI, State
from ..engine.draw_back import coefficients
from ..engine.importance import Direct, sample
from ..engine.second_round import CONTENT, again
from ..scale import Array
from .integrate import Reduced, integrate, log_prior, values_of, without_clusters, without_entities
from .rows import Plan

SMALL, LARGE = 64, 512  # points in one call of the program: two sizes are compiled, and no more


def reduced_ar1(plan: Plan, values: dict[str, Any], data: Any) -> tuple[Reduced, Any]:
    """The model at one value of its coordinates, and the log-likelihood."""
    import jax.numpy as jnp

    variance, rho, gap = values["sigma"] ** 2, values["rho_error"], data["gap"]
    size = jnp.abs(rho) ** gap * jnp.where((gap % 2 == 1) & (rho < 0), -1.0, 1.0)
    r = jnp.where(gap > 0, size, 0.0)
    weight = 1 / (1 - r**2) / variance
    H = jnp.tensordot(weight, data["own"], 1) + jnp.tensordot(weight * r**2, data["past"], 1)
    H -= jnp.tensordot(weight * r, data["both"], 1)
    log_determinant = -(data["count"].sum(axis=1) * jnp.log(weight)).sum()
    if plan.entity_effects:
        kept = weight * (1 - r)
        sums = jnp.tensordot(kept, data["own_sum"] - r[:, None, None] * data["past_sum"], 1)
        gram = (kept * (1 - r)) @ data["count"]
        H, more = without_entities(H, sums, gram, entity_sd(plan, values, data))
        log_determinant += more
    reduced = integrate(plan, H, log_determinant, values, data)
    return reduced, reduced.log_likelihood - 0.5 * LOG_2PI * data["count"].sum()


def reduced_cluster(plan: Plan, values: dict[str, Any], data: Any) -> tuple[Reduced, Any]:
    """The same for shocks of clusters."""
    import jax
    import jax.numpy as jnp

    precision = values["sigma"] ** -2
    root = values["sd_cluster"] * ar1_root(values["rho_cluster"], data["year"])
    joint, log_determinant = data["joint"] * precision, -data["n"] * jnp.log(precision)
    if plan.entity_effects:
        sums, rows = data["by_entity"] * precision, data["entity_rows"] * precision
        joint, more = jax.vmap(without_entities, (0, 0, 0, None))(
            joint, sums, rows, entity_sd(plan, values, data)
        )
        log_determinant += more.sum()
    H, more = without_clusters(joint, root)
    reduced = integrate(plan, H, log_determinant + more, values, data)
    return reduced, reduced.log_likelihood - 0.5 * LOG_2PI * data["n"]


REDUCED = {"ar1": reduced_ar1, "cluster": reduced_cluster}


def entity_sd(plan: Plan, values: dict[str, Any], data: Any) -> Any:
    return values["sd_entity"] if plan.pooled_entities else data["effect_sd"]


def ar1_root(rho: Any, year: Any) -> Any:
    """(T, T) Cholesky factor of rho^|t - s|, in closed form: x_t = sum over s <= t of rho^(t - s) times what is new at s."""
    import jax.numpy as jnp

    apart = jnp.abs(year[:, None] - year)
    sign = jnp.where((apart % 2 == 1) & (rho < 0), -1.0, 1.0)
    new = jnp.append(1.0, jnp.sqrt(1 - (rho**2) ** jnp.diff(year)))
    return jnp.tril(jnp.abs(rho) ** apart * sign * new)


@functools.cache
def programs(plan: Plan) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Density of points (B, d), and coefficients of points (m, d) with noise (m, q + 1), of one problem."""
    import jax

    reduce = REDUCED[plan.errors]

    def density(point: Any, data: Any) -> Any:
        return reduce(plan, values_of(plan, point), data)[1] + log_prior(plan, point, data)

    def drawn(point: Any, data: Any, noise: Any) -> Any:
        reduced, _ = reduce(plan, values_of(plan, point), data)
        return coefficients(State(None, None, *reduced[1:]), data, noise)

    return jax.jit(jax.vmap(density, (0, None))), jax.jit(jax.vmap(drawn, (0, None, 0)))


def draw(
    plan: Plan, problems: Sequence[dict[str, Array]], draws: int, seed: int
) -> tuple[Direct, Array, Array]:
    """Draws, coefficients (D, m, q) and constants (D, m) of D problems of one plan and shape."""
    compiled, recover = programs(plan)

    def density(points: Array, problems: Sequence[dict[str, Array]] = problems) -> Array:
        size = points.shape[1]
        step = SMALL if size <= 2 * SMALL else LARGE
        points = np.concatenate([points, np.repeat(points[:, :1], -size % step, axis=1)], axis=1)
        parts = [
            [compiled(mine[at : at + step], data) for at in range(0, size, step)]
            for mine, data in zip(points, problems, strict=True)
        ]
        return np.array([np.concatenate(row) for row in parts])[:, :size]

    direct = sample(density, len(problems), len(plan.names), draws, seed)
    for i in np.flatnonzero(~(direct.k_hat <= CONTENT)).tolist():
        again(partial(density, problems=[problems[i]]), i, direct, draws, seed)
    noise = np.random.default_rng(seed + 1).standard_normal((draws, len(plan.owner) + 1))
    found = [recover(points, data, noise) for points, data in zip(direct.points, problems, strict=True)]
    theta, constant = (np.stack([np.asarray(one[j]) for one in found]) for j in (0, 1))
    return direct, theta, constant
