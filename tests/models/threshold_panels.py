"""Small SYNTHETIC panels with a threshold, for the tests of the threshold models."""

from __future__ import annotations

import numpy as np

from posterity.data.sample.design import Design

from .dense import firms


def panel(
    effects: str = "both",
    gaps: bool = False,
    entities: int = 8,
    times: int = 5,
    change: float = 1.0,
    noise: float = 0.5,
    seed: int = 1,
) -> tuple[Design, np.ndarray]:
    """Two regressors; the slope on the first changes at the median of q; 1 to `times` rows an entity."""
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(entities), times), np.tile(np.arange(times), entities)

    def moves() -> np.ndarray:
        return rng.normal(size=entities)[e] + 0.5 * rng.normal(size=times)[t] + rng.normal(size=len(e))

    X, q = 2 + np.column_stack([moves(), moves()]), moves()
    y = (
        X.sum(axis=1)
        + change * X[:, 0] * (q > np.median(q))
        + moves() * 0.3
        + noise * rng.normal(size=len(e))
    )
    keep = (rng.uniform(size=len(e)) < 0.8) | (t == e % times) if gaps else np.ones(len(e), bool)
    return firms((3 + 2 * y)[keep], X[keep], e[keep], t[keep], effects), q[keep]
