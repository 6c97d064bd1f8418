"""Pareto smoothing of importance weights (Vehtari, Simpson, Gelman, Yao and Gabry 2024, arXiv:1507.02646).

The same numbers as `arviz_stats`, for many problems at once and without its imports.
"""

from __future__ import annotations

import numpy as np

from .sums import Array

PRIOR_BS, PRIOR_K = 3.0, 10.0


def psis(log_ratios: Array) -> tuple[Array, Array]:
    """Smooth the largest importance ratios of each problem by a generalised Pareto distribution.

    Parameters
    ----------
    log_ratios : (D, S) target minus proposal; up to a constant for each problem

    Returns
    -------
    log_weights : (D, S) normalised to sum to 1
    k_hat : (D,) the estimated tail shape; above 0.7 the weights cannot be trusted
    """
    size = log_ratios.shape[1]
    tail = int(3 * size**0.5) if size > 225 else size // 5
    values = log_ratios - log_ratios.max(axis=1, keepdims=True)
    order = np.argpartition(values, size - tail - 1, axis=1)[:, size - tail - 1 :]
    largest = np.take_along_axis(values, order, 1)
    inner = np.argsort(largest, axis=1)
    order, largest = np.take_along_axis(order, inner, 1), np.take_along_axis(largest, inner, 1)

    cutoff = np.maximum(np.exp(largest[:, :1]), np.finfo(float).tiny)
    exceedances = np.exp(largest[:, 1:]) - cutoff
    k_hat, sigma = _pareto_fit(exceedances)
    at = (np.arange(tail) + 0.5) / tail
    k, s = k_hat[:, None], sigma[:, None]
    smoothed = np.log(cutoff + s * np.expm1(-k * np.log1p(-at)) / k)
    usable = np.isfinite(k) & np.isfinite(s)
    np.put_along_axis(values, order[:, 1:], np.where(usable, np.minimum(smoothed, 0.0), largest[:, 1:]), 1)
    return values - log_sum_exp(values)[:, None], k_hat


def leave_out_elpd(densities: Array) -> tuple[Array, Array]:
    """PSIS-LOO of each of n units: log predictive density (n,), from densities (S, n), and k-hat (n,)."""
    weights, k_hat = psis(-densities.T)
    return log_sum_exp(weights + densities.T), k_hat


def log_sum_exp(values: Array) -> Array:
    """(D, S) -> (D,)"""
    top = values.max(axis=1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(axis=1, keepdims=True)))[:, 0]


def _pareto_fit(x: Array) -> tuple[Array, Array]:
    """Shape and scale of a generalised Pareto distribution from sorted exceedances (D, M).

    The empirical Bayes estimate of Zhang and Stephens (2009), doi:10.1198/tech.2009.08017.
    """
    size = x.shape[1]
    grid = 30 + int(size**0.5)
    quartile = x[:, int(size / 4 + 0.5) - 1, None]
    with np.errstate(all="ignore"):
        b = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (PRIOR_BS * quartile) + 1 / x[:, -1:]
        k = np.stack([np.log1p(-b[:, j, None] * x).mean(axis=1) for j in range(grid)], axis=1)
        score = size * (np.log(-b / k) - k - 1)
        weight = np.exp(score - score.max(axis=1, keepdims=True))
        weight = np.where(weight / weight.sum(axis=1, keepdims=True) >= 10 * np.finfo(float).eps, weight, 0)
        best = (b * weight).sum(axis=1) / weight.sum(axis=1)
        shape = np.log1p(-best[:, None] * x).mean(axis=1)
        sigma = -shape / best
        k_hat = (size * shape + PRIOR_K * 0.5) / (size + PRIOR_K)
    degenerate = quartile[:, 0] <= x[:, 0]
    k_hat = np.where(degenerate, np.nan, np.where(np.isnan(k_hat), np.inf, k_hat))
    return k_hat, sigma
