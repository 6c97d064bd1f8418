"""Gaps in indicators: filled linearly as the papers do, or drawn many times; every filled cell is flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

Fill = Literal["none", "linear", "multiple"]
OBSERVED, INTERPOLATED, CARRIED = 0, 1, 2
PRIOR_DF = 4
HOW = ("observed", "interpolated", "carried from the nearest year")


@dataclass(frozen=True, eq=False)
class Filled:
    """Complete indicators.

    Attributes
    ----------
    values : (n, k) gaps between years filled linearly, gaps at the ends by the nearest year
    flags : (n, k) OBSERVED, INTERPOLATED or CARRIED
    draws : (M, n, k) multiple imputations, or (0, n, k)
    """

    values: Array
    flags: NDArray[np.int8]
    draws: Array


def fill(X: Array, entity: Codes, time: NDArray[np.int64], draws: int = 0, seed: int = 0) -> Filled:
    """Fill each entity's gaps in each column over time.

    Multiple imputation draws what is missing from Brownian bridges between the years observed (random walks
    beyond them), whose mean is the linear interpolation. The variance of a year's step is that of the
    entity's own series about its mean slope, with the column's as prior (4 degrees of freedom), and is itself
    drawn (Rubin 1987, doi:10.1002/9780470316696). Columns all above 0 are drawn in logarithms.

    Parameters
    ----------
    X : (n, k) with gaps as not-a-number
    entity, time : (n,) codes, years
    draws : number of imputations

    Raises
    ------
    InputError
        Where an entity has no value at all of an indicator; the message numbers them.
    """
    values, flags = X.copy(), np.zeros(X.shape, np.int8)
    imputed = np.repeat(X[None], draws, axis=0)
    rng = np.random.default_rng(seed)
    rows_of = [np.flatnonzero(entity == code) for code in range(int(entity.max()) + 1)]
    for j in np.flatnonzero(np.isnan(X).any(axis=0)):
        log = bool(np.nanmin(X[:, j]) > 0)
        series = np.log(X[:, j]) if log else X[:, j]
        steps = [_step_squares(series[rows], time[rows]) for rows in rows_of]
        pooled = sum(s for s, _ in steps) / max(1, sum(df for _, df in steps))
        for code, rows in enumerate(rows_of):
            gap = np.isnan(X[rows, j])
            if not gap.any():
                continue
            if gap.all():
                raise EmptySeriesError(code, int(j))
            at, seen = time[rows], time[rows][~gap]
            values[rows[gap], j] = np.interp(at[gap], seen, X[rows, j][~gap])
            inner = (at[gap] > seen.min()) & (at[gap] < seen.max())
            flags[rows[gap], j] = np.where(inner, INTERPOLATED, CARRIED)
            if draws:
                squares, df = steps[code]
                variance = (PRIOR_DF * pooled + squares) / rng.chisquare(PRIOR_DF + df, draws)
                walk = _bridges(series[rows], at, gap, variance, rng)
                imputed[:, rows[gap], j] = np.exp(walk) if log else walk
    return Filled(values, flags, imputed)


class EmptySeriesError(InputError):
    """An entity without any value of an indicator: codes of both, for the caller to name."""

    def __init__(self, entity: int, column: int) -> None:
        super().__init__(f"entity {entity + 1} has no value of indicator {column + 1}; leave it out.")
        self.entity, self.column = entity, column


def _step_squares(series: Array, time: NDArray[np.int64]) -> tuple[float, int]:
    """Sum of squares of a year's step about the mean slope, of years observed, and its degrees of freedom."""
    seen = ~np.isnan(series)
    order = np.argsort(time[seen])
    level, at = series[seen][order], time[seen][order].astype(float)
    if len(level) < 3:
        return 0.0, 0
    width = np.diff(at)
    drift = (level[-1] - level[0]) / (at[-1] - at[0])
    return float(((np.diff(level) - drift * width) ** 2 / width).sum()), len(width) - 1


def _bridges(series: Array, time: NDArray[np.int64], gap: NDArray[np.bool_], variance: Array, rng) -> Array:
    """(draws, gaps) from the Gaussian process min(s, t) tied to the years observed."""
    at, seen, level = time[gap].astype(float), time[~gap].astype(float), series[~gap]
    order = np.argsort(seen)
    seen, level = seen[order], level[order]
    mean = np.interp(at, seen, level)
    left = np.clip(np.searchsorted(seen, at) - 1, -1, None)
    covariance = np.zeros((len(at), len(at)))
    for a in range(len(at)):
        for b in range(len(at)):
            if left[a] != left[b]:
                continue
            early, late = min(at[a], at[b]), max(at[a], at[b])
            if left[a] == -1:
                covariance[a, b] = seen[0] - late
            elif left[a] == len(seen) - 1:
                covariance[a, b] = early - seen[-1]
            else:
                start, end = seen[left[a]], seen[left[a] + 1]
                covariance[a, b] = (early - start) * (end - late) / (end - start)
    root = np.linalg.cholesky(covariance)
    return mean + np.sqrt(variance)[:, None] * (rng.standard_normal((len(variance), len(at))) @ root.T)
