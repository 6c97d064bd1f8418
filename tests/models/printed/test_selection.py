"""Inference given print: against truncated normals, adaptive quadrature, no selection, and simulation."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from posterity.models.printed.design_analysis import critical_value, power
from posterity.models.printed.grids import summary
from posterity.models.printed.selection import (
    BETA_P,
    distribution,
    print_probability,
    selected_densities,
    selected_quantiles,
)
from posterity.models.printed.tables import PrintedEstimate, posterior_density
from posterity.models.priors import Prior

STANDARD = Prior("normal", (0.0, 1.0))
NORMAL = 1e9
C = stats.norm.ppf(0.975)


def printed(z, df=NORMAL, unit=None):
    return PrintedEstimate("x", z, (1.0, 1.0), df, unit)


@pytest.mark.parametrize(("z", "snr"), [(2.5, 1.0), (-2.1, 0.3), (4.0, 3.0)])
def test_where_only_significant_estimates_are_printed_they_are_two_truncated_normals(z, snr):
    right, left = stats.norm.sf(C - snr), stats.norm.cdf(-C - snr)
    upper = stats.truncnorm(C - snr, np.inf, loc=snr)
    lower = stats.truncnorm(-np.inf, -C - snr, loc=snr)
    exact = (right * upper.cdf(z) + left * lower.cdf(z)) / (right + left)
    assert distribution(np.array(z), np.array(snr), NORMAL, np.array(0.0)) == pytest.approx(exact, rel=1e-6)


def test_insignificant_estimates_count_with_their_probability():
    below, between = stats.norm.cdf(-C - 1), stats.norm.cdf(0.5 - 1) - stats.norm.cdf(-C - 1)
    exact = (below + 0.2 * between) / (0.2 + 0.8 * power(np.array(1.0), NORMAL))
    assert distribution(np.array(0.5), np.array(1.0), NORMAL, np.array(0.2)) == pytest.approx(exact)
    assert print_probability(np.array(1.0), NORMAL, 0.2) == pytest.approx(0.2 + 0.8 * 0.17, abs=1e-3)


@pytest.mark.parametrize("df", [3.0, 40.0])
def test_without_selection_nothing_changes(df):
    one = PrintedEstimate("x", 0.31, (0.095, 0.105), df, 0.4)
    grid, densities = selected_densities(one, STANDARD, np.array([1.0]))
    plain, found = summary(*posterior_density(one, STANDARD)), summary(grid, densities[0])
    assert vars(found) == pytest.approx(vars(plain), rel=2e-3)
    ends = selected_quantiles(one, np.array([1.0]))[0]
    assert ends == pytest.approx(0.31 + 0.1 * stats.t.ppf([0.025, 0.5, 0.975], df), rel=1e-6)


def test_the_posterior_given_print_by_adaptive_quadrature():
    """Normal estimate, z = 2.3, prior normal(0, 1) in units of 1.5 standard errors, beta_p = 0.1."""
    grid, densities = selected_densities(printed(2.3, unit=1.5), STANDARD, np.array([0.1]))

    def kernel(theta):
        chance = 0.1 + 0.9 * (stats.norm.sf(C - theta) + stats.norm.cdf(-C - theta))
        return stats.norm.pdf(2.3 - theta) * stats.norm.pdf(theta / 1.5) / chance

    area, first = (integrate.quad(lambda t, p=p: t**p * kernel(t), -8, 8, limit=200)[0] for p in (0, 1))
    positive = integrate.quad(kernel, 0, 8, limit=200)[0] / area
    found = summary(grid, densities[0])
    assert (found.mean, found.prob_positive) == pytest.approx((first / area, positive), rel=1e-3)
    below = integrate.quad(kernel, -8, found.low, limit=200)[0] / area
    assert below == pytest.approx(0.025, rel=0.01)


def test_standard_errors_that_print_alike_are_all_counted():
    """With the error known only as 0.5 to 1.5, the mean over errors of the posterior given each."""
    wide = PrintedEstimate("x", 2.2, (0.5, 1.5), 8.0, None)
    grid, densities = selected_densities(wide, STANDARD, np.array([0.05]))
    c = critical_value(8.0)

    def kernel(s, theta):
        chance = stats.t.cdf(theta / s - c, 8) + stats.t.cdf(-theta / s - c, 8)
        return stats.t.pdf((2.2 - theta) / s, 8) / s / (0.05 + 0.95 * chance)

    nodes = np.linspace(0.5, 1.5, 201)
    thetas = np.linspace(-40, 40, 4001)
    exact = np.trapezoid(kernel(nodes[:, None], thetas), nodes, axis=0)
    assert summary(grid, densities[0]).mean == pytest.approx(summary(thetas, exact).mean, rel=5e-3)


@pytest.mark.parametrize("beta", [0.0, BETA_P, 0.4])
@pytest.mark.parametrize("df", [3.0, NORMAL])
def test_bounds_hold_the_truth_as_often_as_they_say_given_print(beta, df):
    """20,000 printed estimates of an effect that a two-sided 5% test finds with power .17: error 0.0015."""
    snr = optimize.brentq(lambda theta: power(np.array(theta), df) - 0.17, 0, 5)
    levels = np.array([0.025, 0.5, 0.975])
    rng = np.random.default_rng(2)
    z = snr + (rng.normal(size=200_000) if df == NORMAL else rng.standard_t(df, size=200_000))
    kept = z[(np.abs(z) > critical_value(df)) | (rng.uniform(size=z.size) < beta)][:20_000]
    at = distribution(kept, np.array(snr), df, np.array(beta))
    above = [(at > 1 - q).mean() for q in levels]  # the bound of level q is then above the truth
    np.testing.assert_allclose(above, levels, atol=0.012)


def test_the_bounds_solve_the_distribution_function():
    betas = np.array([0.02, 0.3])
    for z in (2.0, -3.1, 0.4):
        ends = selected_quantiles(printed(z), betas)
        for beta, row in zip(betas, ends, strict=True):
            assert distribution(np.array(z), row, NORMAL, beta) == pytest.approx(
                [0.975, 0.5, 0.025], rel=1e-6
            )


def test_a_just_significant_estimate_loses_most_and_a_strong_one_nothing():
    near, far = (selected_quantiles(printed(z), np.array([BETA_P]))[0] / z for z in (2.0, 9.0))
    assert near[1] < 0.5
    assert far[1] == pytest.approx(1, abs=1e-3)
