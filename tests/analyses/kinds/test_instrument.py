"""Instrument columns of a study: reproduced, fitted, stored, judged, shown; and bad input in one sentence."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from linearmodels.iv import IV2SLS

import posterity as po
from posterity.analyses.judge.frame import compare
from posterity.analyses.judge.records import comparison
from posterity.analyses.kinds.instrument.record import assumption_flags
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Engine, Request
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.models.engine.sampling import Sampler
from posterity.reports.kinds import section_of
from posterity.reports.page.page import page
from posterity.reports.rows import rows_of

from ...there import there
from .test_mediation import study

SPEC = """
[spec."T8.1"]
formula = "{formula}"
kind = "instrument"
{more}
"""
FORMULA = "y ~ x2 | city + year | x1 ~ z1 + z2"
LAG = "steps = [{ lag = { z1 = 1 } }]"
FIT = Sampler(draws=200, seed=5)


def instruments(simulate, strength: float = 0.7) -> pd.DataFrame:
    """Twenty cities, eight years; z1 acts with a lag of one year; errors of the two stages correlate."""
    frame = simulate(20, 8)
    rng = np.random.default_rng(2)
    frame["z1"], frame["z2"], v = rng.normal(size=(3, len(frame)))
    lagged = frame.groupby("city")["z1"].shift(1).fillna(0)
    frame["x1"] = 0.3 * frame["x1"] + strength * lagged + strength * frame["z2"] + v
    frame["y"] = 0.5 * frame["x1"] + 0.2 * frame["x2"] + 0.7 * v + rng.normal(size=len(frame))
    return frame


def reference(frame: pd.DataFrame):
    """linearmodels with explicit dummies on the rows that have the lag."""
    frame = frame.assign(z1=frame.groupby("city")["z1"].shift(1)).dropna()
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    X = pd.concat([frame[["x2"]], *dummies], axis=1).assign(const=1.0)
    return IV2SLS(frame["y"], X, frame[["x1"]], frame[["z1", "z2"]]).fit(cov_type="unadjusted", debiased=True)


@pytest.mark.parametrize("effects", ["", "| city + year"])
def test_a_column_without_controls_is_that_of_linearmodels(effects, tmp_path, simulate):
    frame = instruments(simulate)
    dummies = [pd.get_dummies(frame[c], drop_first=True, dtype=float) for c in ("city", "year") if effects]
    X = pd.concat([pd.Series(1.0, frame.index, name="const"), *dummies], axis=1).rename(columns=str)
    fit = IV2SLS(frame["y"], X, frame[["x1"]], frame[["z2"]]).fit(cov_type="unadjusted", debiased=True)
    row = f"T8,1,x1,{fit.params['x1']:.4f},{fit.std_errors['x1']:.4f},,***,,,,160,,y,\n"
    made = study(tmp_path, SPEC.format(formula=f"y ~ 1 {effects} | x1 ~ z2", more=""), row)
    panel = Panel.of(frame, entity="city", time="year", source="SYNTHETIC", synthetic=True)
    (record,) = comparison(po.fit(made, panel, draws=200))["estimates"]
    assert record["reproduced"]["estimate"] == pytest.approx(fit.params["x1"], rel=1e-8)
    assert record["reproduced"]["std_error"] == pytest.approx(fit.std_errors["x1"], rel=1e-8)
    assert record["verdict"] == "holds"


@pytest.fixture
def ready(tmp_path, simulate):
    frame = instruments(simulate)
    fit = reference(frame)
    rows = "".join(
        f"T8,1,{t},{fit.params[t]:.4f},{fit.std_errors[t]:.4f},,***,,,,140,,y,\n" for t in ("x1", "x2")
    )
    panel = Panel.of(frame, entity="city", time="year", source="mine.csv", synthetic=True)
    return study(tmp_path, SPEC.format(formula=FORMULA, more=LAG), rows), panel, fit


def test_column_reproduces_and_says_what_rests_on_exclusion(ready, tmp_path):
    opened, panel, printed = ready
    request = Request("panel", FIT, posteriors=tmp_path / "out")
    fit = run(opened, panel, None, request)
    table = compare(fit).set_index("id")
    assert table["reproduced_within_rounding"].all()
    assert "sample differs" not in table["flags"].str.cat()  # the lag costs each city a year: 20 x 7
    assert there(fit.specs["T8.1"].design).n == 140
    assert "], which contains 0 once the instruments' direct effects have sd" in table.loc["T8.1.x1", "flags"]
    assert "exclusion" not in table.loc["T8.1.x2", "flags"]
    for term in ("x1", "x2"):
        row = table.loc[f"T8.1.{term}"]
        assert row["posterior_mean"] == pytest.approx(
            printed.params[term], abs=0.4 * printed.std_errors[term]
        )

    found = comparison(fit)["mechanisms"]["T8.1"]
    json.dumps(found, allow_nan=False)
    part = found["endogenous"]["x1"]
    assert part["first_stage_f"] == pytest.approx(printed.first_stage.diagnostics["f.stat"].iloc[0], rel=1e-6)
    assert found["overidentification"]["p"] == pytest.approx(printed.sargan.pval, rel=1e-6)
    assert found["overidentification"]["test"] == "Sargan"
    assert part["endogeneity"]["q2.5"] > 0
    changes = found["changes_at"]
    assert 0 < changes["union"] < changes["all"]
    assert all(changes[z] is None or changes[z] > changes["all"] for z in ("z1", "z2"))
    loose = part["prior_on_exclusion"]
    assert loose["q2.5"] < part["posterior"]["q2.5"] < part["posterior"]["q97.5"] < loose["q97.5"]

    judged = {one["term"]: one for one in comparison(fit)["estimates"]}
    assert judged["x1"]["judged"]["q2.5"] == pytest.approx(loose["q2.5"])
    assert judged["x1"]["under_prior"]["mean"] == pytest.approx(loose["mean"])
    assert judged["x1"]["under_prior"]["k_hat"] != judged["x1"]["posterior"]["k_hat"]
    assert judged["x1"]["exact"]["q97.5"] == pytest.approx(part["posterior"]["q97.5"])
    assert judged["x1"]["exact"]["assumption"] == "the exclusion restriction is exact"
    assert (judged["x2"]["under_prior"], judged["x2"]["exact"]) == (None, None)

    again = run(opened, panel, None, request)
    assert comparison(again)["estimates"][0]["judged"] == judged["x1"]["judged"]
    assert again.specs["T8.1"].resumed
    assert comparison(again)["mechanisms"] == comparison(fit)["mechanisms"]

    rows = rows_of(fit)
    shown = there(section_of("instrument", fit, rows))
    assert [p.name for p in shown.figure_files] == ["instruments-T8"]
    html = page(fit, rows, [], sections=[shown])
    assert "Anderson–Rubin" in html
    assert "only z1" in html


def test_weak_instruments_are_shown_to_be_weak(tmp_path, simulate):
    frame = instruments(simulate, strength=0.02)
    panel = Panel.of(frame, entity="city", time="year", source="mine.csv", synthetic=True)
    opened = study(tmp_path, SPEC.format(formula=FORMULA, more=LAG), "T8,1,x1,0.5,0.1,,***,,,,140,,y,\n")
    fit = po.fit(opened, panel, draws=200)
    flags = compare(fit)["flags"].iloc[0]
    assert "weak instruments: effective F" in flags
    assert "Anderson-Rubin interval is unbounded" in flags
    shown = there(section_of("instrument", fit, rows_of(fit)))
    assert "<b>weak</b>" in shown.body
    assert "∞" in shown.body


def test_one_instrument_may_have_a_prior_of_its_own(ready):
    opened, panel, _ = ready
    fit = po.fit(
        opened, panel, draws=200, priors={"exclusion": "normal(0, 0.0001)", "exclusion[z2]": "normal(0, 0.3)"}
    )
    found = there(fit.specs["T8.1"].mechanism)
    assert found["exclusion"] == {"z1": "normal(0, 0.0001)", "z2": "normal(0, 0.3)"}
    part = found["endogenous"]["x1"]
    assert part["prior_on_exclusion"]["q97.5"] > part["posterior"]["q97.5"]


def test_the_model_can_be_looked_at(ready):
    opened, panel, _ = ready
    model = opened.spec("T8.1").model(panel)
    assert {"beta", "first_stage", "errors", "coef"} <= set(model.named_vars)


def test_twins_tell_the_range_of_direct_effects(ready, simulate):
    opened, panel, _ = ready
    other = Panel.of(instruments(simulate, 0.5), entity="city", time="year", source="other", synthetic=True)
    fit = po.fit(opened, [panel, other], evidence="twin", draws=200)
    assert "in 2 of 2 twins" in fit.specs["T8.1"].assumption_flags["x1"][0]
    x1 = comparison(fit)["estimates"][0]
    found = [twin["endogenous"]["x1"] for twin in there(fit.specs["T8.1"].mechanism)["twins"]]
    for part, name in (("posterior", "posterior"), ("under_prior", "prior_on_exclusion")):
        assert x1[part]["mean"] == pytest.approx(np.mean([one[name]["mean"] for one in found]), abs=0.05)
    assert x1["under_prior"]["sd"] > 1.2 * x1["posterior"]["sd"]
    assert x1["judged"]["q2.5"] == x1["under_prior"]["q2.5"]
    assert "Instruments over twins" in there(section_of("instrument", fit, rows_of(fit))).body


def test_flags_of_instruments_that_disagree():
    part = {
        "posterior": {"mean": 0.5, "q2.5": 0.1, "q97.5": 0.9},
        "prior_on_exclusion": {"mean": 0.5, "q2.5": -1.0, "q97.5": 2.0},
        "anderson_rubin": [[-0.1, 1.0]],
    }
    found = {
        "endogenous": {"x": part}, "changes_at": {"all": None}, "exclusion": {"z": "normal(0, 0.1)"},
        "effective_f": 50.0, "effective_f_critical": 23.1,
        "overidentification": {"test": "Hansen J", "statistic": 9.0, "p": 0.003, "df": 1},
    }  # fmt: skip
    flags = assumption_flags(found)["x"]
    assert "instruments disagree: Hansen J p = 0.003" in flags
    assert "Anderson-Rubin interval contains 0" in flags
    assert flags[0] == (
        "judged under direct effects ~ normal(0, 0.1); with exact exclusion 0.5 [0.1, 0.9], "
        "which excludes 0 up to direct effects of sd 1"
    )


BAD: dict[str, tuple[str, str, Engine | None, str]] = {
    "collinear instruments": ("y ~ x2 | city | x1 ~ z1 + copy", "", None, "'copy' is a linear combination"),
    "instrument a control": ("y ~ x2 + z1 | city | x1 ~ z1", "", None, "stands in it twice"),
    "constant within": ("y ~ x2 | city | x1 ~ flat", "", None, "'flat' does not vary within the effects"),
    "absent": ("y ~ x2 | city | x1 ~ z9", "", None, "z9"),
    "prior of no instrument": (
        FORMULA, 'priors = { "exclusion[z9]" = "normal(0, 1)" }', None, "'z9' is not an instrument"),
    "two endogenous, collapsed": ("y ~ x3 | city | x1 + x2 ~ z1 + z2", "", "collapsed", "use --engine nuts"),
    "prior that cannot be integrated": (
        FORMULA, 'priors = { first_stage = "laplace(0, 1)" }', "collapsed", "use --engine nuts"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case, tmp_path, simulate):
    formula, more, engine, words = BAD[case]
    frame = instruments(simulate)
    frame["copy"], frame["flat"] = 3 * frame["z1"] - 1, frame.groupby("city")["z1"].transform("mean")
    frame["x3"] = frame["x2"] ** 2
    panel = Panel.of(frame, entity="city", time="year", source="mine.csv")
    opened = study(tmp_path, SPEC.format(formula=formula, more=more), "T8,1,x1,1,1,,,,,,,,y,\n")
    with pytest.raises(InputError, match=words) as caught:
        po.fit(opened, panel, engine=engine)
    assert "\n" not in str(caught.value)


def test_fewer_instruments_than_endogenous_variables(tmp_path):
    with pytest.raises(InputError, match="fewer instruments than endogenous variables"):
        study(
            tmp_path, SPEC.format(formula="y ~ x2 | city | x1 + x3 ~ z1", more=""), "T8,1,x1,1,1,,,,,,,,y,\n"
        )
