"""The indirect effect a b from printed numbers alone.

Each of a, b and the direct effect c' has its posterior of `models.printed.tables`. The correlations of their
estimates are not printed, but least squares on the same rows and controls gives total = c' + a b, and so

    var(total) = g' D R D g,   g = (b, a, 1),   D = diag(s_a, s_b, s_c'),   R the correlations of (a, b, c').

The printed standard error of the total is therefore informative about R. R has a uniform prior over
correlation matrices (LKJ(1)); a draw is kept where the standard error of the total that it implies lies
within the rounding of the printed one. Given R, a and b are joined by a Gaussian copula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..priors import Prior
from ..scale import Array
from .tables import PrintedEstimate, posterior_density

TRIED = 400_000
FEWEST = 200


@dataclass(frozen=True, eq=False)
class IndirectEffect:
    """Draws (S,) of an indirect effect.

    Attributes
    ----------
    independent : a and b independent
    with_total : a and b correlated as the standard error of the total implies; None where it is not printed
        or no correlations fit it
    correlation : (S, 3) of a with b, a with c', b with c', or None
    """

    independent: Array
    with_total: Array | None = None
    correlation: Array | None = None


def indirect_effect(
    a: PrintedEstimate,
    b: PrintedEstimate,
    direct: PrintedEstimate | None,
    total: PrintedEstimate | None,
    slope: Prior,
    size: int,
    seed: int,
) -> IndirectEffect:
    """Posterior draws of a b, with and without the information in the total effect's standard error."""
    from scipy import stats

    rng = np.random.default_rng(seed)
    z = rng.standard_normal((size, 3))
    laws = [_quantiles(one, slope) for one in (a, b)]

    def times(z: Array) -> Array:
        u = stats.norm.cdf(z[:, :2])
        return np.asarray(np.interp(u[:, 0], *laws[0]) * np.interp(u[:, 1], *laws[1]))

    if direct is None or total is None:
        return IndirectEffect(times(z))
    found = correlations(a, b, direct, total, size, rng)
    if found is None:
        return IndirectEffect(times(z))
    dependent = z.copy()
    dependent[:, 1] = found[:, 0] * z[:, 0] + np.sqrt(1 - found[:, 0] ** 2) * z[:, 1]
    return IndirectEffect(times(z), times(dependent), found)


def correlations(
    a: PrintedEstimate,
    b: PrintedEstimate,
    direct: PrintedEstimate,
    total: PrintedEstimate,
    size: int,
    rng: np.random.Generator,
) -> Array | None:
    """(size, 3) Draws of the correlations of (a, b), (a, c'), (b, c') given the total's standard error.

    None where fewer than 200 of 400,000 draws from the prior give a standard error within its rounding.
    """
    r = 2 * rng.beta(1.5, 1.5, (TRIED, 2)) - 1
    partial = rng.uniform(-1, 1, TRIED)
    r = np.column_stack([r, partial * np.sqrt((1 - r[:, 0] ** 2) * (1 - r[:, 1] ** 2)) + r[:, 0] * r[:, 1]])
    s = np.column_stack([rng.uniform(*one.std_error, TRIED) for one in (a, b, direct)])
    part = s * [b.estimate, a.estimate, 1.0]
    variance = (part**2).sum(axis=1) + 2 * (
        r[:, 0] * part[:, 0] * part[:, 1]
        + r[:, 1] * part[:, 0] * part[:, 2]
        + r[:, 2] * part[:, 1] * part[:, 2]
    )
    low, high = total.std_error
    kept = r[(variance >= low**2) & (variance <= high**2)]
    return kept[rng.integers(len(kept), size=size)] if len(kept) >= FEWEST else None


def _quantiles(printed: PrintedEstimate, slope: Prior) -> tuple[Array, Array]:
    """Levels and quantiles of an effect's posterior."""
    grid, density = posterior_density(printed, slope)
    mass = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)])
    return mass / mass[-1], grid
