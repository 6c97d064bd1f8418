"""What standard units are: from rows, from additive sums, and of data that have them already."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posterity.data.study.spec import Form
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.scale import scale_of, spread_of_slopes

from .dense import panel


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("effects", ["entity", "time", "both"])
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak", None])
def test_units_from_sums_are_those_from_rows(form: Form | None, effects: str, gaps: bool) -> None:
    """x2 moves a hundredth as much within as it does between entities."""
    design = panel(effects, gaps)
    X = design.X.copy()
    X[:, 1] = 0.01 * X[:, 1] + design.entity
    design = replace(design, X=X)
    found, expected = statistics_of_design(design, form).scale, scale_of(design, form is not None)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-9)
    plain = X.std(axis=0)
    assert expected.x_sd[1] == pytest.approx(plain[1]) if form is None or effects == "time" else True
    if form and effects != "time":
        assert expected.x_sd[1] < 0.1 * plain[1]


def test_a_regressor_is_divided_by_less_only_where_it_moves_less_within_than_the_outcome() -> None:
    two = np.array([2.0])
    assert spread_of_slopes(two, 4.0, np.array([0.5]), 1.0) == pytest.approx([2.0])  # a quarter of each
    assert spread_of_slopes(two, 4.0, np.array([0.4]), 1.0) == pytest.approx([1.6])
    assert spread_of_slopes(two, 4.0, np.array([0.6]), 1.0) == pytest.approx([2.0])
    assert spread_of_slopes(two, 4.0, np.array([0.0]), 1.0) == pytest.approx([2.0])  # effects absorb it
    assert spread_of_slopes(two, 4.0, np.array([0.4]), 0.0) == pytest.approx([2.0])


@pytest.mark.parametrize("form", ["mundlak", None])
def test_data_in_standard_units_are_left_as_they_are(form: Form | None) -> None:
    design = replace(panel("both", True), scaled=True)
    scale = statistics_of_design(design, form).scale
    assert (scale.y_mean, scale.y_sd) == (0.0, 1.0)
    np.testing.assert_array_equal(scale.unit, np.ones(design.k))
    assert scale_of(design).y_sd == 1.0
