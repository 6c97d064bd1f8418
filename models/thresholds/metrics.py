"""Cross-products of columns in the metric of errors and effects, at many values of the scales at once.

A set of thresholds is weighed by the cross-products of [c | h | y] alone: c are the columns of the model
without thresholds, h those that a threshold adds. With independent errors they are sums over the strata of
the data (`Strata`); a law that correlates the errors gives them itself (`Whitened`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors.law import Whitening
from .regimes import Array, Codes

NUMBERS = 2**21  # in the largest array made for several nodes at once


@dataclass(frozen=True, eq=False)
class Nodes:
    """Values of the scales with the weight of each in the model without thresholds.

    Attributes
    ----------
    sigma, sd_entity, sd_time : (Q,) zero where there is no such scale or it does not matter
    log_weight : (Q,) log of quadrature weight times p(y, scales)
    others : (Q, L, 2) draws of sd_entity and sd_time given sigma; L = 1 where they are the node's
    errors : (Q,) each, the parameters of a law of errors beside sigma, by name
    grid : whether sigma is evenly spaced in its logarithm and the only scale that matters
    """

    sigma: Array
    sd_entity: Array
    sd_time: Array
    log_weight: Array
    others: Array
    errors: Mapping[str, Array]
    grid: bool

    def __getitem__(self, at: Codes | slice) -> Nodes:
        """Some of the nodes, in the order of `at`."""
        return Nodes(
            self.sigma[at],
            self.sd_entity[at],
            self.sd_time[at],
            self.log_weight[at],
            self.others[at],
            {name: value[at] for name, value in self.errors.items()},
            self.grid,
        )


class Metric(Protocol):
    """Cross-products of p columns [c | h | y] at nodes."""

    @property
    def size(self) -> int:
        """The number p of columns."""

    def whole(self, nodes: Nodes) -> Array:
        """(Q, p, p) Of all columns, at each node."""

    def part(self, nodes: Nodes, columns: Codes) -> Array:
        """(B, s, s) Of the columns (B, s) at the node of the same row."""


@dataclass(frozen=True, eq=False)
class Strata:
    """With independent errors: sums over strata, each over its variance.

    Attributes
    ----------
    cross : (E, p, p)
    per_entity, per_time : (E,) as in `statistics.Strata`
    """

    cross: Array
    per_entity: Array
    per_time: Array

    @property
    def size(self) -> int:
        return self.cross.shape[1]

    def whole(self, nodes: Nodes) -> Array:
        return np.tensordot(1 / self.variances(nodes), self.cross, axes=1)

    def part(self, nodes: Nodes, columns: Codes) -> Array:
        found = np.zeros((*columns.shape, columns.shape[1]))
        for cross, variance in zip(self.cross, self.variances(nodes).T, strict=True):
            found += cross[columns[:, :, None], columns[:, None, :]] / variance[:, None, None]
        return found

    def variances(self, nodes: Nodes) -> Array:
        """(Q, E) Variance of each stratum at each node."""
        sigma, entity, time = nodes.sigma[:, None], nodes.sd_entity[:, None], nodes.sd_time[:, None]
        return sigma**2 + self.per_entity * entity**2 + self.per_time * time**2


@dataclass(frozen=True, eq=False)
class Whitened:
    """With errors that a law correlates; the constant is integrated out.

    Attributes
    ----------
    law : gives the cross-products
    sums : what the law reads of the rows [1 | c | h | y - prior mean of the constant]
    constant_variance : of the constant; it may be negative, see `engine.collapsed`
    columns : their number p
    entity_effects : whether entities have effects of their own
    """

    law: Whitening
    sums: Mapping[str, Array]
    constant_variance: float
    columns: int
    entity_effects: bool

    @property
    def size(self) -> int:
        return self.columns

    def whole(self, nodes: Nodes) -> Array:
        values = {"sigma": nodes.sigma, **nodes.errors}
        H = self.law.cross_products(values, self.sums, nodes.sd_entity if self.entity_effects else None).H
        kept = self.constant_variance / (1 + self.constant_variance * H[:, 0, 0])
        return H[:, 1:, 1:] - kept[:, None, None] * H[:, 1:, :1] * H[:, :1, 1:]

    def part(self, nodes: Nodes, columns: Codes) -> Array:
        values = np.column_stack([nodes.sigma, nodes.sd_entity, nodes.sd_time, *nodes.errors.values()])
        _, first, which = np.unique(values, axis=0, return_index=True, return_inverse=True)
        found = np.empty((*columns.shape, columns.shape[1]))
        step = at_once(self.size)
        for start in range(0, len(first), step):
            H = self.whole(nodes[first[start : start + step]])
            rows = np.flatnonzero((which >= start) & (which < start + step))
            own = which[rows, None, None] - start
            found[rows] = H[own, columns[rows, :, None], columns[rows, None, :]]
        return found


def at_once(size: int) -> int:
    """How many nodes to take at once, given the number of columns."""
    return max(NUMBERS // size**2, 1)
