"""Independent draws from a posterior of a few scales, for many problems at once.

Newton's method finds the mode; a split Student t about it (Geweke 1989, doi:10.2307/1913710) follows the
curvature and, along each principal axis and on each side, the fall of the log-density, so that a
scale near 0, whose logarithm has a long left tail, is covered; Pareto-smoothed importance weights
correct the rest and say whether they can be trusted; systematic resampling leaves draws of equal weight.

Everything here sees the density as a function of batches of points, one batch for each problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .psis import log_sum_exp, psis
from .sums import Array

Density = Callable[[Array], Array]  # (D, B, d) -> (D, B)

MAX_K_HAT = 0.7
PROPOSALS = 3
NU = 3.0  # heavier tails than the fit needs: with 5, k-hat rises where two scales are near 0 at once
START = (-4.0, -1.5, 0.0)
SEARCHED = 4  # coordinates whose starts are crossed; further ones start at 0
STEPS = 60
CLIMB_LEFT = 1e-4
LONGEST = 2.0
FLATTEST = 0.1
SHORTER = (0.5, 0.2, 0.05, 0.01)
AXIS = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])


class Proposal(NamedTuple):
    """A split t for each problem.

    Attributes
    ----------
    mode : (D, d)
    root : (D, d, d) columns are the principal axes, one curvature standard deviation long
    sides : (D, 2, d) factors of the length of each axis below and above the mode
    """

    mode: Array
    root: Array
    sides: Array


@dataclass(frozen=True, eq=False)
class Direct:
    """Draws of equal weight from each problem.

    Attributes
    ----------
    points : (D, m, d)
    k_hat : (D,) above `MAX_K_HAT` (or not a number) the draws are not to be used: run NUTS
    ess : (D,) number of independent draws that would estimate a mean as well
    log_marginal : (D,) log of the integral of the density
    log_marginal_error : (D,) its Monte Carlo standard error
    """

    points: Array
    k_hat: Array
    ess: Array
    log_marginal: Array
    log_marginal_error: Array

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """(D,) Whether the draws can be used."""
        return self.k_hat <= MAX_K_HAT


def sample(density: Density, count: int, d: int, draws: int, seed: int) -> Direct:
    """Draw from `count` unnormalised densities over (d,), by mode, split t and importance resampling.

    All problems share their random numbers, which sharpens comparisons between them.
    """
    rng = np.random.default_rng(seed)
    points, log_q = propose(fit_proposal(density, *find_mode(density, count, d)), PROPOSALS * draws, rng)
    log_p = density(points)
    log_ratios = np.where(np.isfinite(log_p), log_p, -np.inf) - log_q
    log_weights, k_hat = psis(log_ratios)
    weights = np.exp(log_weights)
    chosen, ess = _resample(weights, draws, rng)
    size = points.shape[1]
    relative = np.maximum((weights**2).sum(axis=1) - 1 / size, 0)
    return Direct(
        np.take_along_axis(points, chosen[:, :, None], 1),
        k_hat,
        ess,
        log_sum_exp(log_ratios) - np.log(size),
        np.sqrt(relative),
    )


def find_mode(density: Density, count: int, d: int) -> tuple[Array, Array]:
    """Mode (D, d) and root (D, d, d) of the inverse negative Hessian there, by Newton's method.

    Derivatives are central differences at about a third of a standard deviation, for which 64 bits are
    ample and the density is all that has to be compiled. Steps that do not climb are shortened.
    """
    first = np.stack(np.meshgrid(*[START] * min(d, SEARCHED), indexing="ij"), axis=-1).reshape(
        -1, min(d, SEARCHED)
    )
    start = np.pad(first, ((0, 0), (0, d - first.shape[1])))
    stencil = _stencil(d)
    shorter = np.array(SHORTER)[:, None]

    def around(x: Array, h: Array) -> Array:
        return x[:, None] + h[:, None] * stencil

    values = _finite(density(np.broadcast_to(start, (count, *start.shape))))
    x, h = start[values.argmax(axis=1)], np.full((count, d), 0.05)
    values = _finite(density(around(x, h)))
    for _ in range(STEPS):
        gradient, precision, axes = _curvature(values, h)
        step = np.einsum("nij,nj,nkj,nk->ni", axes, 1 / precision, axes, gradient)
        moving = np.einsum("ni,ni->n", gradient, step) > CLIMB_LEFT
        if not moving.any():
            break
        step *= np.minimum(1, LONGEST / np.abs(step).max(axis=1, keepdims=True))
        h_next = np.clip(0.3 * np.sqrt((axes**2 / precision[:, None]).sum(axis=2)), 1e-6, 0.1)
        trial = np.concatenate([around(x + step, h_next), x[:, None] + shorter * step[:, None]], axis=1)
        tried = _finite(density(trial))
        climbed = tried[:, 0] >= values[:, 0]
        short = np.concatenate([values[:, :1], tried[:, len(stencil) :]], axis=1).argmax(axis=1)
        fraction = np.where(climbed, 1.0, np.concatenate([[0.0], SHORTER])[short])
        x = np.where(moving[:, None], x + fraction[:, None] * step, x)
        h = np.where(moving[:, None], np.where(climbed[:, None], h_next, h / 2), h)
        again = moving & ~climbed
        values = np.where((moving & climbed)[:, None], tried[:, : len(stencil)], values)
        if again.any():
            values = np.where(again[:, None], _finite(density(around(x, h))), values)
    _, precision, axes = _curvature(values, h)
    return x, axes / np.sqrt(precision)[:, None]


def fit_proposal(density: Density, mode: Array, root: Array) -> Proposal:
    """Stretch each half-axis so that a Gaussian of its length nowhere falls faster than the density."""
    count, d = mode.shape
    sign = np.array([-1.0, 1.0])[:, None, None, None]
    moves = np.moveaxis(root, 1, 2)[:, None, :, None] * AXIS[:, None] * sign  # (D, 2, d, A, d)
    points = np.concatenate([mode[:, None], (mode[:, None, None, None] + moves).reshape(count, -1, d)], 1)
    values = _finite(density(points))
    fall = (values[:, :1] - values[:, 1:]).reshape(count, 2, d, len(AXIS))
    sides = (AXIS / np.sqrt(2 * np.maximum(fall, 1e-2))).max(axis=3)
    return Proposal(mode, root, np.clip(sides, 0.5, 5.0))


def propose(proposal: Proposal, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Points (D, size, d) and their log-density under the proposal."""
    from math import lgamma, log, pi

    mode, root, sides = proposal
    d = mode.shape[1]
    z = np.abs(rng.standard_normal((size, d))) * np.sqrt(NU / rng.chisquare(NU, (size, 1)))
    total = sides.sum(axis=1)
    above = rng.uniform(size=(size, d)) < (sides[:, 1] / total)[:, None]
    moves = z * np.where(above, sides[:, 1, None], -sides[:, 0, None])
    points = mode[:, None] + moves @ np.moveaxis(root, 1, 2)
    log_t = lgamma((NU + d) / 2) - lgamma(NU / 2) - d / 2 * log(NU * pi)
    log_t = log_t - (NU + d) / 2 * np.log1p((z**2).sum(axis=1) / NU)
    volume = np.log(total / 2).sum(axis=1) + np.linalg.slogdet(root)[1]
    return points, log_t - volume[:, None]


def _resample(weights: Array, draws: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], Array]:
    """Systematic resampling in random order: indices (D, draws), and effective sample size (D,).

    A mean of the draws varies by the weights (sum of w^2) and by the rounding of draws x weights to
    whole counts (sum of f (1 - f) / draws^2, f the fractional parts).
    """
    size = weights.shape[1]
    order = rng.permutation(size)
    steps = np.cumsum(weights[:, order], axis=1)
    at = (np.arange(draws) + rng.uniform()) / draws
    chosen = np.stack([np.searchsorted(row / row[-1], at) for row in steps])
    chosen = order[np.minimum(chosen, size - 1)]
    part = (draws * weights) % 1
    variance = (weights**2).sum(axis=1) + (part * (1 - part)).sum(axis=1) / draws**2
    return chosen[:, rng.permutation(draws)], 1 / variance


def _stencil(d: int) -> Array:
    """(1 + 2d + d(d-1), d) The centre, both ways along every axis, and both ways along every pair."""
    i, j = np.triu_indices(d, 1)
    unit = np.eye(d)
    pairs = unit[i] + unit[j]
    return np.concatenate([np.zeros((1, d)), unit, -unit, pairs, -pairs])


def _curvature(values: Array, h: Array) -> tuple[Array, Array, Array]:
    """Gradient (D, d), and eigenvalues (D, d) and axes (D, d, d) of the negative Hessian, made positive."""
    d = h.shape[1]
    i, j = np.triu_indices(d, 1)
    centre, up, down = values[:, 0], values[:, 1 : 1 + d], values[:, 1 + d : 1 + 2 * d]
    both, neither = np.split(values[:, 1 + 2 * d :], 2, axis=1)
    hessian = np.zeros((*h.shape, d))
    hessian[:, range(d), range(d)] = (up + down - 2 * centre[:, None]) / h**2
    mixed = both + neither + 2 * centre[:, None] - up[:, i] - up[:, j] - down[:, i] - down[:, j]
    hessian[:, i, j] = hessian[:, j, i] = mixed / (2 * h[:, i] * h[:, j])
    precision, axes = np.linalg.eigh(-hessian)
    return (up - down) / (2 * h), np.maximum(np.abs(precision), FLATTEST), axes


def _finite(values: Array) -> Array:
    """Where the density cannot be evaluated it is as good as zero."""
    return np.where(np.isfinite(values), values, -1e30)
