"""Coefficients and effects, drawn back exactly given the scales, as affine functions of normal noise.

Noise is an argument, so that tests can read off the mean (zeros) and the covariance (unit vectors).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import library_of, solve_transposed
from .statistics import Statistics
from .sums import Array


def coefficients(state: Any, data: Any, noise: Any) -> tuple[Any, Any]:
    """theta and the constant at values of the scales, in NumPy or JAX.

    Parameters
    ----------
    state : `collapsed.State`
    data : `collapsed.collapsed_data`
    noise : (..., q + 1)

    Returns
    -------
    theta : (..., q) slopes, between slopes and (in unbalanced panels) time effects in `basis`
    constant : (...) not a number where its variance is negative (`fixed`): see `entity_totals`
    """
    root, row, location = state.root, state.constant, data["location"]
    moved = state.tau * solve_transposed(root[..., :-1, :-1], root[..., -1, :-1] + noise[..., :-1])
    variance = 1 / (1 / data["constant_variance"] + row[..., -2])
    mean = location[..., -1] + variance * (row[..., -1] - (row[..., :-2] * moved).sum(-1))
    return location[..., :-1] + moved, mean + library_of(row).sqrt(variance) * noise[..., -1]


def effect_noise(statistics: Statistics) -> int:
    """How many standard normals `effects` needs for each draw."""
    time = len(statistics.times) - 1 if statistics.time_effects and not statistics.explicit_time else 0
    return time + (len(statistics.rows) if statistics.entity_effects else 0)


def effects(
    statistics: Statistics,
    data: dict[str, Array],
    scales: dict[str, Array],
    theta: Array,
    constant: Array,
    noise: Array,
) -> dict[str, Array]:
    """Intercept and effects of each draw, under the names of `effects_model`.

    Parameters
    ----------
    scales : (m,) each
    theta, constant : (m, q), (m,) from `coefficients`
    noise : (m, `effect_noise`)
    """
    flat = data.get("effect_sd")
    found = {}
    k, n_time = statistics.n_slope, statistics.n_time
    split = noise.shape[1] - (len(statistics.rows) if statistics.entity_effects else 0)
    if statistics.explicit_time:
        found["time_effect"] = theta[:, theta.shape[1] - n_time :] @ statistics.basis.T
    elif statistics.time_effects:
        sd = scales.get("sd_time", flat)
        found["time_effect"] = _balanced_time(statistics, sd, scales["sigma"], theta, noise[:, :split])
    if not statistics.entity_effects:
        return {"intercept": constant, **found}

    y = statistics.by_entity[:, -1]
    slope = np.delete(theta, np.s_[k : k + statistics.n_between], axis=1)
    columns = np.delete(
        statistics.by_entity[:, : theta.shape[1]], np.s_[k : k + statistics.n_between], axis=1
    )
    mean = (y - slope @ columns.T) / statistics.rows
    if statistics.form == "fixed":
        total = _zero_sum_totals(statistics.rows, data, scales["sigma"], mean, noise[:, split:])
        level = total.mean(axis=1)
        return {"intercept": level, "entity_effect": total - level[:, None], **found}
    part = statistics.by_entity[:, k : k + statistics.n_between] / statistics.rows[:, None]
    level = constant[:, None] + theta[:, k : k + statistics.n_between] @ part.T
    shrunk = _shrink(statistics.rows, scales["sd_entity"][:, None], scales["sigma"][:, None])
    spread = scales["sigma"][:, None] * np.sqrt(shrunk / statistics.rows)
    return {
        "intercept": constant,
        "entity_effect": level + shrunk * (mean - level) + spread * noise[:, split:],
        **found,
    }


def _shrink(n: Any, sd: Any, sigma: Any) -> Any:
    """The share of a mean of n rows that is effect and not error."""
    return n * sd**2 / (sigma**2 + n * sd**2)


def _balanced_time(statistics: Statistics, sd: Any, sigma: Array, theta: Array, noise: Array) -> Array:
    n = statistics.n / len(statistics.times)
    mean = (statistics.by_time[:, -1] - theta @ statistics.by_time[:, : theta.shape[1]].T) / n
    shrunk = np.broadcast_to(_shrink(n, sd, sigma), sigma.shape)[:, None]
    spread = sigma[:, None] * np.sqrt(shrunk / n)
    return shrunk * (mean - mean.mean(axis=1, keepdims=True)) + spread * (noise @ statistics.basis.T)


def _zero_sum_totals(rows: Array, data: dict[str, Array], sigma: Array, mean: Array, noise: Array) -> Array:
    """(m, N) Level plus zero-sum effect of each entity, whose prior is N(mu, s^2 I + w 11').

    Their precision is diagonal less kappa 11'; w and kappa may be negative.
    """
    s2, w, mu = data["effect_sd"] ** 2, data["constant_variance"], data["location"][-1]
    size = len(rows)
    kappa = w / (s2 * (s2 + size * w))
    precision = rows / sigma[:, None] ** 2 + 1 / s2
    target = mean * rows / sigma[:, None] ** 2 + mu * (1 / s2 - kappa * size)
    left = 1 - kappa * (1 / precision).sum(axis=1, keepdims=True)
    centre = target / precision
    centre = centre + kappa * centre.sum(axis=1, keepdims=True) / left / precision
    v = 1 / np.sqrt(precision)
    stretch = (1 / np.sqrt(left) - 1) / (v**2).sum(axis=1, keepdims=True)
    return centre + v * (noise + stretch * v * (v * noise).sum(axis=1, keepdims=True))
