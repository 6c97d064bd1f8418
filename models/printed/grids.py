"""Summaries of a posterior that is known as a density on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..scale import Array


@dataclass(frozen=True)
class Summary:
    """Mean, ends of the central 95% interval, and probability of a positive effect, on the grid's scale."""

    mean: float
    low: float
    high: float
    prob_positive: float


def summary(grid: Array, density: Array) -> Summary:
    """Summarise a density by the trapezoidal rule; it need not be normalised.

    Examples
    --------
    >>> grid = np.linspace(-8, 10, 2001)
    >>> found = summary(grid, np.exp(-((grid - 1) ** 2) / 2))
    >>> round(found.mean, 3), round(found.low, 2), round(found.high, 2), round(found.prob_positive, 3)
    (1.0, -0.96, 2.96, 0.841)
    """
    mass = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)])
    level = mass / mass[-1]
    low, high = np.interp([0.025, 0.975], level, grid)
    mean = np.trapezoid(grid * density, grid) / mass[-1]
    return Summary(float(mean), float(low), float(high), float(1 - np.interp(0.0, grid, level)))
