"""Stationary first-order autoregressions of unit variance, at times that may have gaps.

Both AR(1) errors and the shocks of clusters are such series.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import library_of
from ..scale import Array


def powers(rho: Any, gap: Any) -> Any:
    """rho^gap for whole gaps, 0 where the gap is 0, in PyTensor."""
    import pytensor.tensor as pt

    sizes, at = np.unique(gap, return_inverse=True)
    return pt.stack([rho ** int(g) if g else pt.zeros(()) for g in sizes])[at]


def signed_power(rho: Any, gap: Any) -> Any:
    """rho^gap for whole gaps, in NumPy or JAX, whose power of a negative number is not a number."""
    xp = library_of(rho)
    return xp.abs(rho) ** gap * xp.where((gap % 2 == 1) & (rho < 0), -1.0, 1.0)


def root(rho: Any, year: Any) -> Any:
    """(..., T, T) Cholesky factor of rho^|t - s|, rho (...), in closed form.

    x_t is the sum over s up to t of rho^(t - s) times what is new at s.
    """
    xp = library_of(rho)
    rho = rho[..., None]
    new = xp.sqrt(1 - (rho**2) ** xp.diff(year))
    new = xp.concatenate([xp.ones_like(rho), new], -1)
    return xp.tril(signed_power(rho[..., None], xp.abs(year[:, None] - year)) * new[..., None, :])


def paths(rho: float, times: tuple[int, ...], count: int, rng: np.random.Generator) -> Array:
    """(T, count) Simulated series, through every year from the first to the last."""
    years = np.array(times) - times[0]
    path = [rng.normal(size=count)]
    for _ in range(years[-1]):
        path.append(rho * path[-1] + np.sqrt(1 - rho**2) * rng.normal(size=count))
    return np.stack(path)[years]
