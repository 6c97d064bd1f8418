"""Posteriors from a printed number: exact draws against closed forms, quadrature and NUTS."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from posterity.models.printed.tables import (
    PrintedEstimate,
    bayes_factor_10,
    exact_draws,
    log_likelihood,
    moments,
    posterior_density,
    tables_model,
)
from posterity.models.priors import Prior

from ...there import there

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
    nodes, weights = np.polynomial.legendre.leggauss(30)  # of the printed error, between its bounds
    errors, density = 0.2 + 0.05 * nodes, prior.frozen().pdf

    def kernel(b: float) -> float:
        t_density = (1 + ((0.5 - b) / errors) ** 2 / 5) ** -3 / errors  # with 5 degrees, up to a constant
        return weights @ t_density * density(b / unit)

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


@pytest.mark.parametrize("unit", [0.5, None])
def test_the_exact_posterior_is_that_of_the_pymc_model(unit):
    """Its density of the effect, the standard error integrated out by the trapezium rule."""
    printed = PrintedEstimate("a", 0.4, (0.15, 0.25), 10.0, unit)
    model = tables_model([printed], NORMAL)
    share = np.linspace(-10, 10, 61)  # of the standard error's interval, on the line of its logit
    free = {v.name: v for v in model.value_vars}
    name = next(key for key in free if "std_error" not in key)
    logp = model.compile_fn(model.logp(), inputs=list(free.values()), mode="FAST_COMPILE")

    def density(effect):
        at = effect / (unit or 1.0)
        joint = [logp({"std_error_interval__": np.array([u]), name: at}) for u in share]
        return np.trapezoid(np.exp(joint), share)

    grid, expected = posterior_density(printed, NORMAL)
    some = np.linspace(-0.4, 1.2, 17)
    ratio = [density(effect) for effect in some] / np.interp(some, grid, expected)
    np.testing.assert_allclose(ratio, ratio[8], rtol=2e-3)


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


def test_moments_and_draws_of_a_normal_prior_are_those_of_the_conjugate_posterior():
    """Printed 0.3 (0.1), prior N(0, 0.05^2): mean 0.3/5, sd 0.1/sqrt(5); draws at its even quantiles."""
    printed = PrintedEstimate("x", 0.3, (0.1, 0.1), 1e8, 0.05)
    assert moments(printed, NORMAL) == (pytest.approx(0.06, rel=1e-5), pytest.approx(0.1 / 5**0.5, rel=1e-4))
    draws = exact_draws(printed, NORMAL, 99, seed=2)
    levels = (np.arange(99) + 0.5) / 99
    np.testing.assert_allclose(np.sort(draws), stats.norm(0.06, 0.1 / 5**0.5).ppf(levels), rtol=0, atol=2e-6)
    assert not np.array_equal(draws, np.sort(draws))
    np.testing.assert_array_equal(draws, exact_draws(printed, NORMAL, 99, seed=2))


@pytest.mark.parametrize("effect", [-1.0, 0.0, 0.7])
def test_likelihood_averages_the_standard_error_over_its_rounding(effect):
    printed = PrintedEstimate("x", 0.5, (0.15, 0.25), 5.0, None)
    exact = (
        integrate.quad(lambda s: stats.t.pdf((0.5 - effect) / s, 5) / s, 0.15, 0.25, epsrel=1e-12)[0] / 0.1
    )
    assert log_likelihood(printed, np.array([effect]))[0] == pytest.approx(np.log(exact), rel=1e-9)


def test_a_flat_prior_leaves_the_t_and_its_mean_where_there_is_one():
    """A proper prior has moments whatever the degrees of freedom of the printed t."""
    printed = PrintedEstimate("x", 0.2, (0.1, 0.1), 1.5, None)
    mean, sd = moments(printed, NORMAL)
    assert mean == pytest.approx(0.2, abs=1e-6)
    assert np.isnan(sd)
    assert np.isfinite(moments(PrintedEstimate("x", 0.2, (0.1, 0.1), 1.0, 0.5), NORMAL)).all()
    assert np.isfinite(moments(PrintedEstimate("x", 0.2, (0.1, 0.1), 2.5, None), NORMAL)).all()
    grid, density = posterior_density(printed, NORMAL)
    np.testing.assert_allclose(density, stats.t(1.5, 0.2, 0.1).pdf(grid), rtol=1e-4)
    assert grid[0] < 0.2 - 1e4 * 0.1  # the quantile of 1e-9, so that no tail is cut


def test_a_bayes_factor_beyond_the_largest_number_is_none():
    """z = estimate / s with s2 far below the prior's: log BF10 is about z^2 / 2, 722 at 38 and 684 at 37."""
    finite, none = (
        bayes_factor_10(PrintedEstimate("x", 0.001 * z, (0.001, 0.001), 1e12, 1.0), NORMAL) for z in (37, 38)
    )
    exact = stats.norm(0, np.hypot(0.001, 1)).logpdf(0.037) - stats.norm(0, 0.001).logpdf(0.037)
    assert np.log(there(finite)) == pytest.approx(exact, rel=1e-3)
    assert none is None


def test_the_model_in_pymc_has_the_same_density():
    """log p of the printed numbers given effects and errors, one column of a flat and a scaled prior."""
    printed = [
        PrintedEstimate("a", 0.4, (0.15, 0.25), 10.0, 0.5),
        PrintedEstimate("b", -2.0, (0.9, 1.1), 30.0, None),
    ]
    model = tables_model(printed, NORMAL)
    point = {"std_error_interval__": np.zeros(2), "slope[a]": np.array(0.6), "effect[b]": np.array(-1.5)}
    expected = stats.t.logpdf((0.4 - 0.3) / 0.2, 10) - np.log(0.2)  # the middle of each rounding interval
    expected += stats.t.logpdf(-0.5 / 1.0, 30) - np.log(1.0)
    expected += stats.norm.logpdf(0.6) + 2 * np.log(0.25)  # uniform on a logit scale: 1/4 at the middle
    assert float(model.compile_logp(mode="JAX")(point)) == pytest.approx(expected, rel=1e-9)
    assert list(model.coords["term"]) == ["a", "b"]
