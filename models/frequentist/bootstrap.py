"""Cluster bootstrap of the frequentist mediation, all replicates at once.

In a replicate the weight of a row is how often its cluster was drawn. Effects are projected out of weighted
cross-products: entities by sums over their rows, times by the normal equations that remain
(`data.sample.within` does the same for one unweighted sample). No replicate therefore reads the rows again.
An entity that is drawn twice counts as one entity with doubled rows; copies with effects of their own would
give the same estimates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.sample.design import Design
from ..scale import Array

REPLICATES = 1000
CHUNK = 20_000_000
SINGULAR = 1e-10


class Bootstrap(NamedTuple):
    """Replicates of a, b (R,) and the direct effect; not numbers where a sample could not be estimated."""

    a: Array
    b: Array
    direct: Array

    @property
    def indirect(self) -> Array:
        return self.a * self.b


def bootstrap(
    design: Design,
    treatment: str,
    mediator: str,
    clusters: NDArray[np.int64],
    seed: int,
    replicates: int = REPLICATES,
) -> Bootstrap:
    """Resample clusters with replacement and estimate a, b and the direct effect by least squares.

    Parameters
    ----------
    clusters : (n,) codes of the clusters; the rows' own numbers resample rows
    """
    count = int(clusters.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=replicates)
    return weighted(design, treatment, mediator, drawn[:, clusters].astype(float))


def weighted(design: Design, treatment: str, mediator: str, weights: Array) -> Bootstrap:
    """a, b and the direct effect of weighted samples.

    Parameters
    ----------
    weights : (R, n)
    """
    other = [j for j, t in enumerate(design.terms) if t not in (treatment, mediator)]
    at = [design.terms.index(treatment), *other, design.terms.index(mediator)]
    data = np.column_stack([design.X[:, at], design.y])
    data = (data - data.mean(axis=0)) / data.std(axis=0)
    size = max(1, CHUNK // (design.n * (data.shape[1] + len(design.times))))
    parts = [cross_products(design, data, weights[i : i + size]) for i in range(0, len(weights), size)]
    cross = np.concatenate(parts)
    k = cross.shape[1] - 2  # treatment and controls, then mediator and outcome
    determined = np.linalg.eigvalsh(cross[:, :-1, :-1])[:, 0] > SINGULAR * design.n
    cross = np.where(determined[:, None, None], cross, np.eye(k + 2))
    a = np.linalg.solve(cross[:, :k, :k], cross[:, :k, k : k + 1])[:, 0, 0]
    slopes = np.linalg.solve(cross[:, :-1, :-1], cross[:, :-1, -1:])[..., 0]
    sd_x, sd_m = design.X[:, at[0]].std(), design.X[:, at[-1]].std()
    nothing = np.where(determined, 1.0, np.nan)
    return Bootstrap(
        nothing * a * sd_m / sd_x,
        nothing * slopes[:, -1] * design.y.std() / sd_m,
        nothing * slopes[:, 0] * design.y.std() / sd_x,
    )


def cross_products(design: Design, data: Array, weights: Array) -> Array:
    """(R, q, q) Weighted cross-products of data (n, q) after effects, or the constant, are swept out."""
    q = data.shape[1]
    blocks = [data]
    if design.time_effects:
        blocks.append(np.eye(len(design.times))[design.time])
    if not design.entity_effects:
        blocks.append(np.ones((design.n, 1)))
    V = np.hstack(blocks)
    cross = (V.T * weights[:, None, :]) @ V
    if design.entity_effects:
        order = np.argsort(design.entity, kind="stable")
        starts = np.searchsorted(design.entity[order], np.arange(len(design.entities)))
        sums = np.add.reduceat(weights[:, order, None] * V[order], starts, axis=1)
        rows = np.add.reduceat(weights[:, order], starts, axis=1)
        scaled = sums / np.sqrt(np.maximum(rows, SINGULAR))[:, :, None]
        cross = cross - np.swapaxes(scaled, 1, 2) @ scaled
    if V.shape[1] > q:
        swept = np.linalg.pinv(cross[:, q:, q:], rcond=1e-10, hermitian=True)
        cross = cross[:, :q, :q] - cross[:, :q, q:] @ swept @ cross[:, q:, :q]
    return cross
