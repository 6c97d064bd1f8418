"""Replicates of the bootstrap of a mediation, against weighted regressions with explicit dummies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from posterity.data.sample.design import Design
from posterity.models.frequentist.bootstrap import bootstrap, weighted
from posterity.models.frequentist.least_squares import least_squares

from ...there import there
from .cross_section import plain


def by_hand(design: Design, weights: np.ndarray) -> tuple[float, float, float]:
    """Weighted least squares with explicit dummies: a, b, direct."""
    kept = weights > 0
    blocks = [np.ones((kept.sum(), 1))]
    for present, codes in ((design.entity_effects, design.entity), (design.time_effects, design.time)):
        if present:
            blocks.append(pd.get_dummies(codes[kept]).to_numpy(float))
    root = np.sqrt(weights[kept])[:, None]
    D = np.hstack(blocks) * root
    X, y = design.X[kept] * root, design.y[kept] * root[:, 0]
    first = np.linalg.lstsq(np.hstack([X[:, [0, 2]], D]), X[:, 1], rcond=None)[0]
    last = np.linalg.lstsq(np.hstack([X, D]), y, rcond=None)[0]
    return first[0], last[1], last[0]


@pytest.mark.parametrize("effects", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("unit", ["row", "city", "region"])
def test_bootstrap_against_explicit_dummies(two_way, effects, unit):
    design = replace(two_way, entity_effects=effects[0], time_effects=effects[1])
    clusters = {"row": np.arange(design.n), "city": design.entity, "region": design.entity % 4}[unit]
    count = clusters.max() + 1
    drawn = (
        np.random.default_rng(6)
        .multinomial(count, np.full(count, 1 / count), size=5)[:, clusters]
        .astype(float)
    )
    found = weighted(design, "x1", "m", drawn)
    for i in range(5):
        np.testing.assert_allclose(
            (found.a[i], found.b[i], found.direct[i]), by_hand(design, drawn[i]), rtol=1e-7
        )


def test_bootstrap_standard_error_is_that_of_the_estimator():
    """Over rows of a cross-section it agrees with the heteroskedasticity-robust standard error."""
    rng = np.random.default_rng(7)
    n = 500
    x, w = rng.normal(size=(2, n))
    m = 0.5 * x + rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "m": m, "w": w, "y": 0.3 * m + rng.normal(size=n) * (1 + np.abs(m))})
    design = plain(frame, "y", ("x", "m", "w"))
    robust = there(least_squares(design, "hetero").at("m"))[1]
    assert bootstrap(design, "x", "m", np.arange(n), 1, 2000).b.std() == pytest.approx(robust, rel=0.1)


def test_degenerate_replicates_are_not_numbers(two_way):
    """All weight on two cities cannot estimate three slopes beside two cities and seven years."""
    design = replace(two_way, X=two_way.X.copy())
    weights = np.isin(design.entity, [0, 1]).astype(float)[None] * (design.time < 2)
    assert np.isnan(weighted(design, "x1", "m", weights).a).all()
