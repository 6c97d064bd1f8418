"""Instrument columns under two laws of errors: what is fitted, recorded, stored, shown, and what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.judge.records import comparison
from posterity.analyses.kinds.instrument import fit as fitting
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.data.panel.panel import Panel
from posterity.models.engine.sampling import Sampler
from posterity.models.mechanisms.instrument_draws import InstrumentPosterior
from posterity.reports.kinds import section_of
from posterity.reports.page.page import page
from posterity.reports.rows import rows_of

from ...models.error_panels import series
from ...papers import HEAD, write_paper
from ...there import there

SPEC = '\n[spec."T8.1"]\nformula = "{formula}"\n'
FORMULA = "y ~ w | city + year | x ~ z"
FIT = Sampler(draws=500, seed=5)


@pytest.fixture(scope="module")
def frame():
    """SYNTHETIC: beta = 0.5, errors of both stages AR(1) with 0.8, endogenous, the instrument strong."""
    rng = np.random.default_rng(4)
    z, v, e = (series((20, 8), rho, rng).ravel() for rho in (0.8, 0.8, 0.8))
    w, q, more = rng.normal(size=(3, 160))
    x = 0.7 * z + 0.2 * w + v
    y = 0.5 * x - 0.3 * w + 0.6 * v + 0.8 * e
    city, year = np.divmod(np.arange(160), 8)
    columns = {"y": y, "x": x, "w": w, "z": z, "q": q, "x2": q + 0.5 * z + more}
    return pd.DataFrame({"city": [f"c{i:02d}" for i in city], "year": 2000 + year, **columns})


def panel_of(frame):
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)


def opened(folder, formula=FORMULA, model=""):
    rows = "T8,1,x,0.5,0.1,,***,,,,,,y,\nT8,1,w,-0.3,0.1,,***,,,,,,y,\n"
    return po.load(write_paper(folder, SPEC.format(formula=formula), rows, HEAD + model))


def test_the_coefficient_has_its_interval_under_both_laws(frame, tmp_path):
    request = Request("panel", FIT, posteriors=tmp_path / "out")
    study, panel = opened(tmp_path), panel_of(frame)
    fit = run(study, panel, None, request)
    one = fit.specs["T8.1"]
    exact, loose = there(one.other_law), there(there(one.under_prior).other_law)
    found = {part["term"]: part for part in comparison(fit)["estimates"]}
    for term, rests_on in (("x", loose), ("w", exact)):
        other, drawn = found[term]["other_law"], rests_on.tree["posterior"]
        draws = drawn["coef"].sel(term=term).to_numpy().ravel()
        ends = np.quantile(draws, [0.025, 0.975])
        assert (other["judged"]["q2.5"], other["judged"]["q97.5"]) == pytest.approx(tuple(ends))
        assert (other["judged"]["law"], other["judged"]["factor"]) == ("ar1", None)
        assert other["parameters"] == {"rho_error": pytest.approx(float(drawn["rho_error"].mean()))}
    assert found["x"]["other_law"]["parameters"]["rho_error"] == pytest.approx(0.8, abs=0.2)
    assert float(loose.tree["posterior"]["coef"].std()) > float(
        exact.tree["posterior"]["coef"].sel(term="x").std()
    )
    record = comparison(fit)["mechanisms"]["T8.1"]["other_law"]
    assert (record["law"], record["why"]) == ("ar1", None)
    assert record["endogenous"]["x"]["prior_on_exclusion"]["mean"] == found["x"]["other_law"]["mean"]
    assert 0.3 < record["endogenous"]["x"]["endogeneity"]["mean"] < 0.9

    assert (tmp_path / "out" / "T8.1-ar1.nc").exists()
    again = run(study, panel, None, request)
    assert there(again.specs["T8.1"].other_law).resumed
    assert comparison(again)["estimates"][0]["other_law"] == found["x"]["other_law"]

    rows = rows_of(fit)
    shown = there(section_of("instrument", fit, rows))
    assert "Errors that are correlated over time" in shown.body
    assert "not estimated" not in shown.body
    assert page(fit, rows, [], sections=[shown]).count("AR(1) ") > 1


def test_draws_that_cannot_be_used_are_not_and_the_record_says_why(frame, tmp_path, monkeypatch):
    """k-hat above 0.7 under either exclusion leaves out that second fit."""
    correlated = fitting.correlated_posterior

    def worse(data, priors, sampler, exclusion=False):
        found = correlated(data, priors, sampler, exclusion)
        return replace(found, attributes=found.attributes | {"k_hat": 0.71 if exclusion else 0.7})

    monkeypatch.setattr(fitting, "correlated_posterior", worse)
    fit = po.fit(opened(tmp_path), panel_of(frame), draws=100)
    one = fit.specs["T8.1"]
    assert there(one.under_prior).other_law is None
    assert one.other_law is not None
    assert there(one.mechanism)["other_law"]["why"] == "k-hat 0.71 is above 0.7"
    shown = there(section_of("instrument", fit, rows_of(fit)))
    assert "not estimated: k-hat 0.71 is above 0.7" in shown.body


@pytest.mark.parametrize(
    ("formula", "model", "times", "why"),
    [
        (FORMULA, "", 3, None),
        (FORMULA, "", 2, ""),
        ("y ~ w | x ~ z", "", 8, ""),
        (FORMULA, '[model]\nerrors = "gaussian"\n', 8, ""),
    ],
)
def test_when_there_is_a_second_law(frame, tmp_path, formula, model, times, why):
    panel = panel_of(frame[frame["year"] < 2000 + times])
    one = po.fit(opened(tmp_path, formula, model), panel, draws=100).specs["T8.1"]
    found = there(one.mechanism)["other_law"]
    assert (found is None) == (why == "")
    assert (one.other_law is None) == (why == "")
    assert (there(one.under_prior).other_law is None) == (why == "")


def test_several_endogenous_regressors_have_independent_errors_and_the_page_says_so(
    frame, tmp_path, monkeypatch
):
    """NUTS, which takes them, is replaced by draws from a normal."""

    def drawn(data, priors, sampler, exclusion, direct):
        rng = np.random.default_rng(sampler.seed)
        beta, rho = rng.normal(size=(2, sampler.chains * sampler.draws, len(data.endogenous)))
        return InstrumentPosterior(beta, abs(beta[:, 0]), np.tanh(rho), {"method": "nuts"})

    monkeypatch.setattr(fitting, "instrument_posterior", drawn)
    fit = po.fit(opened(tmp_path, "y ~ w | city + year | x + x2 ~ z + q"), panel_of(frame), draws=50)
    one = fit.specs["T8.1"]
    assert one.other_law is None
    assert there(one.mechanism)["other_law"] == {"law": None, "why": "several endogenous regressors"}
    shown = there(section_of("instrument", fit, rows_of(fit)))
    assert "not estimated: several endogenous regressors" in shown.body
