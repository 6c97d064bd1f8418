"""Posteriors mixed over twins: the parts of their spread, verdicts as shares, and going on from the store."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest

import posterity as po
from posterity.analyses.judge.records import estimates
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.analyses.run.twin_mixture import of_term
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.models.engine.sampling import Sampler
from posterity.reports.files.write import write_report

from ...papers import write_paper
from ...there import there

SPECS = """\
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
[spec."T1.2"]
formula = "y ~ x1 + x2"
[spec."T1.3"]
formula = "y ~ x9 | city"
"""
ROWS = """\
T1,1,x1,0.5,0.1,,***,,,,,,y,
T1,2,x1,0.9,0.1,,***,,,,,,y,
T1,3,x9,0.9,0.1,,***,,,,,,y,
"""
SLOPES = (0.4, 0.8, 0.0, 0.45)


@pytest.fixture(scope="module")
def twins(simulate) -> list[Panel]:
    return [
        Panel.of(simulate(seed=s, slope=b), entity="city", time="year", source=f"twin {s}", synthetic=True)
        for s, b in enumerate(SLOPES, start=1)
    ]


@pytest.fixture
def study(tmp_path):
    return po.load(write_paper(tmp_path, SPECS, ROWS))


def test_the_mixture_holds_what_each_twin_says(study, twins):
    """Mean and variance of the mixture by the law of total variance, from fits of each twin alone."""
    fit = po.fit(study, twins, only="T1.1")
    alone = [po.fit(study, twin, only="T1.1")["T1.1"]["posterior"]["coef"].sel(term="x1") for twin in twins]
    means, variances = [float(a.mean()) for a in alone], [float(a.var(ddof=1)) for a in alone]
    mixture = fit["T1.1"]["posterior"]["coef"].sel(term="x1")
    assert float(mixture.mean()) == pytest.approx(np.mean(means), abs=0.01)
    assert float(mixture.var()) == pytest.approx(np.var(means) + np.mean(variances), rel=0.05)
    over = there(of_term(fit.specs["T1.1"], "x1"))
    np.testing.assert_allclose(over.mean, means, atol=0.005)
    assert over.between == pytest.approx(np.std(means, ddof=1), rel=0.02)
    assert over.within == pytest.approx(np.sqrt(np.mean(variances)), rel=0.03)
    # every chain holds every twin, so that R-hat judges the mixture and not the twins
    assert mixture.mean("draw").std() < 0.05


def test_draws_of_the_mixture_are_independent(study, twins):
    """The same twin ten times over: as many effective draws as one fit has, not a tenth."""
    fit = po.fit(study, [twins[0]] * 10, only="T1.1")
    assert float(az.ess(fit["T1.1"]["posterior"]["coef"].sel(term="x1"))) > 3000


def test_verdicts_are_shares_and_what_is_not_identified_is_said(study, twins):
    fit = po.fit(study, twins)
    record = {r["id"]: r for r in estimates(fit)}
    one = record["T1.1.x1"]
    assert sum(one["twins"]["verdicts"].values()) == one["twins"]["n"] == 4
    assert one["twins"]["verdicts"]["uncertain"] == 1
    assert any(f.startswith("not identified by the tables") for f in one["flags"])
    assert "uncertain in 1 of 4 panels" in one["flags"]
    pooled = record["T1.2.x1"]
    assert pooled["with_effects"] is not None
    assert pooled["twins"]["highest_mean"] < 0.95  # the ensemble judged is the one with effects
    assert "x9" in fit.skipped["T1.3"]
    assert fit.specs["T1.1"].tree.attrs["k_hat"] < 0.7


def test_a_run_over_twins_goes_on_where_it_stopped_and_is_labelled(study, twins, tmp_path):
    request = Request("twin", Sampler(draws=100), posteriors=tmp_path / "out" / "posteriors")
    first = run(study, twins, None, request)
    again = run(study, twins, None, request)
    assert all(one.resumed for one in again.specs.values())
    for name in first:
        np.testing.assert_array_equal(first[name]["posterior"]["coef"], again[name]["posterior"]["coef"])
    moved = run(study, twins[:3], ["T1.1"], request)
    assert not moved.specs["T1.1"].resumed
    page = write_report(again, tmp_path / "out").read_text(encoding="utf-8")
    assert "SYNTHETIC twins" in page
    assert (tmp_path / "out" / "figures" / "twins.png").exists()
    assert '"synthetic": true' in (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")


def test_twin_evidence_without_twins_says_how_to_make_them(study):
    with pytest.raises(InputError, match="posterity twin"):
        run(study, None, None, Request("twin"))
