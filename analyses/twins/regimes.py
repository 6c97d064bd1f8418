"""Outcomes whose slope differs between regimes, before Newton's method fits them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .targets import Question

Array = NDArray[np.float64]


def bent(question: Question, values: Array) -> Array:
    """The outcome with its residuals moved along the regimes, so that slopes differ between them as printed.

    What is added is orthogonal to the regressors and the effects, so that a column without regimes keeps its
    coefficients; the sum of squared residuals stays.

    Parameters
    ----------
    values : (V, N, T)
    """
    column = question.column
    y, q = values[question.variables[0]], values[question.variables[-1]]
    X = values[list(question.variables[1:-1])]
    split = column.split or 0
    slopes = [
        (t.low + t.high) / 2
        for r in range(len(column.thresholds) + 1)
        for t in question.targets
        if t.statistic == f"coef.{split + r}"
    ]
    if len(slopes) <= len(column.thresholds):
        return y
    regime = np.searchsorted(column.thresholds, q, side="left")
    D = np.stack([X[split] * (regime == r) for r in range(1, len(slopes))])
    left = np.concatenate([X, D, y[None]])
    left = left - left.mean(axis=2, keepdims=True)
    left = (left - left.mean(axis=1, keepdims=True)).reshape(len(left), -1)
    X_w, rest = left[: len(X)], left[len(X) :]
    rest = rest - (np.linalg.lstsq(X_w.T, rest.T, rcond=None)[0].T @ X_w)
    D_w, e = rest[:-1], rest[-1]
    along = (np.array(slopes[1:]) - slopes[0]) @ D_w
    other = e - np.linalg.lstsq(D_w.T, e, rcond=None)[0] @ D_w
    room = max(e @ e - along @ along, 0.1 * (e @ e))
    moved = along + other * np.sqrt(room / max(other @ other, 1e-300))
    return y + (moved - e).reshape(y.shape)
