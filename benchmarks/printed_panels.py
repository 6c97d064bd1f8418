"""SYNTHETIC panels behind printed tables: correlated regressors, a mediator and three outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Panel:
    """A balanced panel, rows sorted by entity and year.

    Attributes
    ----------
    data : (n,) each, by name: outcomes `y`, `y1` and `y2`, mediator `m`, and regressors
    names : the regressors
    entity, time : (n,) codes
    """

    data: dict[str, Array]
    names: list[str]
    entity: Codes
    time: Codes

    @property
    def n(self) -> int:
        return len(self.entity)

    @property
    def entities(self) -> int:
        return int(self.entity[-1]) + 1

    @property
    def periods(self) -> int:
        return int(self.time[-1]) + 1

    def columns(self, terms: Iterable[str]) -> Array:
        return np.column_stack([self.data[term] for term in terms])


def draw_panel(rng: np.random.Generator) -> Panel:
    """Correlated regressors; y is a weighted sum of y1 and y2; x1 moves m, which moves all three."""
    entities, periods = int(rng.integers(10, 41)), int(rng.integers(6, 13))
    entity, time = np.divmod(np.arange(entities * periods), periods)
    n, k = entities * periods, int(rng.integers(2, 6))
    common = rng.normal(size=(n, 1))
    scale, shift = 10.0 ** rng.uniform(-1, 1, k), rng.uniform(-2, 5, k)
    X = (
        rng.uniform(0, 0.8) * common + rng.normal(size=(n, k)) + rng.normal(size=(entities, k))[entity]
    ) * scale + shift
    y1 = (
        X @ (rng.normal(0, 0.5, k) / scale)
        + rng.normal(size=entities)[entity]
        + rng.normal(size=periods)[time]
        + rng.normal(size=n)
    )
    y2 = X @ (rng.normal(0, 0.5, k) / scale) + rng.normal(size=entities)[entity] + rng.normal(size=n)
    w = rng.uniform(0.2, 0.8)
    y = w * y1 + (1 - w) * y2
    m = 0.4 * X[:, 0] / scale[0] + rng.normal(size=n) + rng.normal(size=entities)[entity]
    outcomes = {name: values + 0.3 * m for name, values in (("y", y), ("y1", y1), ("y2", y2))}
    names = [f"x{i + 1}" for i in range(k)]
    return Panel({**outcomes, "m": m, **dict(zip(names, X.T, strict=True))}, names, entity, time)
