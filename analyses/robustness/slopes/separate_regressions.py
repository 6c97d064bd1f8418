"""The separate regression of each group: its posterior and its least squares, over panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....data.sample.design import Design
from ....data.sample.within import split
from ....data.study.spec import Form
from ....models.engine.statistics import statistics_of_design
from ....models.priors import Priors
from ....models.slopes.multiverse import draw_many, widened
from ..choices import rounded

Array = NDArray[np.float64]


class Way(NamedTuple):
    """How constants are modelled: a label, the form of effects (None: no effects), and whose effects."""

    label: str
    form: Form | None
    entity: bool
    time: bool


def regressions(
    parts: Sequence[Sequence[Design]],
    usable: Sequence[bool],
    way: Way,
    column: int,
    priors: Priors,
    widest: int,
    draws: int,
    seed: int,
) -> tuple[list[Array | None], int]:
    """Draws of the separate regression of each group that can have one, over panels."""
    fitted = [g for g, can in enumerate(usable) if can]
    stats = [widened(statistics_of_design(of[g], way.form), widest) for g in fitted for of in parts]
    found: list[Array | None] = [None] * len(usable)
    if not stats:
        return found, 0
    made, doubtful = draw_many(
        [(s, priors) for s in stats],
        lambda s, theta: theta[:, column] * s.scale.unit[column],
        draws,
        seed,
    )
    rng = np.random.default_rng(seed)
    for g, values in zip(fitted, made.reshape(len(fitted), len(parts), -1), strict=True):
        # problems share their random numbers, and separate regressions are independent
        found[g] = np.concatenate([rng.permutation(of) for of in values])
    return found, doubtful


def between(a: Array | None, b: Array | None) -> list[float] | None:
    return None if a is None or b is None else summary(a - b)


def least_squares_of(
    parts: Sequence[Sequence[Design]], usable: Sequence[bool], column: int
) -> list[list[float] | None]:
    """Least squares of each group with conventional standard errors: means over panels."""
    return [
        [rounded(v) for v in np.mean([_least_squares(of[g], column) for of in parts], axis=0)]
        if can
        else None
        for g, can in enumerate(usable)
    ]


def _least_squares(design: Design, column: int) -> tuple[float, float]:
    values = np.column_stack([design.X, design.y])
    within = split(values, design.entity, design.time, design.entity_effects, design.time_effects).within
    X, y = within[:, :-1], within[:, -1]
    inverse = np.linalg.inv(X.T @ X)
    b = inverse @ X.T @ y
    absorbed = (
        1 + (len(design.entities) - 1) * design.entity_effects + (len(design.times) - 1) * design.time_effects
    )
    variance = ((y - X @ b) ** 2).sum() / (design.n - design.k - absorbed)
    return float(b[column]), float(np.sqrt(variance * inverse[column, column]))


def difference(a: list[float] | None, b: list[float] | None) -> list[float] | None:
    return None if a is None or b is None else [rounded(a[0] - b[0]), rounded(float(np.hypot(a[1], b[1])))]


def summary(draws: Array) -> list[float]:
    """Mean, ends of the 95% interval, probability above 0."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return [rounded(v) for v in (draws.mean(), low, high, (draws > 0).mean())]
