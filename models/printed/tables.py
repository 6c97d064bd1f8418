"""The posterior of an effect from its printed estimate: the estimate is t-distributed about the truth.

    estimate ~ t(df, effect, s),   s uniform over the standard errors that print as the printed one

`df` is the number of degrees of freedom of the paper's reference distribution, which is small with few
clusters. The prior of `effect` is the slope prior in units of the printed standard deviations of outcome and
regressor; it is flat where these are not printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..priors import Prior

if TYPE_CHECKING:
    import pymc as pm

EQUATION = (
    r"\hat\beta \sim t_\nu(\beta, s),\quad s \in \text{rounding interval of the printed standard error}"
)
NODES = 12
GRID = 4_001
LARGEST = 700.0


@dataclass(frozen=True)
class PrintedEstimate:
    """One printed estimate with its interval of standard errors, on the paper's scale.

    Attributes
    ----------
    unit
        What one standardised slope is on the paper's scale, or None: then the prior is flat.
    """

    term: str
    estimate: float
    std_error: tuple[float, float]
    df: float
    unit: float | None


def tables_model(printed: list[PrintedEstimate], slope: Prior) -> pm.Model:
    """The PyMC model of a column's printed estimates, independent given the truth."""
    import pymc as pm

    with pm.Model(coords={"term": [p.term for p in printed]}) as model:
        s = pm.Uniform("std_error", *np.array([p.std_error for p in printed]).T, dims="term")
        parts = []
        for p in printed:
            if p.unit is None:
                parts.append(pm.Flat(f"effect[{p.term}]"))
            else:
                parts.append(p.unit * slope.variable(f"slope[{p.term}]"))
        coef = pm.Deterministic("coef", pm.math.stack(parts), dims="term")
        nu = np.array([p.df for p in printed])
        pm.StudentT("printed", nu=nu, mu=coef, sigma=s, observed=[p.estimate for p in printed], dims="term")
    return model


def exact_draws(printed: PrintedEstimate, slope: Prior, draws: int, seed: int) -> NDArray[np.float64]:
    """Independent draws of `effect` by inversion of its posterior on a grid.

    The density is that of `tables_model` with s integrated out by Gauss-Legendre quadrature; the
    grid joins quantiles of likelihood and prior, so neither a narrow prior nor t tails are missed.

    Returns
    -------
    (draws,) on the paper's scale: the midpoint quantiles of `draws` equal slices, in random order.
    """
    grid, density = posterior_density(printed, slope)
    mass = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)])
    rng = np.random.default_rng(seed)
    uniform = (rng.permutation(draws) + 0.5) / draws
    return np.interp(uniform, mass / mass[-1], grid)


def posterior_density(
    printed: PrintedEstimate, slope: Prior
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Grid points and the normalised posterior density of `effect` there."""
    grid = _grid(printed, slope)
    log_kernel = _log_kernel(printed, slope, grid)
    density = np.exp(log_kernel - log_kernel.max())
    return grid, density / np.trapezoid(density, grid)


def moments(printed: PrintedEstimate, slope: Prior) -> tuple[float, float]:
    """Posterior mean and standard deviation by quadrature; NaN where a t with so few degrees has none."""
    grid, density = posterior_density(printed, slope)
    mean = float(np.trapezoid(grid * density, grid))
    sd = float(np.sqrt(np.trapezoid((grid - mean) ** 2 * density, grid)))
    heavy = printed.df if printed.unit is None else np.inf
    return (mean if heavy > 1 else np.nan), (sd if heavy > 2 else np.nan)


def bayes_factor_10(printed: PrintedEstimate, slope: Prior) -> float | None:
    """Savage-Dickey ratio: prior over posterior density of `effect` at 0.

    None under a flat prior, or where the ratio overflows.
    """
    if printed.unit is None:
        return None
    grid = _grid(printed, slope)
    log_kernel = _log_kernel(printed, slope, grid)
    top = log_kernel.max()
    evidence = np.trapezoid(np.exp(log_kernel - top), grid)
    log_factor = top + np.log(evidence / printed.unit) - log_likelihood(printed, np.zeros(1))[0]
    return float(np.exp(log_factor)) if log_factor < LARGEST else None


def _grid(printed: PrintedEstimate, slope: Prior) -> NDArray[np.float64]:
    from scipy import stats

    tail = np.logspace(-9, -3, 200)
    levels = np.concatenate([tail, np.linspace(1e-3, 1 - 1e-3, GRID), 1 - tail[::-1]])
    grid = printed.estimate + sum(printed.std_error) / 2 * stats.t.ppf(levels, printed.df)
    if printed.unit is None:
        return grid
    return np.unique(np.concatenate([grid, printed.unit * slope.frozen().ppf(levels)]))


def log_likelihood(printed: PrintedEstimate, effect: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) log of the t density with the standard error averaged over its rounding interval."""
    from scipy import special

    s, weight = std_error_nodes(printed)
    return special.logsumexp(log_likelihood_at(printed, effect, s), b=weight[:, None], axis=0)


def log_likelihood_at(
    printed: PrintedEstimate, effect: NDArray[np.float64], std_error: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K, m) log of the t density at each of (K,) standard errors and (m,) effects."""
    from scipy import stats

    s = std_error[:, None]
    return np.asarray(stats.t.logpdf((printed.estimate - effect) / s, printed.df) - np.log(s))


def std_error_nodes(printed: PrintedEstimate) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard errors (K,) in the rounding interval, and their Gauss-Legendre weights, which sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    low, high = printed.std_error
    return (low + high) / 2 + (high - low) / 2 * nodes, weights / 2


def _log_kernel(printed: PrintedEstimate, slope: Prior, effect: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = log_likelihood(printed, effect)
    return kernel if printed.unit is None else kernel + slope.frozen().logpdf(effect / printed.unit)
