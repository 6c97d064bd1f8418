"""The likelihood of one slope against exact solutions, and what follows from it against direct fits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.models.engine.posterior import batch
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.printed.tables import PrintedEstimate, bayes_factor_10, moments
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.slopes.credibility import bayes_factor_01, scepticism_limit
from posterity.models.slopes.likelihood import SlopeLikelihood, of_panels, of_printed
from posterity.models.slopes.posterior import on_grid, settling_odds, tipping_scale, zero_centred

from ...there import there

NEARLY_NORMAL = 1e6
BOUND = stats.norm.ppf(0.975)


@pytest.fixture(scope="module")
def statistics(simulate):
    panel = Panel.of(simulate(seed=4), entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    design = build_design(panel, Spec(formula="y ~ x1 + x2 | city + year"), "T1.1")
    return padded(statistics_of_design(design, "mundlak"))


@pytest.fixture(scope="module")
def curves(statistics):
    return of_panels([statistics], DEFAULTS, [0, 1], seed=11)


def normal(estimate, error, unit=1.0):
    """The likelihood of a normal estimate."""
    return on_grid(
        SlopeLikelihood(
            lambda effect: stats.norm.logpdf(effect, estimate, error)[None],
            np.array([unit]),
            np.array([estimate]),
            np.array([error]),
        )
    )


@pytest.mark.parametrize(("z", "scale"), [(27, 1.0), (60, 1.0), (60, 0.3)])
def test_a_strong_slope_under_a_prior_as_narrow_as_its_error(z, scale):
    """The posterior lies where the grid has neither the likelihood nor 0 near."""
    found = normal(float(z), 1.0).posterior(zero_centred(scale))
    share = scale**2 / (scale**2 + 1)
    exact = stats.norm(z * share, np.sqrt(share))
    assert (found.low, found.high) == pytest.approx(exact.interval(0.95), abs=0.04 * exact.std())
    assert found.sd == pytest.approx(exact.std(), rel=0.02)


def test_a_normal_likelihood_has_the_conjugate_posterior():
    estimate, error, unit, scale = 0.4, 0.25, 2.0, 0.15
    found = normal(estimate, error, unit).posterior(zero_centred(scale))
    share = (unit * scale) ** 2 / ((unit * scale) ** 2 + error**2)
    exact = stats.norm(estimate * share, error * np.sqrt(share))
    assert found.mean == pytest.approx(exact.mean(), abs=1e-4)
    assert found.sd == pytest.approx(exact.std(), rel=1e-3)
    assert (found.low, found.high) == pytest.approx(exact.interval(0.95), abs=1e-3)
    assert found.prob_positive == pytest.approx(exact.sf(0), abs=1e-4)


@pytest.mark.parametrize(("estimate", "error"), [(0.5, 0.2), (-0.3, 0.14), (2.0, 0.05)])
def test_the_tipping_prior_of_a_normal_estimate_is_the_scepticism_limit(estimate, error):
    slope = normal(estimate, error, unit=0.7)
    limit = scepticism_limit(estimate - BOUND * error, estimate + BOUND * error)
    assert there(tipping_scale(slope)) * 0.7 * BOUND == pytest.approx(limit, rel=2e-3)


def test_no_prior_about_zero_settles_an_estimate_that_is_not_significant():
    assert tipping_scale(normal(0.19, 0.1)) is None


@pytest.mark.parametrize("scale", [0.05, 0.5, 5.0])
def test_the_bayes_factor_of_a_normal_estimate(scale):
    found = normal(0.5, 0.2).log_factor_10(zero_centred(scale))
    assert np.exp(-found) == pytest.approx(bayes_factor_01(2.5, (scale / 0.2) ** 2), rel=2e-3)


def test_odds_that_settle_the_sign():
    """Under a flat prior a normal estimate of z = 1 has P(> 0) = 0.8413: 39 = odds x 0.8413 / 0.1587."""
    found = settling_odds(normal(0.1, 0.1), None, 1)
    assert found == pytest.approx(39 / (stats.norm.cdf(1) / stats.norm.sf(1)), rel=2e-3)
    other = settling_odds(normal(0.1, 0.1), None, -1)
    assert other == pytest.approx(39 * (stats.norm.cdf(1) / stats.norm.sf(1)), rel=2e-3)


def test_settling_odds_do_not_count_what_a_shifted_prior_itself_says_of_the_sign():
    """With a likelihood so wide that it says nothing the odds are 39, wherever the prior is centred."""
    slope = normal(0.0, 1e3)
    assert settling_odds(slope, Prior("normal", (0.5, 1.0)), 1) == pytest.approx(39, rel=0.02)


def test_at_tables_evidence_it_is_that_of_the_printed_t():
    printed = PrintedEstimate("x", 0.204, (0.0405, 0.0415), 3.0, 1.5)
    prior = Prior("normal", (0.0, 0.1))
    slope = on_grid(of_printed(printed))
    found = slope.posterior(prior)
    assert (found.mean, found.sd) == pytest.approx(moments(printed, prior), rel=1e-3)
    assert np.exp(slope.log_factor_10(prior)) == pytest.approx(bayes_factor_10(printed, prior), rel=2e-3)
    flat = slope.posterior(None)
    exact = stats.t(3, 0.204, 0.041).interval(0.95)
    assert (flat.low, flat.high) == pytest.approx(exact, abs=5e-4)


def test_it_agrees_with_fits_under_other_priors_of_that_slope(statistics, curves):
    """Direct draws, prior by prior, with another seed; 4 Monte Carlo standard errors of 20,000."""
    for scale in (0.02, 0.3, 3.0):
        drawn = batch([statistics], [{**DEFAULTS, "slope": zero_centred(scale)}], 20_000, seed=3)
        others = {**DEFAULTS, "slope": zero_centred(scale)}
        for term, curve in enumerate(of_panels([statistics], others, [0, 1], seed=5)):
            values = drawn.theta[0, :, term] * statistics.scale.unit[term]
            found = on_grid(curve).posterior(zero_centred(scale))
            assert found.mean == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(20_000))
            assert found.sd == pytest.approx(values.std(), rel=0.03)
            assert (values > 0).mean() == pytest.approx(found.prob_positive, abs=0.015)


def test_the_bayes_factor_is_the_ratio_of_marginal_likelihoods(statistics, curves):
    """Two marginal likelihoods of the collapsed model: with the slope's prior, and next to none off 0."""
    draws = 20_000
    wide, none = (
        batch([one_term(statistics)], [{**DEFAULTS, "slope": zero_centred(s)}], draws, seed=8)
        for s in (0.5, 1e-6)
    )
    exact = float(wide.direct.log_marginal[0] - none.direct.log_marginal[0])
    curve = of_panels([one_term(statistics)], DEFAULTS, [0], seed=9)[0]
    assert on_grid(curve).log_factor_10(zero_centred(0.5)) == pytest.approx(exact, abs=0.03)


def one_term(statistics):
    """The same panel with its second regressor alone, whose Bayes factor is within reach."""
    from dataclasses import replace

    keep = [1, 3, 4, 5]  # slope, between, constant, outcome of the second
    at = np.ix_(range(len(statistics.strata.degrees)), keep, keep)
    scale = statistics.scale._replace(x_mean=statistics.scale.x_mean[1:], x_sd=statistics.scale.x_sd[1:])
    return replace(
        statistics,
        terms=statistics.terms[1:],
        strata=statistics.strata._replace(cross=statistics.strata.cross[at]),
        by_entity=statistics.by_entity[:, keep],
        by_time=statistics.by_time[:, keep],
        scale=scale,
    )


def test_over_data_sets_it_is_their_mixture(statistics, curves):
    one, other = normal(0.5, 0.1), normal(-0.1, 0.2)
    both = on_grid(
        SlopeLikelihood(
            lambda effect: stats.norm.logpdf(effect, [[0.5], [-0.1]], [[0.1], [0.2]]),
            np.ones(2),
            np.array([0.5, -0.1]),
            np.array([0.1, 0.2]),
        )
    )
    prior = zero_centred(1.0)
    a, b, mixed = one.posterior(prior), other.posterior(prior), both.posterior(prior)
    assert mixed.mean == pytest.approx((a.mean + b.mean) / 2, abs=1e-4)
    assert mixed.prob_positive == pytest.approx((a.prob_positive + b.prob_positive) / 2, abs=1e-3)
    for_zero = np.exp(-one.log_factor_10(prior)) / 2 + np.exp(-other.log_factor_10(prior)) / 2
    assert np.exp(-both.log_factor_10(prior)) == pytest.approx(for_zero, rel=2e-3)
