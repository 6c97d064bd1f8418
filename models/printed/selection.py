"""Inference from an estimate that was printed where significance favours print.

An estimate that is significant at 5% is printed for certain, any other with the relative probability beta_p
(Andrews and Kasy 2019, doi:10.1257/aer.20180310). With z = estimate / s, theta = effect / s, and f the
density of z about theta, a printed z has the density

    p(z) f(z - theta) / E[p(Z) | theta],    E[p(Z) | theta] = beta_p + (1 - beta_p) power(theta).

Two inferences rest on it. `selected_densities` takes it as the likelihood, so that a posterior is divided by
E[p(Z) | theta]: small effects, which seldom pass the filter, gain weight. `selected_quantiles` inverts its
distribution function, as the paper does: the level-q bound is the theta below which a smaller z than the
printed one has probability 1 - q, which makes intervals of exact coverage, given print, for every effect.

Both suppose one effect that is estimated until an estimate of it is printed. Where each study has an effect
of its own from a known distribution, and is tried once, a posterior with that prior is right as it stands,
however print selects (Yekutieli 2012, doi:10.1111/j.1467-9868.2011.01016.x).
"""

from __future__ import annotations

import numpy as np

from ..priors import Prior
from ..scale import Array
from .design_analysis import critical_value, power
from .tables import PrintedEstimate, log_likelihood_at, posterior_density, std_error_nodes

# Of laboratory experiments in economics, results significant at 5% are "over 30 times more likely to be
# published than are insignificant results" (Andrews and Kasy 2019, introduction).
BETA_P = 1 / 30
LEVELS = (0.025, 0.5, 0.975)
THINNED = 4
WIDENINGS, HALVINGS = 40, 80


def print_probability(snr: Array, df: float, beta_p: float | Array) -> Array:
    """E[p(Z) | theta]: how likely an estimate is to be printed, in multiples of a significant one.

    Examples
    --------
    >>> print_probability(np.array([0.0, 3.0]), 1e6, 0.1).round(3)
    array([0.145, 0.866])
    """
    return beta_p + (1 - beta_p) * power(snr, df)


def selected_densities(printed: PrintedEstimate, slope: Prior, beta_p: Array) -> tuple[Array, Array]:
    """Grid points (m,) and posterior densities (B, m) given print, one for each of (B,) probabilities.

    The standard error is integrated over its rounding interval, as in `models.printed.tables`; a beta_p of 1
    gives that posterior back.
    """
    from scipy import special

    grid, density = (part[::THINNED] for part in posterior_density(printed, slope))
    errors, weight = std_error_nodes(printed)
    log_joint = log_likelihood_at(printed, grid, errors) + np.log(weight)[:, None]
    chance = print_probability(
        grid / errors[:, None], printed.df, np.asarray(beta_p, float).reshape(-1, 1, 1)
    )
    tilt = special.logsumexp(log_joint - np.log(chance), axis=1) - special.logsumexp(log_joint, axis=0)
    kernel = density * np.exp(tilt - tilt.max(axis=1, keepdims=True))
    return grid, kernel / np.trapezoid(kernel, grid, axis=1)[:, None]


def distribution(z: Array, snr: Array, df: float, beta_p: Array) -> Array:
    """Probability that an estimate of this signal-to-noise ratio is at most z, given that it is printed.

    Examples
    --------
    The more print favours significance, the larger the estimates that an effect of 0 puts into print:

    >>> at_two = [float(distribution(np.array(2.0), np.array(0.0), 1e6, beta)) for beta in (1.0, 0.0)]
    >>> [round(p, 3) for p in at_two]
    [0.977, 0.545]
    """
    from scipy import special

    c = critical_value(df)
    below = special.stdtr(df, np.minimum(z, -c) - snr)
    between = np.where(z > -c, special.stdtr(df, np.minimum(z, c) - snr) - special.stdtr(df, -c - snr), 0.0)
    above = np.where(z > c, special.stdtr(df, z - snr) - special.stdtr(df, c - snr), 0.0)
    return np.asarray((below + beta_p * between + above) / print_probability(snr, df, beta_p))


def selected_quantiles(printed: PrintedEstimate, beta_p: Array) -> Array:
    """(B, 3) Ends of the 95% interval and, between them, the median-unbiased estimate of the effect.

    Those of Andrews and Kasy, at the middle of the standard error's rounding interval: each solves
    `distribution` (z, theta) = 1 - q for theta. They are found by bisection; where more than one theta solves
    it, as may be with few degrees of freedom, one of them is.
    """
    s = sum(printed.std_error) / 2
    z = np.full((np.size(beta_p), len(LEVELS)), printed.estimate / s)
    beta, target = np.reshape(beta_p, (-1, 1)), 1 - np.array(LEVELS)
    reach = np.ones_like(z)
    low, high = z - reach, z + reach
    for _ in range(WIDENINGS):
        low = np.where(distribution(z, low, printed.df, beta) < target, z - (reach := 2 * reach), low)
        high = np.where(distribution(z, high, printed.df, beta) > target, z + reach, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = distribution(z, middle, printed.df, beta) > target
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return (low + high) / 2 * s
