"""Robustness of a column with time effects alone, one of whose regressors entity effects absorb."""

from __future__ import annotations

import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

import posterity as po
from posterity.analyses.robustness.priors.part import priors_part
from posterity.analyses.robustness.samples.part import samples
from posterity.analyses.robustness.slopes.part import part as slopes
from posterity.analyses.run.results import Request

from ...papers import write_paper
from ...there import there

SPECS = """
[panel]
file = "panel.csv"
[groups.coast]
east = ["c00", "c01", "c02", "c03", "c04"]
west = ["c05", "c06", "c07", "c08", "c09", "c10", "c11"]
[spec."T1.1"]
formula = "y ~ x1 + educ + x2 | year"
"""


@pytest.fixture(scope="module")
def data(simulate):
    frame = simulate()
    return frame.assign(educ=pd.factorize(frame["city"])[0] % 5 * 1.0)


@pytest.fixture(scope="module")
def fit(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("absorbed")
    data.to_csv(folder / "panel.csv", index=False)
    rows = "".join(f"T1,1,{term},0.5,0.1,,,,,,,,y,\n" for term in ("x1", "educ", "x2"))
    return po.fit(po.load(write_paper(folder, SPECS, rows)), draws=1000)


def test_priors_are_tried_on_the_fit_that_each_coefficient_is_judged_by(fit):
    """Answers from the likelihood against draws of that fit: 4 Monte Carlo errors."""
    found = there(priors_part(fit.specs["T1.1"], fit.panels, Request("panel")))["terms"]
    assert list(found) == ["x1", "educ", "x2"]
    assert all(abs(record["check"]) < 4 for record in found.values())


def test_samples_are_those_of_the_judged_fit(fit, data):
    found = there(samples(fit.specs["T1.1"], fit.panels, Request("panel")))
    assert found["influence"]["terms"] == ["x1", "x2"]
    panel = data.set_index(["city", "year"])
    expected = PanelOLS(panel["y"], panel[["x1", "x2"]], entity_effects=True, time_effects=True).fit()
    assert found["influence"]["whole"]["mean"] == pytest.approx(expected.params.to_list(), abs=0.02)


def test_slopes_by_group_and_entity_are_within(fit):
    one = fit.specs["T1.1"]
    (found,) = there(slopes(one, fit.panels, Request("panel")))["terms"]
    assert [group["way"] for group in found["groups"]] == ["as published", "with city and year effects"]
    within = one.with_effects.tree["posterior"]["coef"].sel(term="x1").to_numpy()
    own = one.tree["posterior"]["coef"].sel(term="x1").to_numpy()
    for common in (found["groups"][1]["common"][0], found["entities"]["common"][0]):
        assert common == pytest.approx(within.mean(), abs=0.1)
    assert found["groups"][0]["common"][0] == pytest.approx(own.mean(), abs=0.1)
    assert own.mean() > within.mean() + 0.3
