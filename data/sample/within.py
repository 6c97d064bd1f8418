"""The within transformation, exact for unbalanced panels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Split(NamedTuple):
    """X = mean + entity part + time part + within part, the last orthogonal to every dummy.

    Attributes
    ----------
    within : (n, k)
    entity : (N, k), zero where there are no entity effects
    time : (T, k), zero where there are no time effects
    mean : (k,)
    """

    within: Array
    entity: Array
    time: Array
    mean: Array


def split(
    X: Array, entity: NDArray[np.int64], time: NDArray[np.int64], by_entity: bool, by_time: bool
) -> Split:
    """Project columns on entity and time dummies and take the residual.

    Two-way: entity dummies are swept out first, and the T x T normal equations of the swept time
    dummies are solved (Wansbeek and Kapteyn 1989), so one pass is exact whatever the gaps.

    Parameters
    ----------
    X : (n, k)
    entity, time : (n,) integer codes without gaps
    """
    mean = X.mean(axis=0)
    centred = X - mean
    n_entity, n_time = int(entity.max()) + 1, int(time.max()) + 1
    at = np.zeros((n_time, X.shape[1]))
    if by_time:
        rows = np.zeros((n_entity, n_time))
        np.add.at(rows, (entity, time), 1.0)
        swept = centred - _means(centred, entity, n_entity)[entity] if by_entity else centred
        gram: Array = np.diag(rows.sum(axis=0))
        if by_entity:
            gram = gram - rows.T @ (rows / rows.sum(axis=1, keepdims=True))
        sums = np.zeros_like(at)
        np.add.at(sums, time, swept)
        at = np.linalg.lstsq(gram, sums, rcond=None)[0]
        at = at - at[time].mean(axis=0)
    of = _means(centred - at[time], entity, n_entity) if by_entity else np.zeros((n_entity, X.shape[1]))
    return Split(centred - at[time] - of[entity], of, at, mean)


def _means(X: Array, codes: NDArray[np.int64], size: int) -> Array:
    sums = np.zeros((size, X.shape[1]))
    np.add.at(sums, codes, X)
    return sums / np.bincount(codes, minlength=size)[:, None]
