"""The model multiverse: omitted columns, shared shapes, the sources of its spread, and what is stored."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.robustness.choices import (
    control_choices,
    effects_choices,
    focal_terms,
    fullest,
    own_effects,
    sample_choices,
)
from posterity.analyses.robustness.models import part as models
from posterity.analyses.robustness.models.variance_shares import variance_shares
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.design import subset
from posterity.models.engine.posterior import batch
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.slopes.multiverse import draw_many, widened, without
from posterity.reports.robustness.models.section import section
from posterity.reports.rows import rows_of

from ...there import there

WIDE = {**DEFAULTS, "slope": Prior("normal", (0.0, 100.0)), "between": Prior("normal", (0.0, 100.0))}
STUDY = """
[study]
name = "choices"
title = "SYNTHETIC choices"
entity = "city"
time = "year"
published = "published.csv"
[spec."T1.1"]
formula = "y ~ x1 + x2"
[spec."T1.2"]
formula = "y ~ x1 + x2 | city + year"
[spec."T2.1"]
formula = "y ~ x1 + x2 | city + year"
variant_of = "T1.2"
steps = [{ winsorise = [0.05, 0.95] }]
[spec."T2.2"]
formula = "y ~ x2 + x1 | city"
"""
PUBLISHED = (
    "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note\n"
    + "".join(
        f"{table},{column},x1,0.5,0.1,,***,,,,,,y,\n"
        for table, column in (("T1", 1), ("T1", 2), ("T2", 1), ("T2", 2))
    )
)


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "published.csv").write_text(PUBLISHED, encoding="utf-8")
    return po.load(tmp_path)


def panel_of(frame):
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)


def records_of(study, panel, spec):
    one = po.fit(study, panel, only=[spec]).specs[spec]
    return one, there(models.part(one, [panel], Request("panel", Sampler())))["terms"]


def test_shares_of_a_factorial_are_those_of_its_formula():
    """a_i + b_j + c a_i b_j with centred a and b: parts var(a), var(b) and c^2 var(a) var(b)."""
    a, b, c = np.array([-1.0, 0.0, 1.0]), np.array([-2.0, 2.0]), 0.5
    found = variance_shares(a[:, None] + b + c * a[:, None] * b + 7, ("a", "b"))
    parts = np.array([2 / 3, 4.0, 0.25 * 2 / 3 * 4])
    assert found.variance == pytest.approx(parts.sum())
    assert found.alone == pytest.approx({"a": parts[0] / parts.sum(), "b": parts[1] / parts.sum()})
    assert found.interactions == pytest.approx(parts[2] / parts.sum())
    assert found.shapley["a"] == pytest.approx((parts[0] + parts[2] / 2) / parts.sum())
    assert sum(found.shapley.values()) == pytest.approx(1)


def test_nothing_moves_where_all_cells_are_one():
    found = variance_shares(np.full((2, 3), 0.1) + 0.2, ("a", "b"))
    assert found.variance == found.interactions == 0
    assert found.shapley == {"a": 0.0, "b": 0.0}


@pytest.mark.parametrize("form", [None, "fixed"])
def test_leaving_out_a_column_is_least_squares_without_it(study, any_frame, form):
    """With a wide prior the posterior mean is the estimate of linearmodels on the smaller design."""
    design = study.spec("T1.2" if form else "T1.1").design(panel_of(any_frame))
    smaller = replace(design, X=design.X[:, :1], terms=design.terms[:1])
    stats = without(widened(statistics_of_design(design, form), 4), ["x2"])
    found, doubtful = draw_many([(stats, WIDE)], lambda s, theta: theta[:, 0] * s.scale.unit[0], 4000, 1)
    expected, error = there(least_squares(smaller).at("x1"))
    assert doubtful == 0
    assert found.mean() == pytest.approx(expected, abs=5 * error / np.sqrt(4000))
    assert found.std() == pytest.approx(error, rel=0.1)  # of which 0.045 are 4 Monte Carlo standard errors


@pytest.mark.parametrize(("form", "entity", "time"), [("random", True, False), ("mundlak", False, True)])
def test_shared_shapes_leave_the_posterior_as_it_is(study, frame, form, entity, time):
    design = replace(study.spec("T1.2").design(panel_of(frame)), entity_effects=entity, time_effects=time)
    stats = padded(statistics_of_design(design, form))
    direct = batch([stats], [DEFAULTS], 4000, 2).theta[0, :, 0]
    shared, _ = draw_many([(widened(stats, 3), DEFAULTS)], lambda s, theta: theta[:, 0], 4000, 3)
    assert shared.mean() == pytest.approx(direct.mean(), abs=5 * direct.std() / np.sqrt(2000))
    assert shared.std() == pytest.approx(direct.std(), rel=0.1)  # 4 Monte Carlo errors are 0.063


def test_spread_is_laid_to_effects_where_only_effects_matter(study, simulate, monkeypatch):
    """Mundlak's bias: x1 alone is correlated with the effects of cities; both halves have the same slopes."""
    monkeypatch.setattr(
        models, "other_errors", lambda *_: {}
    )  # AR(1) errors take up effects that the pooled model leaves out
    panel = panel_of(simulate(n_entity=30, n_time=10, seed=4))
    one, (x1, *_) = records_of(study, panel, "T1.1")
    assert x1["term"] == "x1"
    assert max(x1["spread"]["alone"], key=x1["spread"]["alone"].get) == "effects"
    assert x1["spread"]["alone"]["effects"] > 0.85
    assert x1["spread"]["sd"] > 3 * x1["spread"]["within"]
    own = float(one.tree["posterior"]["coef"].sel(term="x1").mean())
    assert x1["own"][0] == pytest.approx(own, abs=0.01)


def test_spread_is_laid_to_controls_where_one_control_matters(study, monkeypatch):
    """x2 moves with x1 within cities and years, without effects: omitting x2 shifts the slope by 0.8."""
    monkeypatch.setattr(models, "other_errors", lambda *_: {})
    rng = np.random.default_rng(5)
    entity, time = np.divmod(np.arange(300), 10)
    x2 = rng.normal(size=300)
    x1 = x2 + 0.5 * rng.normal(size=300)
    y = 0.5 * x1 + x2 + 0.3 * rng.normal(size=300)
    frame = pd.DataFrame(
        {"city": [f"c{i:02d}" for i in entity], "year": 2000 + time, "y": y, "x1": x1, "x2": x2}
    )
    _, (x1_record, *_) = records_of(study, panel_of(frame), "T1.1")
    assert x1_record["spread"]["alone"]["controls"] > 0.95
    by = dict(zip(x1_record["levels"]["controls"], x1_record["by_level"]["controls"], strict=True))
    assert by["all"]["median"] == pytest.approx(0.5, abs=0.1)
    assert by["none"]["median"] == pytest.approx(1.3, abs=0.1)


def test_choices_are_named_and_the_columns_own_comes_first(study, frame):
    panel = panel_of(frame)
    view = study.spec("T1.2")
    design = view.design(panel)
    assert focal_terms(view) == ("x1", "x2")  # x2 leads T2.2
    assert [fullest(one) for one in study.specs()] == [True, True, False, True]
    effects = effects_choices(design, own_effects(view, design, None))
    assert list(effects)[:2] == ["mundlak: city + year", "none"]
    assert len(effects) == 9
    assert list(control_choices(("a", "b", "c"), "a")) == ["all", "without b", "without c", "none"]
    assert len(control_choices(tuple("abcdef"), "a")) == 7
    samples = sample_choices(view, panel, {"T2.1": study.file.spec["T2.1"]})
    assert list(samples) == ["own", "first half of years", "second half of years", "as in T2.1"]
    assert samples["as in T2.1"].y.max() < design.y.max()
    half = subset(design, design.time < 3)
    assert (half.n, half.times, len(half.entities)) == (36, (2000, 2001, 2002), 12)


def test_records_are_small_and_the_page_shows_them(study, frame):
    panel = panel_of(frame)
    fit = po.fit(study, panel, only=["T1.2"], draws=200)
    records = there(models.part(fit.specs["T1.2"], [panel], Request("panel", Sampler())))
    assert len(json.dumps(records)) < 80_000
    x1 = records["terms"][0]
    assert x1["count"] == 9 * 2 * 3 * 4  # the winsorised sample of its variant is the fourth
    near = {
        (name, i)
        for *at, _, _, _ in x1["members"]
        if np.count_nonzero(at) <= 1
        for name, i in zip(x1["levels"], at, strict=True)
    }
    assert near == {(name, i) for name, labels in x1["levels"].items() for i in range(len(labels))}
    assert [m[-3] for m in x1["members"]] == sorted(m[-3] for m in x1["members"])
    assert {error["name"] for error in x1["errors"]} == {"student_t", "ar1", "entity_variance"}
    assert sum(x1["spread"]["shapley"].values()) == pytest.approx(1, abs=1e-6)

    fit = replace(fit, robustness={"T1.2": {"models": records}})
    shown = there(section(fit, rows_of(fit)))
    assert "Of 216 models the 95% interval lies above 0 in" in shown.body
    assert "SYNTHETIC" in shown.body
    assert [figure_file.name for figure_file in shown.figure_files] == [
        "models.T1.2.1",
        "models.T1.2.2",
        "models",
    ]


def test_a_variant_of_nothing_is_refused(tmp_path, study):
    text = STUDY.replace('variant_of = "T1.2"', 'variant_of = "T1.9"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"variant_of names 'T1.9', which is no other specification"):
        po.load(tmp_path)
