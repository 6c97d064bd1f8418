"""Posteriors from a printed number: exact draws against closed forms, quadrature and NUTS."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from posterity.models.engine.sampling import Sampler, nuts
from posterity.models.printed.tables import (
    PrintedEstimate,
    bayes_factor_10,
    exact_draws,
    moments,
    posterior_density,
    tables_model,
)
from posterity.models.priors import Prior

NORMAL = Prior("normal", (0.0, 1.0))


def test_flat_prior_gives_back_the_t_distribution():
    printed = PrintedEstimate("x", 0.205, (0.041, 0.041), 3.0, None)
    draws = exact_draws(printed, NORMAL, 4000, seed=1)
    quantiles = [0.025, 0.25, 0.5, 0.75, 0.975]
    np.testing.assert_allclose(
        np.quantile(draws, quantiles), 0.205 + 0.041 * stats.t.ppf(quantiles, 3), atol=0.041 * 0.01
    )


def test_normal_likelihood_and_prior_give_the_conjugate_posterior():
    printed = PrintedEstimate("x", 0.3, (0.1, 0.1), 1e6, 0.05)
    grid, density = posterior_density(printed, NORMAL)
    precision = 1 / 0.1**2 + 1 / 0.05**2
    exact = stats.norm(0.3 / 0.1**2 / precision, precision**-0.5)
    np.testing.assert_allclose(density, exact.pdf(grid), atol=2e-5 * exact.pdf(exact.mean()))


@pytest.mark.parametrize("prior", [NORMAL, Prior("cauchy", (0.0, 0.5)), Prior("laplace", (0.1, 0.3))])
@pytest.mark.parametrize("unit", [0.02, 1.0, 50.0])
def test_mean_and_spread_by_adaptive_quadrature(prior, unit):
    printed = PrintedEstimate("x", 0.5, (0.15, 0.25), 5.0, unit)

    def kernel(b: float) -> float:
        likelihood = integrate.quad(lambda s: stats.t.pdf((0.5 - b) / s, 5) / s, 0.15, 0.25)[0]
        return likelihood * prior.frozen().pdf(b / unit)

    near = [prior.arguments[0] * unit + k * min(unit, 0.2) for k in (-30, -10, -3, -1, 0, 1, 3, 10, 30)]
    ends = [-20.0, *sorted({0.0, 0.5, *(b for b in near if abs(b) < 20)}), 20.0]
    pieces = list(itertools.pairwise(ends))
    area, first, second = (
        sum(integrate.quad(lambda b, p=p: b**p * kernel(b), lo, hi, limit=200)[0] for lo, hi in pieces)
        for p in (0, 1, 2)
    )
    mean, sd = first / area, np.sqrt(second / area - (first / area) ** 2)
    draws = exact_draws(printed, prior, 20_000, seed=3)
    assert draws.mean() == pytest.approx(mean, abs=0.01 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.02)


def test_nuts_on_the_same_model_agrees():
    printed = [
        PrintedEstimate("a", 0.4, (0.15, 0.25), 10.0, 0.5),
        PrintedEstimate("b", -2.0, (0.9, 1.1), 30.0, None),
    ]
    tree = nuts(tables_model(printed, NORMAL), Sampler(draws=1000, tune=500, seed=5))
    for one in printed:
        exact = exact_draws(one, NORMAL, 20_000, seed=4)
        sampled = tree["posterior"]["coef"].sel(term=one.term).to_numpy().ravel()
        assert sampled.mean() == pytest.approx(exact.mean(), abs=0.1 * exact.std())
        np.testing.assert_allclose(
            np.quantile(sampled, [0.05, 0.95]), np.quantile(exact, [0.05, 0.95]), atol=0.15 * exact.std()
        )


@pytest.mark.parametrize("estimate", [0.05, 0.3, 2.0])
def test_bayes_factor_against_the_ratio_of_marginal_likelihoods(estimate):
    """Normal likelihood and prior: BF10 = N(b; 0, s2 + u2) / N(b; 0, s2), far tails included."""
    s, unit = 0.1, 0.5
    exact = stats.norm(0, np.hypot(s, unit)).pdf(estimate) / stats.norm(0, s).pdf(estimate)
    printed = PrintedEstimate("x", estimate, (s, s), 1e9, unit)
    assert bayes_factor_10(printed, NORMAL) == pytest.approx(exact, rel=1e-3)
    assert bayes_factor_10(PrintedEstimate("x", estimate, (s, s), 3.0, None), NORMAL) is None


def test_moments_of_a_heavy_tail_are_those_of_the_t_distribution():
    """Flat prior, 3 degrees of freedom: sd = sqrt(3) s; with 2 there is none, with 1 not even a mean."""
    mean, sd = moments(PrintedEstimate("x", 0.2, (0.1, 0.1), 3.0, None), NORMAL)
    assert (mean, sd) == (pytest.approx(0.2, abs=1e-6), pytest.approx(0.1 * 3**0.5, rel=2e-3))
    assert np.isnan(moments(PrintedEstimate("x", 0.2, (0.1, 0.1), 2.0, None), NORMAL)[1])
    assert np.isnan(moments(PrintedEstimate("x", 0.2, (0.1, 0.1), 1.0, None), NORMAL)[0])
