"""Are ranks uniform? Tests, simultaneous bands of their distribution function, and coverage.

The rank of a truth among the draws of its posterior is uniform where data were simulated from the model that
is fitted (Cook, Gelman and Rubin 2006, doi:10.1198/106186006X136976; Talts et al. 2018, arXiv:1804.06788).
Bands hold the whole empirical distribution function with probability 0.95 (Säilynoja, Bürkner and Vehtari
2022, doi:10.1007/s11222-022-10090-6); they are those of arviz-stats.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 20
BAND = 0.95
POINTS = 100
REPETITIONS = 2000
CENTRAL = (0.025, 0.975)
LEVEL = 0.01


def ranks_of(draws: Array, truth: Array) -> Array:
    """(Q,) Share of the draws (m, Q) that lie below the truth (Q,)."""
    return (draws < truth).mean(axis=0)


def summary(name: str, ranks: Array) -> dict[str, Any]:
    """What the ranks (S,) of one quantity say, as a record; ranks that are not a number are left out.

    `chi2_p` is the p-value of the chi-squared test with 20 equal bins, `ks_p` that of the Kolmogorov-Smirnov
    test. `outside` is the largest distance of the empirical distribution function beyond its simultaneous
    95% band (0: inside). `coverage` is the share of central 95% intervals that contain the truth, with its
    exact 95% interval (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).
    """
    from arviz_stats.ecdf_utils import compute_ecdf
    from scipy import stats

    known = ranks[np.isfinite(ranks)]
    size = len(known)
    counts = np.histogram(known, BINS, (0, 1))[0]
    at, low, high = limits(size)
    difference = compute_ecdf(known, at) - at
    hits = int(((known >= CENTRAL[0]) & (known <= CENTRAL[1])).sum())
    share = stats.binomtest(hits, size).proportion_ci(0.95)
    return {
        "quantity": name,
        "simulations": size,
        "mean_rank": float(known.mean()),
        "counts": counts.tolist(),
        "chi2_p": float(stats.chisquare(counts).pvalue),
        "ks_p": float(stats.kstest(known, "uniform").pvalue),
        "outside": float(np.maximum(low - difference, difference - high).max().clip(0)),
        "coverage": hits / size,
        "coverage_low": float(share.low),
        "coverage_high": float(share.high),
        "ecdf_difference": np.round(difference, 6).tolist(),
    }


@cache
def limits(size: int) -> tuple[Array, Array, Array]:
    """Points in [0, 1] and the simultaneous band of an empirical distribution function there, (g,) each.

    Both ends of the band are given less the uniform distribution function.
    """
    from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands

    at = np.arange(1, POINTS) / POINTS
    pointwise = simulate_confidence_bands(size, 1, at, BAND, REPETITIONS, np.random.default_rng(1))
    low, high = get_pointwise_confidence_band(pointwise, size, at)
    return at, low - at, high - at


def adjusted(p_values: Array) -> Array:
    """(m,) p-values adjusted for m tests (Holm 1979)."""
    order = np.argsort(p_values)
    steps = np.maximum.accumulate((len(p_values) - np.arange(len(p_values))) * p_values[order])
    found = np.empty(len(p_values))
    found[order] = np.minimum(steps, 1)
    return found
