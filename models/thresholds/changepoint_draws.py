"""Draws from an enumerated posterior: locations, scales, slopes, and effects along the threshold variable."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.interpolate import CubicSpline

from ..scale import scale_of
from .blocks import columns_above
from .changepoints import Enumerated
from .comparison import Compared
from .marginal_likelihood import Blocks, weights_of_nodes
from .metrics import Nodes
from .regimes import Array, Codes, Regimes

FINER = 8
QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True, eq=False)
class RegimeDraws:
    """Independent draws given K thresholds, on the paper's scale but for the scales.

    Attributes
    ----------
    threshold : (B, K) ascending
    coef : (B, k) coefficients of the design; that of the regressor whose slope changes is its slope below
        every threshold
    regime : (B, K + 1) its slope in each regime
    constant : (B,) mean(y) - mean(columns)' coefficients
    sigma, difference : (B,) in standard units
    """

    threshold: Array
    coef: Array
    regime: Array
    constant: Array
    sigma: Array
    difference: Array


def draw(posterior: Enumerated, thresholds: int, size: int, seed: int) -> RegimeDraws:
    """Independent draws of everything given the number of thresholds."""
    rng = np.random.default_rng([seed, thresholds])
    found = posterior.regimes[max(thresholds, 1) - 1]
    blocks = posterior.blocks[max(thresholds, 1) - 1]
    weight = posterior.weights(thresholds)
    chosen = rng.choice(weight.size, size, p=weight.ravel() / weight.sum())
    which, at = np.divmod(chosen, weight.shape[1])
    sets, tau = posterior.sets[thresholds][at], posterior.changes[which]
    nodes = _draw_nodes(posterior, blocks, tau, sets, rng)
    theta = _draw_slopes(blocks, nodes, tau, sets, rng)

    scale = scale_of(found.design)
    k = blocks.terms
    delta = theta[:, theta.shape[1] - thresholds :] * scale.unit[found.term]
    coef = theta[:, :k] * scale.unit
    steps = np.concatenate([coef[:, [found.term]], delta], axis=1)
    above = columns_above(found).mean(axis=0)
    return RegimeDraws(
        found.candidates[sets],
        coef,
        np.cumsum(steps, axis=1),
        scale.y_mean - coef @ scale.x_mean - (delta * above[sets]).sum(axis=1),
        nodes.sigma,
        tau,
    )


def draw_averaged(compared: Compared, thresholds: int, size: int, seed: int) -> RegimeDraws:
    """Independent draws given the number of thresholds, from each law of errors as often as it is likely."""
    if len(compared.laws) == 1:
        return draw(compared.posteriors[0], thresholds, size, seed)
    rng = np.random.default_rng([seed, thresholds, len(compared.laws)])
    share = rng.multinomial(size, compared.laws_given(thresholds))
    parts = [
        draw(one, thresholds, int(count), seed)
        for one, count in zip(compared.posteriors, share, strict=True)
        if count
    ]
    order = rng.permutation(size)
    return RegimeDraws(
        *(np.concatenate([getattr(p, field.name) for p in parts])[order] for field in fields(RegimeDraws))
    )


def effect_along(draws: RegimeDraws, at: Array) -> Array:
    """(B, g) The slope of the regressor at values (g,) of the threshold variable, draw by draw."""
    regime = (at[None, :, None] > draws.threshold[:, None, :]).sum(axis=2)
    return np.take_along_axis(draws.regime, regime, axis=1)


def bands(values: Array, weights: Array | None = None) -> Array:
    """(4, g) Mean and 2.5%, 50% and 97.5% points of draws (B, g), perhaps weighted (B,)."""
    if weights is None:
        weights = np.full(len(values), 1 / len(values))
    order = np.argsort(values, axis=0)
    sorted_values = np.take_along_axis(values, order, axis=0)
    reached = np.cumsum(weights[order], axis=0)
    rows = [weights @ values]
    for level in QUANTILES:
        first = (reached < level * reached[-1]).sum(axis=0)
        rows.append(np.take_along_axis(sorted_values, np.minimum(first, len(values) - 1)[None], axis=0)[0])
    return np.stack(rows)


def _draw_nodes(
    posterior: Enumerated, blocks: Blocks, tau: Array, sets: Codes, rng: np.random.Generator
) -> Nodes:
    """Scales for each draw; where sigma alone matters, it is interpolated between nodes by a spline."""
    nodes = posterior.nodes
    log_weight = weights_of_nodes(blocks, nodes, tau, sets)
    if not nodes.grid:
        return nodes[_choose(log_weight, rng)]
    log_sigma = np.log(nodes.sigma)
    fine = np.linspace(log_sigma[0], log_sigma[-1], FINER * (len(log_sigma) - 1) + 1)
    at = _choose(CubicSpline(log_sigma, log_weight, axis=0)(fine), rng)
    sigma = np.exp(fine[at] + (fine[1] - fine[0]) * rng.uniform(-0.5, 0.5, len(at)))
    zero = 0 * sigma
    return Nodes(sigma, zero, zero, zero, np.zeros((len(sigma), 1, 2)), {}, grid=True)


def _choose(log_weight: Array, rng: np.random.Generator) -> Codes:
    """(B,) One row for each column of (Q, B) log weights."""
    steps = np.cumsum(np.exp(log_weight - log_weight.max(axis=0)), axis=0)
    return (steps < rng.uniform(size=steps.shape[1]) * steps[-1]).sum(axis=0)


def _draw_slopes(blocks: Blocks, nodes: Nodes, tau: Array, sets: Codes, rng: np.random.Generator) -> Array:
    """(B, c + K) Coefficients of c, then the changes, given scales and locations: exact normal draws."""
    c, size = len(blocks.location), len(sets)
    thresholds = sets.shape[1]
    index = np.concatenate(
        [np.tile(np.arange(c), (size, 1)), c + sets, np.full((size, 1), blocks.metric.size - 1)], axis=1
    )
    H = blocks.metric.part(nodes, index)
    location = np.concatenate([blocks.location, np.zeros(thresholds)])
    spread = np.concatenate([blocks.prior_sds(nodes), np.tile(tau[:, None], (1, thresholds))], axis=1)
    precision = np.eye(c + thresholds) + spread[:, :, None] * H[:, :-1, :-1] * spread[:, None, :]
    root = np.linalg.cholesky(precision)
    target = spread * (H[:, :-1, -1] - H[:, :-1, :-1] @ location)
    half = np.linalg.solve(root, target[:, :, None]) + rng.standard_normal((size, c + thresholds, 1))
    return location + spread * np.linalg.solve(np.swapaxes(root, 1, 2), half)[:, :, 0]


def grid_along(found: Regimes, size: int = 121) -> Array:
    """(g,) Values of the threshold variable from its 1st to its 99th percentile."""
    low, high = np.quantile(found.q, [0.01, 0.99])
    return np.linspace(low, high, size)
