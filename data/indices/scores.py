"""From weighted indicators to a number a row: TOPSIS, coupling-coordination, parts of the trade composite."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]

Distance = Literal["none", "vector", "minmax"]


def topsis(
    X: Array,
    weights: Array,
    negative: NDArray[np.bool_] | None = None,
    distance: Distance = "vector",
    mass: Array | None = None,
) -> Array:
    """TOPSIS: Euclidean nearness of each row to the best values against the worst (Hwang and Yoon 1981,
    doi:10.1007/978-3-642-48318-9), with each column weighted after normalisation.

    Parameters
    ----------
    X : (n, k), or (D, n, k)
    weights : (k,), or (D, k)
    distance : columns are divided by their Euclidean length (vector), taken to [0, 1] (minmax), or left
        as they are (none)

    Returns
    -------
    (n,), or (D, n): 1 at the best values of all columns, 0 at the worst
    """
    sign = 1.0 if negative is None else np.where(negative, -1.0, 1.0)
    R = X * sign
    low, high = R.min(axis=-2, keepdims=True), R.max(axis=-2, keepdims=True)
    if (low == high).all(axis=-1).any():
        raise InputError(
            "every indicator is constant, so that TOPSIS has no best and worst; check the columns."
        )
    if distance == "vector":
        length = np.sqrt(X.shape[-2] * column_mean(X**2, mass))[..., None, :]
    elif distance == "minmax":
        length = high - low
    else:
        length = np.ones_like(high)
    length = np.where(length == 0, 1.0, length)
    weighted = (weights / length[..., 0, :]) ** 2
    to_best = np.sqrt(weighted_sum((R - high) ** 2, weighted))
    to_worst = np.sqrt(weighted_sum((R - low) ** 2, weighted))
    return to_worst / (to_best + to_worst)


def coupling_coordination(U: Array, weights: Array | None = None) -> Array:
    """Coupling-coordination degree sqrt(C T) of m indices in [0, 1], (..., m) -> (...).

    C is their geometric over their arithmetic mean, T their weighted mean (equal weights where
    omitted). Where all are 0 it is 0.
    """
    if ((U < 0) | (U > 1)).any():
        raise InputError("coupling takes indices between 0 and 1; standardise them first.")
    mean = U.mean(axis=-1)
    geometric = np.prod(U, axis=-1) ** (1 / U.shape[-1])
    coupling = np.where(mean == 0, 0.0, geometric / np.where(mean == 0, 1.0, mean))
    level = mean if weights is None else U @ weights
    return np.sqrt(coupling * level)


def trade_parts(exports: Array, imports: Array, gdp: Array) -> tuple[Array, Array]:
    """Trade scale (exports + imports) / GDP and the trade-competitiveness index (exports - imports) /
    (exports + imports), the parts of the trade composite of bashlai-2026 (section 2.2.3).
    """
    total = exports + imports
    if (total <= 0).any() or (gdp <= 0).any():
        raise InputError("trade and GDP must be above 0 in every row; correct or drop the rows.")
    return total / gdp, (exports - imports) / total


def weighted_sum(Z: Array, weights: Array) -> Array:
    """Rows of Z (n, k) or (D, n, k) by weights (k,) or (D, k): (n,) or (D, n)."""
    return weights @ Z.T if Z.ndim == 2 else (Z @ weights[..., None])[..., 0]


def column_mean(Z: Array, mass: Array | None) -> Array:
    """Column means, (..., k), under each draw of the mass."""
    if mass is None:
        return Z.mean(axis=-2)
    share = mass / mass.sum(axis=1, keepdims=True)
    return share @ Z if Z.ndim == 2 else (share[:, None] @ Z)[:, 0]
