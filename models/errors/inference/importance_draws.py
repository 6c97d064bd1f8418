"""Independent draws under laws of errors that are Gaussian given their parameters.

There are two to five coordinates, and the density at each of their values is a few small matrices, so that
`engine.importance.sample` draws directly.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...engine.draw_back import coefficients
from ...engine.importance import Direct, sample
from ...engine.integrate import LOG_2PI, Marginal, integrate
from ...engine.programs import Function, in_jax, in_numpy
from ...engine.sampling import Device, prepare
from ...engine.second_round import CONTENT, second_round
from ...scale import Array
from ..law import Whitening
from .problem import Plan, entity_sd, log_prior, spreads, values_of


def marginal(plan: Plan, values: dict[str, Any], data: Any) -> tuple[Marginal, Any]:
    """The model at values of its coordinates, and the log-likelihood."""
    assert isinstance(plan.law.collapsed, Whitening)
    H, log_determinant = plan.law.collapsed.cross_products(values, data, entity_sd(plan, values, data))
    tau = spreads(plan, values, data)
    found = integrate(H, log_determinant, data["location"], tau, data["constant_variance"])
    return found, found.log_likelihood - 0.5 * LOG_2PI * data["n"]


class Programs(NamedTuple):
    """Density of points (B, d), and coefficients of points (m, d) with noise (m, q + 1), of one problem."""

    density: Function
    coefficients: Function


@functools.cache
def programs(plan: Plan, device: Device) -> Programs:
    """In NumPy, or compiled once for all problems of a plan."""

    def density(points: Any, data: Any) -> Any:
        return marginal(plan, values_of(plan, points), data)[1] + log_prior(plan, points, data)

    def drawn(points: Any, data: Any, noise: Any) -> Any:
        return coefficients(marginal(plan, values_of(plan, points), data)[0], data, noise)

    over = in_numpy if device == "cpu" else in_jax
    return Programs(over(density), over(drawn))


def draw(
    plan: Plan, problems: Sequence[dict[str, Array]], draws: int, seed: int, device: Device
) -> tuple[Direct, Array, Array]:
    """Draws, coefficients (D, m, q) and constants (D, m) of D problems of one plan and shape."""
    if device != "cpu":
        prepare(device)
    run = programs(plan, device)

    def density(points: Array, problems: Sequence[dict[str, Array]] = problems) -> Array:
        return np.stack([run.density(mine, data) for mine, data in zip(points, problems, strict=True)])

    direct = sample(density, len(problems), len(plan.names), draws, seed)
    for i in np.flatnonzero(~(direct.k_hat <= CONTENT)).tolist():
        second_round(partial(density, problems=[problems[i]]), i, direct, draws, seed)
    noise = np.random.default_rng(seed + 1).standard_normal((draws, len(plan.owner) + 1))
    found = [run.coefficients(at, data, noise) for at, data in zip(direct.points, problems, strict=True)]
    theta, constant = (np.stack([one[j] for one in found]) for j in (0, 1))
    return direct, theta, constant
