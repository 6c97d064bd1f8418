"""The log marginal likelihood of sets of thresholds, relative to none, at many values of the scales.

The model is a Gaussian panel model; its coefficients and effects are integrated out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..engine.sampling import prepare
from .regimes import Array, Codes

ROUND, FEW = 8192, 64  # sizes are rounded up to multiples: one compiled program serves many panels


@dataclass(frozen=True, eq=False)
class Nodes:
    """Values of the scales with the weight of each in the model without thresholds.

    Attributes
    ----------
    sigma, sd_entity, sd_time : (Q,) zero where there is no such scale or it does not matter
    log_weight : (Q,) log of quadrature weight times p(y, scales)
    others : (Q, L, 2) draws of sd_entity and sd_time given sigma; L = 1 where they are the node's
    """

    sigma: Array
    sd_entity: Array
    sd_time: Array
    log_weight: Array
    others: Array


@dataclass(frozen=True, eq=False)
class Blocks:
    """Cross-products of [c | h | y] in the strata of the data, and the priors of the coefficients of c.

    Attributes
    ----------
    cross : (E, c + m + 1, c + m + 1)
    per_entity, per_time : (E,) as in `statistics.Strata`
    location, prior_sd : (c,) prior means and standard deviations; those of time effects in units of sd_time
    by_time : (c,) 1 where a column of c is a time effect
    terms : how many of the c are slopes
    """

    cross: Array
    per_entity: Array
    per_time: Array
    location: Array
    prior_sd: Array
    by_time: Array
    terms: int

    def variances(self, nodes: Nodes) -> Array:
        """(Q, E) Variance of each stratum at each node."""
        sigma, entity, time = nodes.sigma[:, None], nodes.sd_entity[:, None], nodes.sd_time[:, None]
        return sigma**2 + self.per_entity * entity**2 + self.per_time * time**2

    def prior_sds(self, nodes: Nodes) -> Array:
        """(Q, c) Prior standard deviation of each coefficient at each node."""
        return self.prior_sd * np.where(self.by_time > 0, nodes.sd_time[:, None], 1.0)


def log_marginals(blocks: Blocks, nodes: Nodes, changes: Array, sets: Codes) -> Array:
    """(G, P) log of the integral over the scales of p(y, scales | set, tau)."""
    each = (blocks.variances(nodes), blocks.prior_sds(nodes), nodes.log_weight)
    step = ROUND if len(sets) > ROUND else FEW
    rounded = np.resize(sets, (-(-len(sets) // step) * step, sets.shape[1]))
    found = _programs()["log_marginals"](_rounded(blocks.cross), blocks.location, each, changes, rounded)
    return np.asarray(found)[:, : len(sets)]


def weights_of_nodes(blocks: Blocks, nodes: Nodes, changes: Array, sets: Codes) -> Array:
    """(Q, B) log p(y, scales | set, tau) at every node, for sets (B, K) each with its own tau (B,)."""
    each = (blocks.variances(nodes), blocks.prior_sds(nodes), nodes.log_weight)
    size = max(FEW, 1 << (len(sets) - 1).bit_length())
    changes, rounded = np.resize(changes, size), np.resize(sets, (size, sets.shape[1]))
    found = _programs()["nodes"](_rounded(blocks.cross), blocks.location, each, changes, rounded)
    return np.asarray(found)[:, : len(sets)]


def _rounded(cross: Array) -> Array:
    """The cross-products with columns of zeros before y: panels of similar size then share a program."""
    size = cross.shape[1]
    wide = -(-size // FEW) * FEW
    kept = np.r_[: size - 1, wide - 1]
    found = np.zeros((len(cross), wide, wide))
    found[:, kept[:, None], kept] = cross
    return found


@cache
def _programs() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    prepare("cpu")

    def swept(cross: Any, location: Any, variance: Any, prior_sd: Any) -> tuple[Any, Any]:
        """S (m, m) and r (m,) at one value of the scales."""
        c = len(location)
        H = jnp.tensordot(1 / variance, cross, axes=1)
        target = H[:-1, -1] - H[:-1, :c] @ location
        root = jnp.linalg.cholesky(jnp.eye(c) + prior_sd[:, None] * H[:c, :c] * prior_sd)
        half = solve_triangular(root, prior_sd[:, None] * H[:c, c:-1], lower=True)
        seen = solve_triangular(root, prior_sd * target[:c], lower=True)
        return H[c:-1, c:-1] - half.T @ half, target[c:] - half.T @ seen

    def gain(S: Any, r: Any, sets: Any, tau: Any) -> Any:
        """(P,) Change of the log marginal likelihood by a set, by a Cholesky factor without square roots."""
        size = sets.shape[1]
        rows: list[list[Any]] = []  # of L D, with L D L' the matrix
        solved: list[Any] = []
        square, determinant = jnp.zeros(len(sets)), jnp.ones(len(sets))
        for i in range(size):
            rows.append([])
            for j in range(i + 1):
                value = tau**2 * S[sets[:, i], sets[:, j]] + (i == j)
                for k in range(j):
                    value = value - rows[i][k] * rows[j][k] / rows[k][k]
                rows[i].append(value)
            value = tau * r[sets[:, i]]
            for k in range(i):
                value = value - rows[i][k] * solved[k] / rows[k][k]
            solved.append(value)
            square = square + value**2 / rows[i][i]
            determinant = determinant * rows[i][i]
        return 0.5 * (square - jnp.log(determinant))

    def log_marginals(cross: Any, location: Any, each: Any, changes: Any, sets: Any) -> Any:
        def step(carry: Any, node: Any) -> tuple[Any, None]:
            variance, prior_sd, log_weight = node
            S, r = swept(cross, location, variance, prior_sd)
            add = jax.vmap(lambda tau: gain(S, r, sets, tau))(changes)
            return jnp.logaddexp(carry, log_weight + add), None

        start = jnp.full((len(changes), len(sets)), -jnp.inf)
        return jax.lax.scan(step, start, each)[0]

    def by_node(cross: Any, location: Any, each: Any, changes: Any, sets: Any) -> Any:
        def step(_: None, node: Any) -> tuple[None, Any]:
            variance, prior_sd, log_weight = node
            S, r = swept(cross, location, variance, prior_sd)
            return None, log_weight + gain(S, r, sets, changes)

        return jax.lax.scan(step, None, each)[1]

    return {"log_marginals": jax.jit(log_marginals), "nodes": jax.jit(by_node)}
