"""Samples of residuals under the null hypothesis of a threshold test, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...data.sample.design import Design
from ..thresholds.regimes import Array


def _whole_entities(design: Design, residual: Array, size: int, rng: np.random.Generator) -> Array:
    """Each entity takes the residuals of another, in order of time; a shorter series starts again."""
    order = np.lexsort((design.time, design.entity))
    entity = design.entity[order]
    rows = np.bincount(entity)
    starts = np.cumsum(rows) - rows
    place = np.arange(design.n) - starts[entity]
    donor = rng.integers(len(rows), size=(len(rows), size))[entity]
    drawn = np.empty((design.n, size))
    drawn[order] = residual[order][starts[donor] + place[:, None] % rows[donor]]
    return drawn


def _normal(design: Design, residual: Array, size: int, rng: np.random.Generator) -> Array:
    return residual[:, None] * rng.standard_normal((design.n, size))


def _rademacher(design: Design, residual: Array, size: int, rng: np.random.Generator) -> Array:
    return residual[:, None] * rng.choice([-1.0, 1.0], (len(design.entities), size))[design.entity]


BOOTSTRAPS: dict[str, Callable[[Design, Array, int, np.random.Generator], Array]] = {
    "hansen": _whole_entities,
    "normal": _normal,
    "rademacher": _rademacher,
}
