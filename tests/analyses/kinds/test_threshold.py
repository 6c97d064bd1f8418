"""Threshold columns of a study: reproduced, compared, warned of, stored and reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.fit import fit
from posterity.analyses.judge.records import estimates
from posterity.analyses.kinds.threshold.record import by_model, number_flags
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.hansen import search
from posterity.models.thresholds.regimes import regimes
from posterity.reports.files.write import write_report

from ...models.threshold_panels import panel
from ...papers import write_paper
from ...there import there

STUDY = """
[study]
name = "thresholds"
title = "SYNTHETIC thresholds"
entity = "firm"
time = "year"
published = "published.csv"
indicators = "indicators.csv"
[panel]
file = "panel-SYNTHETIC.csv"
[spec."T1.1"]
formula = "q ~ x1 | firm + year"
[spec."T2.1"]
formula = "y ~ x0 + x1 | firm + year"
kind = "threshold"
variable = "q"
regime_dependent = "x0"
max_thresholds = 2
[spec."T3.1"]
formula = "y ~ x0 + x1 | firm + year"
kind = "threshold"
variable = "q"
regime_dependent = "x0"
thresholds = 1
"""
INDICATORS = """index,dimension,indicator,direction
q,,rain,+
q,,wind,+
x0,,wind,+
x0,,sun,-
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A study whose printed slopes are those of least squares with dummies at the threshold that is there."""
    where = tmp_path_factory.mktemp("thresholds")
    design, q = panel(entities=20, times=8, noise=0.3, seed=6)
    frame = pd.DataFrame(design.X, columns=list(design.terms)).assign(
        y=design.y,
        q=q,
        firm=[design.entities[i] for i in design.entity],
        year=[design.times[t] for t in design.time],
    )
    frame.to_csv(where / "panel-SYNTHETIC.csv", index=False)
    at = search(regimes(design, q, "x0", "q"), 1).thresholds[0][0]
    dummies = [pd.get_dummies(codes).to_numpy(float)[:, 1:] for codes in (design.entity, design.time)]
    x0 = design.X[:, 0]
    X = np.column_stack([x0 * (q <= at), x0 * (q > at), design.X[:, 1], np.ones(len(q)), *dummies])
    b = np.linalg.lstsq(X, design.y, rcond=None)[0]
    residual = design.y - X @ b
    errors = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * (residual @ residual) / (len(q) - X.shape[1]))
    rows = "".join(
        f"T3,1,{name},{b[j]:.3f},{errors[j]:.3f},,***,,,,160,,y,\n"
        for j, name in enumerate(("x0_regime1", "x0_regime2", "x1"))
    )
    rows += (
        f"T2,1,threshold1,{at:.4f},,,***,,,,,,y,\nT2,1,F1,99.1,,,,,,0.001,,,y,\nT1,1,x1,0.1,0.1,,,,,,,,q,\n"
    )
    write_paper(where, STUDY, rows, head="")
    (where / "indicators.csv").write_text(INDICATORS)
    return where


@pytest.fixture(scope="module")
def done(folder, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    study = po.load(folder)
    request = Request("panel", Sampler(draws=500), posteriors=store)
    return run(study, None, None, request), request, study


def test_slopes_reproduce_and_hold(done) -> None:
    table = po.compare(done[0]).set_index("id")
    for term in ("x0_regime1", "x0_regime2", "x1"):
        row = table.loc[f"T3.1.{term}"]
        assert row["reproduced_within_rounding"]
        assert row["verdict"] == "holds"
        assert row["posterior_mean"] == pytest.approx(
            row["published_estimate"], abs=2 * row["reproduced_std_error"]
        )
    assert "standard error not reproduced" not in " ".join(table.loc["T3.1.x0_regime1":, "flags"])
    assert not [name for name in table.index if name.startswith("T2")]


def test_number_places_and_tests_are_in_the_record(done) -> None:
    record = done[0].specs["T2.1"].mechanism
    assert sum(record["probability"].values()) == pytest.approx(1)
    assert record["probability"]["0"] < 1e-6
    place = float(done[0].study.file.printed("T2.1")[0].text["estimate"])
    first = record["places"]["1"][0]
    assert first["q2.5"] - 1e-4 <= place <= first["q97.5"] + 1e-4
    assert record["tests"][0]["hansen"]["p_value"] < 0.01
    assert max(record["shapes"], key=lambda name: record["shapes"][name]["log_marginal"]) == "jump"
    json.dumps(record)
    tree = done[0]["T2.1"]
    shares = np.bincount(tree["posterior"]["number"].to_numpy().ravel().astype(int), minlength=3) / 2000
    np.testing.assert_allclose(shares, list(record["probability"].values()), atol=0.05)
    effect = tree["effect"]["slope"].sel(model="averaged")
    assert effect.sel(summary="mean")[0] < effect.sel(summary="mean")[-1]


def test_the_law_and_the_interaction_are_in_the_set_that_is_compared(done) -> None:
    record = done[0].specs["T2.1"].mechanism
    assert list(record["models"]) == ["gaussian", "ar1"]
    for law, row in record["models"].items():
        assert list(row) == ["0", "1", "2", "interaction"]
        assert sum(row.values()) == pytest.approx(record["laws"][law])
    assert sum(record["laws"].values()) == pytest.approx(1)
    assert record["laws"]["gaussian"] > 0.5
    joint = {k: sum(row[k] for row in record["models"].values()) for k in ("0", "1", "2")}
    expected = {k: p / sum(joint.values()) for k, p in joint.items()}
    assert record["probability"] == pytest.approx(expected)
    assert by_model(record)["interaction"] < 0.01
    judged = {r["id"]: r["judged"] for r in estimates(done[0])}["T3.1.x0_regime1"]
    assert judged["law"] == "averaged"


@pytest.mark.parametrize(("law", "used"), [("gaussian", ["gaussian"]), ("ar1", ["ar1"])])
def test_a_law_that_the_study_names_is_the_only_one(folder, tmp_path, law, used) -> None:
    text = STUDY.replace("thresholds = 1", f'thresholds = 1\nerrors = "{law}"')
    one = fit(altered(folder, tmp_path, lambda frame: None, text), only="T3.1", draws=200)
    assert list(there(one.specs["T3.1"].mechanism)["models"]) == used
    model = po.load(tmp_path).spec("T3.1").model(po.load(tmp_path).panel())
    assert ("rho_error" in {v.name for v in model.free_RVs}) == (law == "ar1")


def test_a_law_that_thresholds_cannot_have_is_refused(folder, tmp_path) -> None:
    text = STUDY.replace("thresholds = 1", 'thresholds = 1\nerrors = "student_t"')
    words = r"'student_t' cannot be had with kind 'threshold'.*'gaussian' or 'ar1'"
    with pytest.raises(InputError, match=words):
        altered(folder, tmp_path, lambda frame: None, text)


@pytest.mark.parametrize(("last", "laws"), [(2001, ["gaussian"]), (2002, ["gaussian", "ar1"])])
def test_a_correlation_takes_three_times_of_an_entity(folder, tmp_path, last, laws) -> None:
    def fewer(frame: pd.DataFrame) -> None:
        frame.loc[frame["year"] > last, "x0"] = np.nan

    one = fit(altered(folder, tmp_path, fewer), only="T3.1", draws=200)
    assert list(there(one.specs["T3.1"].mechanism)["laws"]) == laws


def test_a_number_that_is_not_the_most_probable_is_flagged() -> None:
    independent = {"0": 0.1, "1": 0.1, "2": 0.2, "interaction": 0.1}
    correlated = {"0": 0.05, "1": 0.05, "2": 0.1, "interaction": 0.3}
    record = {"given": 2, "models": {"gaussian": independent, "ar1": correlated}}
    assert number_flags(record) == (
        "number of thresholds: a linear interaction has probability 0.40, the paper's 2 thresholds 0.30",
    )
    assert number_flags({**record, "given": None}) == ()
    correlated["2"] = 0.21
    assert number_flags(record) == ()


def test_a_threshold_variable_that_is_explained_elsewhere_is_warned_of(done) -> None:
    flags = po.compare(done[0]).set_index("id").loc["T3.1.x0_regime1", "flags"]
    assert "threshold variable may be endogenous: q is an outcome in this study (T1.1)" in flags
    assert "threshold variable and regressor share indicators: q and x0 both hold wind" in flags
    assert "endogenous" not in po.compare(done[0]).set_index("id").loc["T3.1.x1", "flags"]


def test_a_stored_fit_goes_on_whole(done) -> None:
    first, request, study = done
    again = run(study, None, ["T2", "T3"], request)
    assert all(one.resumed for one in again.specs.values())
    assert again.specs["T2.1"].mechanism == first.specs["T2.1"].mechanism


def test_the_report_has_a_section_with_its_figure(done, tmp_path) -> None:
    text = write_report(done[0], tmp_path).read_text()
    for piece in ('id="thresholds"', "1 against 0", "99.1 (p 0.001)", "Is it a jump?",
                  "Of the models compared, one threshold is the most probable",
                  "Gaussian errors are the likelier law",
                  "one smooth transition", "Threshold variable may be endogenous", "SYNTHETIC"):  # fmt: skip
        assert piece in text
    for name in ("thresholds.T2.1.png", "thresholds.T3.1.svg"):
        assert (tmp_path / "figures" / name).stat().st_size > 5000


def test_twins_are_panels_too(folder) -> None:
    study = po.load(folder)
    first = study.panel()
    second = po.Panel.of(
        first.frame.assign(y=first.frame["y"] + 0.1 * np.sin(np.arange(len(first.frame)))),
        entity="firm", time="year", source="second", synthetic=True,
    )  # fmt: skip
    mixed = fit(study, [first, second], only=["T3.1", "T2.1"], draws=200)
    assert len(mixed["T3.1"]["twins"]["twin"]) == 2
    assert set(np.unique(mixed["T2.1"]["posterior"]["number"])) <= {0.0, 1.0, 2.0}
    twins = there(mixed.specs["T3.1"].mechanism)["twins"]
    assert [list(each["laws"]) for each in twins] == [["gaussian"]] * 2


def test_the_model_is_one_that_can_be_looked_at(folder) -> None:
    study = po.load(folder)
    model = study.spec("T3.1").model(study.panel())
    assert {"which", "slope", "delta", "difference", "sigma"} <= {v.name for v in model.free_RVs}
    assert model["y"].eval().shape == (160,)


def altered(folder: Path, tmp_path: Path, change, text: str = STUDY):
    frame = pd.read_csv(folder / "panel-SYNTHETIC.csv")
    change(frame)
    frame.to_csv(tmp_path / "panel-SYNTHETIC.csv", index=False)
    for name in ("published.csv", "indicators.csv"):
        (tmp_path / name).write_text((folder / name).read_text())
    (tmp_path / "study.toml").write_text(text)
    return po.load(tmp_path)


def blank(frame: pd.DataFrame) -> None:
    frame.loc[4, "q"] = np.nan


def constant(frame: pd.DataFrame) -> None:
    frame["q"] = 0.25


def two_values(frame: pd.DataFrame) -> None:
    frame["q"] = (frame["q"] > 0).astype(float)


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        (blank, "T3.1", r"T3\.1: the threshold variable 'q' is missing in 1 of 160 rows, first in e0 2004"),
        (constant, "T3.1", r"T3\.1: the threshold variable 'q' is constant \(0\.25\)"),
        (two_values, "T2.1", r"T2\.1: .* room for 1 of the 2 thresholds asked for"),
    ],
)
def test_bad_threshold_variables_are_one_sentence(folder, tmp_path, change, column, message) -> None:
    with pytest.raises(InputError, match=message):
        fit(altered(folder, tmp_path, change), only=column)


def test_bad_study_keys_are_one_sentence(folder, tmp_path) -> None:
    def same(frame: pd.DataFrame) -> None: ...

    text = STUDY.replace('regime_dependent = "x0"\nthresholds', 'regime_dependent = "x9"\nthresholds')
    with pytest.raises(InputError, match=r"T3\.1: regime_dependent 'x9' is not a regressor of the formula"):
        fit(altered(folder, tmp_path, same, text), only="T3.1")
    text = STUDY.replace("thresholds = 1", 'thresholds = 1\nlocation_prior = "normal(1)"')
    with pytest.raises(InputError, match=r"location_prior.*normal takes 2 numbers"):
        fit(altered(folder, tmp_path, same, text), only="T3.1")


def test_a_prior_on_the_location_is_read(folder, tmp_path) -> None:
    def same(frame: pd.DataFrame) -> None: ...

    text = STUDY.replace("thresholds = 1", 'thresholds = 1\nlocation_prior = "normal(-1.5, 0.01)"')
    found = fit(altered(folder, tmp_path, same, text), only="T3.1", draws=200)
    assert found["T3.1"]["posterior"]["threshold1of1"].mean() == pytest.approx(-1.5, abs=0.2)
