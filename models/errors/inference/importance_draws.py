"""Independent draws under laws of errors that are Gaussian given their parameters.

There are two to five coordinates, and the density at each of their values is a few small matrices, so that
`engine.importance.sample` draws directly.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.draw_back import coefficients
from ...engine.importance import Direct, sample
from ...engine.integrate import LOG_2PI, Marginal, integrate
from ...engine.programs import in_blocks
from ...engine.second_round import CONTENT, second_round
from ...scale import Array
from ..law import Whitening
from .problem import Plan, entity_sd, log_prior, spreads, values_of


def marginal(plan: Plan, values: dict[str, Any], data: Any) -> tuple[Marginal, Any]:
    """The model at one value of its coordinates, and the log-likelihood."""
    import jax.numpy as jnp

    assert isinstance(plan.law.collapsed, Whitening)
    H, log_determinant = plan.law.collapsed.cross_products(values, data, entity_sd(plan, values, data))
    tau = spreads(plan, values, data)
    found = integrate(
        H, log_determinant, data["location"], tau, data["constant_variance"], len(plan.owner), jnp
    )
    return found, found.log_likelihood - 0.5 * LOG_2PI * data["n"]


@functools.cache
def programs(plan: Plan) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Density of points (B, d), and coefficients of points (m, d) with noise (m, q + 1), of one problem."""
    import jax

    def density(point: Any, data: Any) -> Any:
        return marginal(plan, values_of(plan, point), data)[1] + log_prior(plan, point, data)

    def drawn(point: Any, data: Any, noise: Any) -> Any:
        return coefficients(marginal(plan, values_of(plan, point), data)[0], data, noise)

    return (
        in_blocks(jax.jit(jax.vmap(density, (0, None))), 0),
        in_blocks(jax.jit(jax.vmap(drawn, (0, None, 0))), 0),
    )


def draw(
    plan: Plan, problems: Sequence[dict[str, Array]], draws: int, seed: int
) -> tuple[Direct, Array, Array]:
    """Draws, coefficients (D, m, q) and constants (D, m) of D problems of one plan and shape."""
    compiled, draw_back = programs(plan)

    def density(points: Array, problems: Sequence[dict[str, Array]] = problems) -> Array:
        return np.stack([compiled(mine, data) for mine, data in zip(points, problems, strict=True)])

    direct = sample(density, len(problems), len(plan.names), draws, seed)
    for i in np.flatnonzero(~(direct.k_hat <= CONTENT)).tolist():
        second_round(partial(density, problems=[problems[i]]), i, direct, draws, seed)
    noise = np.random.default_rng(seed + 1).standard_normal((draws, len(plan.owner) + 1))
    found = [draw_back(points, data, noise) for points, data in zip(direct.points, problems, strict=True)]
    theta, constant = (np.stack([one[j] for one in found]) for j in (0, 1))
    return direct, theta, constant
