"""A second round of importance sampling, whose proposal is made of the draws of the first.

A scale near 0 frees the correlation that belongs to it, so that no one ellipse covers both. A mixture of
Student t's about the draws of the first round takes the shape that these have (Cappe, Guillin, Marin and
Robert 2004, doi:10.1198/106186004X12803).
"""

from __future__ import annotations

from math import lgamma, log, pi

import numpy as np

from ..scale import Array
from .importance import PROPOSALS, Density, Direct, _resample
from .psis import log_sum_exp, psis

CONTENT = 0.5  # k-hat at which draws are left as they are
ROUNDS, CENTRES, WIDTH, NU = 3, 300, 0.7, 4.0


def second_round(density: Density, at: int, first: Direct, draws: int, seed: int) -> None:
    """Replace the draws and diagnostics of problem `at`; repeat until its k-hat is low, three times at most.

    Parameters
    ----------
    density : of this problem alone, (1, B, d) -> (1, B)
    """
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        points, log_q = _mixture(first.points[at], PROPOSALS * draws, rng)
        log_p = density(points[None])
        log_ratios = np.where(np.isfinite(log_p), log_p, -np.inf) - log_q
        log_weights, k_hat = psis(log_ratios)
        weights = np.exp(log_weights)
        chosen, ess = _resample(weights, draws, rng)
        first.points[at], first.k_hat[at], first.ess[at] = points[chosen[0]], k_hat[0], ess[0]
        first.log_marginal[at] = log_sum_exp(log_ratios)[0] - np.log(len(points))
        first.log_marginal_error[at] = np.sqrt(max((weights**2).sum() - 1 / len(points), 0.0))
        if k_hat[0] <= CONTENT:
            return


def _mixture(draws: Array, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Points (size, d) of a mixture of t's about some of the draws, and its log-density there."""
    d = draws.shape[1]
    root = WIDTH * np.linalg.cholesky(np.cov(draws.T).reshape(d, d) + 1e-10 * np.eye(d))
    centres = draws[rng.permutation(len(draws))[:CENTRES]]
    z = rng.standard_normal((size, d)) * np.sqrt(NU / rng.chisquare(NU, (size, 1)))
    points = centres[np.arange(size) % len(centres)] + z @ root.T
    here, there = (np.linalg.solve(root, x.T).T for x in (points, centres))
    log_t = lgamma((NU + d) / 2) - lgamma(NU / 2) - d / 2 * log(NU * pi) - np.log(np.diag(root)).sum()
    apart = ((here[:, None] - there) ** 2).sum(axis=2)
    return points, log_sum_exp(log_t - (NU + d) / 2 * np.log1p(apart / NU)) - np.log(len(centres))
