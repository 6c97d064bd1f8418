"""Within and between slopes apart: what generalised least squares makes of the design is known exactly."""

import numpy as np
import pytest

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.frequentist.random_effects import random_effects
from posterity.models.kinds.random import contrasts, varying_within


def design_of(frame, formula, **keys):
    panel = Panel.of(frame, entity="city", time="year", source="test")
    return build_design(panel, Spec(formula=formula, **keys))


@pytest.fixture
def frame(simulate):
    frame = simulate(n_entity=14, n_time=6, seed=3, missing=0.15)
    size = frame.groupby("city").ngroup()
    return frame.assign(size=np.sin(size) * 3, trend=frame["year"] * 1.0, age=frame["year"] + 2.0 * size)


@pytest.mark.parametrize("years", ["", " + year"])
def test_within_slopes_are_those_of_fixed_effects_in_unbalanced_panels_too(frame, years):
    """Mundlak (1978): generalised least squares with entity means has the within slope of fixed effects."""
    apart = contrasts(design_of(frame, f"y ~ x1 + size + x2 | city{years}", estimator="random"))
    assert apart.design.terms == ("x1", "size", "x2", "mean of x1", "mean of x2")
    assert apart.pairs == {"x1": (0, 3), "x2": (2, 4)}
    fixed = least_squares(design_of(frame, f"y ~ x1 + x2 | city{years}"))
    found = random_effects(apart.design).least_squares
    np.testing.assert_allclose(found.coef[[0, 2]], fixed.coef[:2], rtol=1e-9)


def test_between_slopes_are_those_of_entity_means_in_balanced_panels(simulate):
    frame = simulate(n_entity=14, n_time=6, seed=3)
    frame["size"] = np.sin(frame.groupby("city").ngroup()) * 3
    apart = contrasts(design_of(frame, "y ~ x1 + size | city", estimator="random"))
    means = frame.groupby("city")[["y", "x1", "size"]].mean().to_numpy()
    X = np.column_stack([means[:, 1:], np.ones(len(means))])
    slopes = np.linalg.lstsq(X, means[:, 0], rcond=None)[0]
    found = random_effects(apart.design).least_squares
    np.testing.assert_allclose(found.coef[[2, 1]], slopes[:2], rtol=1e-9)


def test_regressors_without_a_within_or_a_between_part_have_one_slope(frame):
    """Age is the year plus a constant of the entity: with year effects nothing of it varies within."""
    design = design_of(frame, "y ~ size + x1 + age | city + year", estimator="random")
    assert varying_within(design) == (1,)
    assert contrasts(design).pairs == {"x1": (1, 3)}
    balanced = frame.groupby("city").filter(lambda rows: len(rows) == 6)
    trend = design_of(balanced, "y ~ x1 + trend | city", estimator="random")
    assert varying_within(trend) == (0, 1)
    assert list(contrasts(trend).pairs) == ["x1"]


def test_a_repetition_within_entities_is_counted_once(frame):
    frame["twice"] = 2 * frame["x1"] + frame["size"]
    assert varying_within(design_of(frame, "y ~ x1 + twice | city", estimator="random")) == (0,)
