"""Slopes that vary by groups: from the study file to the report."""

from __future__ import annotations

import numpy as np
import pytest

import posterity as po
from posterity.data.panel.panel import Panel
from posterity.reports.page.page import page

from ...papers import write_paper

SPECS = """\
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
varying = { by = "region", terms = ["x1"] }
"""
ROWS = "T1,1,x1,0.5,0.1,,***,,,,,,y,\n"


@pytest.fixture
def fit(tmp_path, simulate):
    write_paper(tmp_path, SPECS, ROWS)
    frame = simulate(n_entity=30, n_time=8, seed=2, missing=0.1)
    frame["y"] += frame["x1"] * (0.4 * frame["region"] - 0.4)  # slopes 0.1, 0.5 and 0.9
    frame["region"] = frame["region"].map({0: "west", 1: "centre", 2: "east"})
    panel = Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    return po.fit(po.load(tmp_path), panel, form="mundlak")


def test_group_slopes_lie_between_their_own_regression_and_the_common_slope(fit):
    """With 80 rows a group pooling is slight: within 0.02 of least squares on each region's own rows."""
    design = fit.specs["T1.1"].design
    from posterity.data.sample.within import split

    X = np.column_stack([design.X, design.y])
    V = np.column_stack(
        [X[:, [0]] * (design.varying.group[design.entity][:, None] == np.arange(3)), X[:, 1:]]
    )
    within = split(V, design.entity, design.time, True, True).within
    expected = np.linalg.lstsq(within[:, :4], within[:, 4], rcond=None)[0][:3]
    found = fit["T1.1"]["posterior"]["coef_by"].sel(varying="x1").mean(("chain", "draw"))
    assert list(found["group"].values) == list(design.varying.groups) == ["centre", "east", "west"]
    np.testing.assert_allclose(found, expected, atol=0.02)
    np.testing.assert_allclose(expected, [0.5, 0.9, 0.1], atol=0.15)
    common = fit["T1.1"]["posterior"]["coef"].sel(term="x1")
    assert float(common.std()) > 0.1  # the mean of a population of three regions is not well known


def test_the_report_shows_each_group_and_the_prior_of_their_spread(fit):
    text = page(fit)
    assert "x1 by region: west" in text
    assert "sd_slope" in text
