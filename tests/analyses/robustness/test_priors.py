"""Robustness to priors: records of a column, the rule of its flag, beliefs of a study file, the page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import posterity as po
from posterity.analyses.judge.records import estimates
from posterity.analyses.robustness import robust as robust_fit
from posterity.analyses.robustness.priors.batch import refits
from posterity.analyses.robustness.priors.choices import own_choices
from posterity.analyses.robustness.priors.part import judge, priors_part, slope_records
from posterity.analyses.robustness.priors.power_scaling import of_all, prior_driven
from posterity.analyses.robustness.samples.part import samples
from posterity.analyses.robustness.slopes.part import part as slopes_part
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.data.template import write_template
from posterity.models.engine.posterior import batch
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.priors import DEFAULTS, Prior, parse_prior
from posterity.models.scale import standardise
from posterity.models.slopes.credibility import scepticism_limit
from posterity.models.slopes.likelihood import SlopeLikelihood, given_coefficients, of_panels
from posterity.models.slopes.multiverse import rescaled
from posterity.models.slopes.posterior import on_grid
from posterity.reports.robustness.priors.section import section
from posterity.reports.robustness.priors.sentence import sentence
from posterity.reports.rows import rows_of

from ...papers import write_paper
from ...there import there

RUN = DEFAULTS["slope"]


def normal_records(estimate, error, run=RUN):
    likelihood = SlopeLikelihood(
        lambda effect: stats.norm.logpdf(effect, estimate, error)[None],
        np.ones(1),
        np.array([estimate]),
        np.array([error]),
    )
    return judge(slope_records(likelihood, run, estimate, {}, 1), [])


@pytest.fixture(scope="module")
def fit():
    study = po.load("munnell-1990")
    return po.fit(study, study.panel(), only=["T1.1", "T1.3"])


@pytest.fixture(scope="module")
def robust(fit):
    made = {name: priors_part(one, fit.panels, Request("panel")) for name, one in fit.specs.items()}
    return replace(fit, robustness={name: {"priors": r} for name, r in made.items() if r})


def test_the_records_agree_with_the_fit_itself(robust):
    """The run's prior, answered from the likelihood, against draws of the fit: 4 Monte Carlo errors."""
    for parts in robust.robustness.values():
        for record in parts["priors"]["terms"].values():
            assert abs(record["check"]) < 4


def test_a_column_with_errors_of_its_own_is_not_answered_by_the_gaussian_model(fit):
    one = fit.specs["T1.3"]
    spec = one.view.spec.model_copy(update={"errors": "ar1"})
    other = replace(one, view=replace(one.view, spec=spec))
    assert other.view.errors == "ar1"
    for part in (priors_part, samples, slopes_part):
        assert part(other, fit.panels, Request("panel")) is None


def test_another_printed_digit_is_another_record(tmp_path):
    folder = tmp_path / "mine"
    write_template(folder)
    path = folder / "published.csv"

    def kept(text):
        head, first, *rest = path.read_text().splitlines()
        cells = first.split(",")
        cells[head.split(",").index("estimate")] = text
        path.write_text("\n".join([head, ",".join(cells), *rest]) + "\n")
        found = po.fit(po.load(folder), evidence="tables")
        request = Request("tables", posteriors=tmp_path / "posteriors")
        robust_fit(found, request, ["priors"])
        return {p.name: p.read_bytes() for p in (tmp_path / "robustness").glob("*.json")}

    assert kept("0.5") != kept("0.6")


def test_a_rate_is_divided_where_a_scale_is_multiplied():
    for text in ("gamma(2, 3)", "exponential(1)", "half_normal(0.5)"):
        prior = parse_prior(text)
        wider = rescaled({"sigma": prior}, "sigma", 4.0)["sigma"]
        assert wider.frozen().mean() == pytest.approx(4 * prior.frozen().mean())


def test_a_pooled_column_is_tried_with_effects_as_it_is_judged(robust):
    pooled, both = (robust.robustness[name]["priors"]["terms"]["log_pcap"] for name in ("T1.1", "T1.3"))
    assert pooled["run"]["mean"] == pytest.approx(both["run"]["mean"], rel=0.02)
    assert pooled["published"] == 0.155  # Baltagi's table
    assert pooled["tipping"] is None


def test_everything_is_json_and_small(robust):
    assert len(json.dumps(robust.robustness["T1.3"], allow_nan=False)) < 60_000


def test_a_heavy_tail_drawn_by_the_batch_is_the_one_integrated_exactly(simulate):
    """One slope with a Cauchy prior: a mixture sampled with the scales, against quadrature."""
    panel = Panel.of(simulate(seed=4), entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    design = build_design(panel, Spec(formula="y ~ x2 | city + year"), "T1.1")
    statistics = padded(statistics_of_design(design, "mundlak"))
    choice = {**DEFAULTS, "slope": Prior("cauchy", (0.0, 0.1))}
    drawn = refits([statistics], [choice], 10_000, Sampler(seed=2))[0]
    exact = on_grid(of_panels([statistics], DEFAULTS, [0], seed=3)[0]).posterior(choice["slope"])
    assert drawn.how == "batch"
    assert drawn.coef.mean() == pytest.approx(exact.mean, abs=4 * exact.sd / 100)
    assert drawn.coef.std() == pytest.approx(exact.sd, rel=0.04)


def test_where_importance_sampling_fails_nuts_takes_over(fit, monkeypatch):
    statistics = padded(statistics_of_design(fit.specs["T1.3"].design, "mundlak"))
    monkeypatch.setattr("posterity.analyses.robustness.priors.batch.MAX_K_HAT", -9.0)
    asked = []

    def nuts(statistics, priors, sampler, method):
        asked.append(method)
        return {"posterior": {"coef": xr.DataArray(np.full((2, 5, 4), 7.0))}}

    monkeypatch.setattr("posterity.analyses.robustness.priors.batch.posterior", nuts)
    found = refits([statistics], [DEFAULTS], 500, Sampler())[0]
    assert (found.how, asked) == ("nuts", ["nuts"])
    assert found.coef.shape == (10, 4)
    two = refits([statistics, statistics], [DEFAULTS], 500, Sampler())[0]
    assert (two.how, asked) == ("none", ["nuts"])


def test_the_tipping_prior_is_the_scepticism_limit_and_the_sentence_says_so():
    record = normal_records(0.5, 0.2)
    limit = scepticism_limit(0.5 - 1.96 * 0.2, 0.5 + 1.96 * 0.2)
    assert record["tipping"]["belief"] == pytest.approx(limit, rel=3e-3)
    assert record["credibility"]["scepticism_limit"] == pytest.approx(limit, rel=1e-3)
    said = (
        "The sign stands unless you believed beforehand, with 95% probability, that |slope| is below 0.495 sd"
    )
    assert sentence(record).startswith(said)
    assert "No normal prior centred at 0" in sentence(normal_records(0.1, 0.2))


@pytest.mark.parametrize(
    ("estimate", "error", "driven"),
    [(0.5, 3.0, True), (4.0, 2.0, True), (0.5, 0.05, False), (0.0, 0.05, False), (0.11, 0.05, False)],
)
def test_the_flag(estimate, error, driven):
    """The prior N(0, 1) carries 90%, 80%, and three times 0.25% of the information."""
    record = normal_records(estimate, error)
    assert record["prior_driven"] is driven
    assert ("Prior-driven" in sentence(record)) is driven


def test_the_rule():
    def driven(prior, likelihood, *verdicts):
        return prior_driven([{"prior": prior, "likelihood": likelihood}], set(verdicts))

    assert driven(0.06, 0.02, "uncertain")  # the data say less than the prior
    assert driven(0.06, 0.10, "uncertain", "holds")  # the verdict changes
    assert not driven(0.06, 0.10, "holds")
    assert not driven(0.04, 0.02, "uncertain", "holds")
    assert not prior_driven([], {"uncertain", "holds"})


def test_a_slope_that_only_its_neighbours_prior_tells_apart_is_sensitive(simulate):
    """Two regressors that are nearly one: data know their sum, and only the prior of both knows the rest."""
    frame = simulate(seed=6)
    frame["x2"] = frame["x1"] + 1e-3 * np.random.default_rng(1).normal(size=len(frame))
    panel = Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    design = build_design(panel, Spec(formula="y ~ x1 + x2 | city + year"), "T1.1")
    found = of_all([padded(statistics_of_design(design, "mundlak"))], DEFAULTS, 1)
    assert found["x1"]["prior"] > 0.06
    assert found["x1"]["likelihood"] < 0.02


def test_the_likelihood_given_coefficients_is_that_of_the_rows(simulate):
    """Against the multivariate normal of all rows, up to one constant for every draw."""
    panel = Panel.of(simulate(seed=6), entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    design = build_design(panel, Spec(formula="y ~ x1 | city + year"), "T1.1")
    statistics = statistics_of_design(design, "random")
    drawn = batch([statistics], [DEFAULTS], 5, seed=2)
    scales = dict(zip(drawn.scales, drawn.values[0].T, strict=True))
    found = given_coefficients(statistics, DEFAULTS, scales, drawn.theta[0], drawn.constant[0])
    z = standardise(design)
    entity, year = (np.eye(n)[i] for n, i in ((12, design.entity), (7, design.time)))
    centred = year - year.mean(axis=0)  # time effects sum to zero
    exact = [
        stats.multivariate_normal(
            c + z.X[:, 0] * b,
            s**2 * np.eye(len(z.y)) + e**2 * entity @ entity.T + t**2 * centred @ centred.T,
        ).logpdf(z.y)
        for s, e, t, b, c in zip(
            scales["sigma"],
            scales["sd_entity"],
            scales["sd_time"],
            drawn.theta[0, :, 0],
            drawn.constant[0],
            strict=True,
        )
    ]
    np.testing.assert_allclose(found - found[0], np.array(exact) - exact[0], rtol=1e-6, atol=1e-7)


def test_the_factor_is_a_curve_whose_top_is_the_bound():
    from posterity.models.slopes.credibility import bayes_factor_01, least_bayes_factor_01

    record = normal_records(0.5, 0.2)
    curve = record["curve"]
    exact = [-np.log10(bayes_factor_01(2.5, (s / 0.2) ** 2)) for s in curve["scale"]]
    np.testing.assert_allclose(curve["log10_bf10"], exact, atol=2e-3)
    assert curve["largest"]["log10_bf10"] == pytest.approx(-np.log10(least_bayes_factor_01(2.5)), abs=0.01)
    (one,) = curve["one_at"]
    assert bayes_factor_01(2.5, (one / 0.2) ** 2) == pytest.approx(1, abs=0.02)


def test_the_sceptic_and_the_enthusiast():
    choices = {c.label: c.prior for c in own_choices(RUN, 0.4, {})}
    assert there(choices["sceptic's"]).frozen().sf(0.4) == pytest.approx(0.05)
    assert there(choices["enthusiast's"]).frozen().mean() == 0.4
    assert there(choices["enthusiast's"]).frozen().cdf(0) == pytest.approx(0.05)


SPECS = """\
[tables]
df = 1000000
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
[[spec."T1.1".belief]]
term = "{term}"
estimate = 0.30
std_error = 0.10
source = "a SYNTHETIC earlier paper"
"""
ROWS = """\
T1,1,x1,0.5000,0.1000,,***,,,,,,y,
T1,1,x2,0.1000,0.1000,,,,,,,,y,
"""


@pytest.fixture
def folder(tmp_path):
    def written(term):
        return write_paper(tmp_path, SPECS.replace("{term}", term), ROWS)

    return written


def test_another_papers_finding_is_a_normal_prior(folder):
    """Two normal estimates with the same error: their mean, with the error over the square root of 2."""
    fit = po.fit(po.load(folder("x1")))
    records = there(priors_part(fit.specs["T1.1"], (), Request("tables")))["terms"]
    found = next(m for m in records["x1"]["multiverse"] if m["label"] == "a SYNTHETIC earlier paper")
    assert found["mean"] == pytest.approx(0.4, abs=1e-3)
    assert found["q97.5"] - found["q2.5"] == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(2), rel=0.01)
    assert not any("earlier" in m["label"] for m in records["x2"]["multiverse"])
    assert records["x1"]["prior"] == "flat"
    assert records["x1"]["psense"] is None
    assert not records["x1"]["prior_driven"]


def test_a_belief_about_an_unknown_term_is_refused(folder):
    with pytest.raises(InputError, match="belief names 'x3', which is no term of the formula"):
        po.load(folder("x3"))


def test_the_flag_of_the_comparison_is_that_of_the_records(fit, robust):
    records: dict[str, Any] = {k: {"priors": {"terms": {}}} for k in robust.robustness}
    own = robust.robustness["T1.3"]["priors"]["terms"]
    records["T1.3"]["priors"]["terms"] = {**own, "unemp": {**own["unemp"], "prior_driven": True}}
    flags = {r["id"]: r["flags"] for r in estimates(replace(fit, robustness=records))}
    assert "prior-driven: see robustness to priors" in flags["T1.3.unemp"]
    assert not any(f.startswith("prior-driven") for f in flags["T1.3.log_pcap"])


def test_the_page(robust):
    found = there(section(robust, rows_of(robust)))
    assert [p.name for p in found.figure_files] == [
        "priors.sensitivity-to-the-prior",
        "priors.the-multiverse-of-priors",
    ]
    assert "tipping prior" in found.body
    assert found.body.count("<li>") == 2
    assert section(replace(robust, robustness={}), []) is None
