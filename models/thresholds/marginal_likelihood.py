"""The log marginal likelihood of sets of thresholds, relative to none, at many values of the scales.

The model is a Gaussian panel model; its coefficients and effects are integrated out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .metrics import Metric, Nodes, at_once
from .regimes import Array, Codes

NUMBERS = 2**14  # in the largest array of one step: what a processor's cache holds


@dataclass(frozen=True, eq=False)
class Blocks:
    """Cross-products of [c | h | y], and the priors of the coefficients of c.

    Attributes
    ----------
    metric : gives the cross-products at any nodes
    location, prior_sd : (c,) prior means and standard deviations; those of time effects in units of sd_time
    by_time : (c,) 1 where a column of c is a time effect
    terms : how many of the c are slopes
    """

    metric: Metric
    location: Array
    prior_sd: Array
    by_time: Array
    terms: int

    def prior_sds(self, nodes: Nodes) -> Array:
        """(Q, c) Prior standard deviation of each coefficient at each node."""
        return self.prior_sd * np.where(self.by_time > 0, nodes.sd_time[:, None], 1.0)


def log_marginals(blocks: Blocks, nodes: Nodes, changes: Array, sets: Codes) -> Array:
    """(G, P) log of the integral over the scales of p(y, scales | set, tau)."""
    total = np.full((len(changes), len(sets)), -np.inf)
    for some, S, r in _swept(blocks, nodes):
        size = max(NUMBERS // (len(S) * len(changes)), 1)
        for start in range(0, len(sets), size):
            at = slice(start, start + size)
            each = _gain(S, r, sets[at], changes[:, None]) + some.log_weight[:, None, None]
            top = each.max(axis=0)
            own = top + np.log(np.exp(each - top).sum(axis=0))
            total[:, at] = np.logaddexp(total[:, at], own)
    return total


def weights_of_nodes(blocks: Blocks, nodes: Nodes, changes: Array, sets: Codes) -> Array:
    """(Q, B) log p(y, scales | set, tau) at every node, for sets (B, K) each with its own tau (B,)."""
    parts = [
        some.log_weight[:, None] + _gain(S, r, sets, changes[None])[:, 0]
        for some, S, r in _swept(blocks, nodes)
    ]
    return np.concatenate(parts)


def _swept(blocks: Blocks, nodes: Nodes) -> Iterator[tuple[Nodes, Array, Array]]:
    """Some nodes at a time with S (Q, m, m) and r (Q, m): h and y once c is projected out."""
    c, step = len(blocks.location), at_once(blocks.metric.size)
    for start in range(0, len(nodes.sigma), step):
        some = nodes[slice(start, start + step)]
        H, sd = blocks.metric.whole(some), blocks.prior_sds(some)[:, :, None]
        target = H[:, :-1, -1] - H[:, :-1, :c] @ blocks.location
        root = np.linalg.cholesky(np.eye(c) + sd * H[:, :c, :c] * sd.swapaxes(1, 2))
        side = np.concatenate([H[:, :c, c:-1], target[:, :c, None]], axis=2)
        half = np.linalg.solve(root, sd * side)
        taken = half[:, :, :-1].swapaxes(1, 2) @ half
        yield some, H[:, c:-1, c:-1] - taken[:, :, :-1], target[:, c:] - taken[:, :, -1]


def _gain(S: Array, r: Array, sets: Codes, tau: Array) -> Array:
    """(Q, G, P) Change of the log marginal likelihood by a set, by a Cholesky factor without square roots.

    Parameters
    ----------
    S, r : (Q, m, m), (Q, m)
    sets : (P, K)
    tau : (G, 1), or (1, P) where each set has its own
    """
    m, ridge = S.shape[1], tau**-2.0  # the factor is that of S + I / tau^2, whose diagonal alone knows tau
    flat = S.reshape(len(S), -1)
    rows: list[list[Array]] = []  # of L D, with L D L' the matrix
    over: list[list[Array]] = []  # of L
    solved: list[Array] = []
    square, determinant = np.zeros((len(S), 1, 1)), np.ones((len(S), 1, 1))
    for i in range(sets.shape[1]):
        rows.append([])
        over.append([])
        for j in range(i + 1):
            value = flat[:, None, sets[:, i] * m + sets[:, j]]
            if i == j:
                value = value + ridge
            for k in range(j):
                value = value - over[i][k] * rows[j][k]
            rows[i].append(value)
            if j < i:
                over[i].append(value / rows[j][j])
        value = r[:, None, sets[:, i]]
        for k in range(i):
            value = value - over[i][k] * solved[k]
        solved.append(value)
        square = square + value**2 / rows[i][i]
        determinant = determinant * rows[i][i]
    return 0.5 * (square - np.log(determinant) + sets.shape[1] * np.log(ridge))
