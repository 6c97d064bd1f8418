"""What robustness to priors computes from a likelihood: priors to try, tipping prior, flag and curve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from posterity.analyses.judge.verdict import Claim
from posterity.analyses.robustness.priors.batch import refits
from posterity.analyses.robustness.priors.choices import own_choices
from posterity.analyses.robustness.priors.part import judge, slope_records
from posterity.analyses.robustness.priors.power_scaling import of_all, prior_driven
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.models.engine.posterior import batch
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.priors import DEFAULTS, Prior, parse_prior
from posterity.models.scale import standardise
from posterity.models.slopes.credibility import bayes_factor_01, least_bayes_factor_01, scepticism_limit
from posterity.models.slopes.likelihood import SlopeLikelihood, given_coefficients, of_panels
from posterity.models.slopes.multiverse import rescaled
from posterity.models.slopes.posterior import on_grid
from posterity.reports.robustness.priors.sentence import sentence

from ...there import there

RUN = DEFAULTS["slope"]


def normal_records(estimate, error, run=RUN):
    likelihood = SlopeLikelihood(
        lambda effect: stats.norm.logpdf(effect, estimate, error)[None],
        np.ones(1),
        np.array([estimate]),
        np.array([error]),
    )
    return judge(slope_records(likelihood, run, Claim(estimate), {}, 1), [])


def test_a_rate_is_divided_where_a_scale_is_multiplied():
    for text in ("gamma(2, 3)", "exponential(1)", "half_normal(0.5)"):
        prior = parse_prior(text)
        wider = rescaled({"sigma": prior}, "sigma", 4.0)["sigma"]
        assert wider.frozen().mean() == pytest.approx(4 * prior.frozen().mean())


def test_the_sceptic_and_the_enthusiast():
    choices = {c.label: c.prior for c in own_choices(RUN, 0.4, {})}
    assert there(choices["sceptic's"]).frozen().sf(0.4) == pytest.approx(0.05)
    assert there(choices["enthusiast's"]).frozen().mean() == 0.4
    assert there(choices["enthusiast's"]).frozen().cdf(0) == pytest.approx(0.05)


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


def test_the_factor_is_a_curve_whose_top_is_the_bound():
    record = normal_records(0.5, 0.2)
    curve = record["curve"]
    exact = [-np.log10(bayes_factor_01(2.5, (s / 0.2) ** 2)) for s in curve["scale"]]
    np.testing.assert_allclose(curve["log10_bf10"], exact, atol=2e-3)
    assert curve["largest"]["log10_bf10"] == pytest.approx(-np.log10(least_bayes_factor_01(2.5)), abs=0.01)
    (one,) = curve["one_at"]
    assert bayes_factor_01(2.5, (one / 0.2) ** 2) == pytest.approx(1, abs=0.02)


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
