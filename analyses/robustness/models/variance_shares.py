"""How much of the variance of an estimate over a multiverse each choice explains: analysis of variance.

The design is a full factorial and every level of a factor has the same weight, so that the variance of the
cells is the sum of one part for each set of factors (Hoeffding 1948; Efron and Stein 1981). A factor's main
effect is its share of variance alone; the parts of larger sets are interactions. The Shapley share gives
each factor an equal part of the interactions in which it occurs (Owen 2014, doi:10.1137/130936233), so that
the shares add up to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class VarianceShares:
    """Shares of the variance of cell means, by factor.

    Attributes
    ----------
    variance : of the cells, every cell weighing alike
    alone : main effects; with `interactions` they add up to 1
    shapley : with equal parts of the interactions; they add up to 1
    interactions : share of no factor alone
    """

    variance: float
    alone: dict[str, float]
    shapley: dict[str, float]
    interactions: float


def variance_shares(cells: Array, factors: Sequence[str]) -> VarianceShares:
    """Decompose the variance of a full factorial.

    Parameters
    ----------
    cells : one axis a factor, in the order of `factors`
    """
    axes = range(len(factors))
    subsets = list(chain.from_iterable(combinations(axes, size) for size in range(1, len(factors) + 1)))
    part: dict[tuple[int, ...], float] = {}
    for subset in subsets:
        explained = cells.mean(axis=tuple(a for a in axes if a not in subset)).var()
        inner = (part[s] for s in subsets if len(s) < len(subset) and set(s) < set(subset))
        part[subset] = float(explained) - sum(inner)
    variance = float(cells.var())
    if variance <= 1e-24 * float((cells**2).mean()):  # rounding: nothing moves
        nothing = dict.fromkeys(factors, 0.0)
        return VarianceShares(0.0, nothing, dict(nothing), 0.0)
    alone = {name: part[(a,)] / variance for a, name in enumerate(factors)}
    shapley = {
        name: sum(part[s] / len(s) for s in subsets if a in s) / variance for a, name in enumerate(factors)
    }
    return VarianceShares(variance, alone, shapley, max(0.0, 1.0 - sum(alone.values())))
