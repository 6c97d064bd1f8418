"""Slopes by group: the limits of partial pooling, halves of printed tables, and slopes by entity."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.robustness.slopes.part import part
from posterity.analyses.run.results import Request
from posterity.data.panel.panel import Panel
from posterity.data.sample.design import subset
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import parse_prior
from posterity.reports.robustness.slopes.section import section
from posterity.reports.rows import rows_of

from ...there import there

STUDY = """
[study]
name = "regions"
title = "SYNTHETIC slopes by region"
entity = "city"
time = "year"
published = "published.csv"
[groups.region]
east = [{east}]
west = [{west}]
[spec."T1.1"]
formula = "y ~ x1 + x2"
[spec."T1.2"]
formula = "y ~ x1 + x2 | city + year"
"""
PUBLISHED = """table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note
T1,1,x1,0.5,0.1,,***,,,,,,y,
T1,2,x1,0.5,0.1,,***,,,,,,y,
"""
DIFFERENCE = 0.6


@pytest.fixture
def panel(simulate):
    """Cities 0 to 9 are the east, with a slope larger by 0.6."""
    frame = simulate(n_entity=20, n_time=8, seed=3).drop(columns="region")
    frame["y"] += DIFFERENCE * frame["x1"] * (frame["city"] < "c10")
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)


@pytest.fixture
def study(tmp_path):
    names = [f'"c{i:02d}"' for i in range(20)]
    text = STUDY.format(east=", ".join(names[:10]), west=", ".join(names[10:]))
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    (tmp_path / "published.csv").write_text(PUBLISHED, encoding="utf-8")
    return po.load(tmp_path)


def slopes(study, panel, spec, **priors):
    one = po.fit(study, panel, only=[spec], form="fixed").specs[spec]
    one = replace(one, priors={**one.priors, **{name: parse_prior(text) for name, text in priors.items()}})
    records = there(part(one, [panel], Request("panel", Sampler(), form="fixed")))
    json.dumps(records)
    return one, records["terms"][0]


def test_without_pooling_slopes_are_those_of_separate_regressions(study, panel):
    """With a wide prior of the spread, varying slopes are linearmodels' least squares in each region."""
    one, found = slopes(study, panel, "T1.1", sd_slope="half_normal(50)", slope="normal(0, 50)")
    group = found["groups"][0]
    assert (group["by"], group["names"], group["sizes"]) == ("region", ["east", "west"], [10, 10])
    for g, east in enumerate((True, False)):
        rows = (np.array(one.design.entities) < "c10")[one.design.entity] == east
        estimate, error = there(least_squares(subset(one.design, rows)).at("x1"))
        assert group["least_squares"][g] == pytest.approx([estimate, error], rel=1e-4)
        assert group["apart"][g][0] == pytest.approx(estimate, abs=0.1 * error)
        assert group["pooled"][g][0] == pytest.approx(estimate, abs=0.15 * error)
    assert abs(group["shrinkage"]) < 0.1


def test_pooling_finds_the_true_difference_and_a_narrow_prior_removes_it(study, panel):
    _, found = slopes(study, panel, "T1.2")
    difference = found["groups"][0]["differences"][0]
    assert difference["of"] == ["east", "west"]
    for way in ("pooled", "only", "apart"):
        mean, low, high, positive = difference[way]
        assert mean == pytest.approx(DIFFERENCE, abs=(high - low) / 2 * 1.5)
        assert low > 0.3
        assert positive > 0.99
    assert (
        difference["by_spread"][0][0] < difference["by_spread"][1][0] < difference["by_spread"][2][0] + 0.01
    )
    _, narrow = slopes(study, panel, "T1.2", sd_slope="half_normal(0.001)")
    at = narrow["groups"][0]
    assert abs(at["differences"][0]["pooled"][0]) < 0.02
    assert at["shrinkage"] > 0.95
    assert at["pooled"][0][0] == pytest.approx(at["common"][0], abs=0.02)


def test_slopes_of_entities_stand_in_order_and_follow_their_group(study, panel):
    _, found = slopes(study, panel, "T1.2")
    entities = found["entities"]
    means = [row[0] for row in entities["rows"]]
    assert means == sorted(means)
    assert np.mean([name < "c10" for name in entities["names"][10:]]) > 0.8
    assert entities["sd"][0] == pytest.approx(DIFFERENCE / 2, abs=0.1)


def test_groups_that_change_or_are_one_are_left_out(study, panel):
    frame = panel.frame.assign(region="all")
    _, found = slopes(study, replace(panel, frame=frame), "T1.2")
    assert found["groups"] == []


def test_printed_halves_of_bashlai_differ_as_independent_t_do():
    """T6: 0.629 (t 11.97, N 60) and 0.438 (t 3.53, N 50), five regressors and a constant each."""
    fit = po.fit(po.load("bashlai-2026"), only=["T6"], evidence="tables", draws=200)
    request = Request("tables", Sampler(draws=5000))
    (half,) = there(part(fit.specs["T6.1"], (), request))["halves"]
    assert (half["columns"], half["groups"]) == (
        ["T6.1", "T6.2"],
        ["Northeast Zhejiang", "Southwest Zhejiang"],
    )
    errors = np.array([0.629 / 11.97, 0.438 / 3.53])
    rng = np.random.default_rng(1)
    draws = [
        stats.t(df, m, s).rvs(400_000, random_state=rng)
        for df, m, s in zip((54, 44), (0.629, 0.438), errors, strict=True)
    ]
    expected = draws[0] - draws[1]
    mean, low, high, positive = half["difference"]
    assert mean == pytest.approx(0.191, abs=0.01)
    assert [low, high] == pytest.approx(np.quantile(expected, [0.025, 0.975]), abs=0.015)
    assert positive == pytest.approx((expected > 0).mean(), abs=0.01)
    assert part(fit.specs["T6.2"], (), request) is None
    fit = replace(fit, robustness={"T6.1": {"slopes": {"halves": [half]}}})
    assert "0.629 t 11.97 and 0.438 t 3.53" in there(section(fit, rows_of(fit))).body


def test_the_page_shows_regions_and_entities(study, panel):
    fit = po.fit(study, panel, only=["T1.2"], draws=200)
    records = part(fit.specs["T1.2"], [panel], Request("panel", Sampler()))
    fit = replace(fit, robustness={"T1.2": {"slopes": records}})
    shown = there(section(fit, rows_of(fit)))
    assert [figure_file.name for figure_file in shown.figure_files] == [
        "slopes.T1.2.1",
        "slopes.T1.2.1.entities",
    ]
    assert "east − west" in shown.body
    assert "SYNTHETIC" in shown.body
