"""Closed forms against the worked examples of the papers, to their printed digits.

H: Held, Matthews, Ott and Pawel (2022, doi:10.1002/jrsm.1538), sections 3 and 4, on trials of
corticosteroids. S: Spiegelhalter, Abrams and Myles (2004), Bayesian Approaches to Clinical Trials, section
3.11, examples 3.6 and 3.8. M: Matthews (2019, doi:10.1080/00031305.2018.1543136), an outbreak of Salmonella.
"""

import math

import numpy as np
import pytest
from scipy import stats

from posterity.models.slopes.credibility import (
    advocacy_limit,
    bayes_factor_01,
    intrinsic_p,
    least_bayes_factor_01,
    sceptical_variance,
    scepticism_limit,
)

from ...there import there

BOUND = stats.norm.ppf(0.975)


def log_odds_ratio(dead, treated, dead_control, control):
    """Estimate and standard error from the counts of a trial."""
    counts = (dead, treated - dead, dead_control, control - dead_control)
    return math.log(counts[0] * counts[3] / counts[1] / counts[2]), math.sqrt(sum(1 / c for c in counts))


RECOVERY = log_odds_ratio(95, 324, 283, 683)  # H: -0.53 and 0.145
REMAP_CAP = log_odds_ratio(26, 105, 29, 92)  # H: -0.34 [-0.96, 0.29]


def interval(estimate, se):
    return estimate - BOUND * se, estimate + BOUND * se


def test_scepticism_limit():
    assert round(there(scepticism_limit(*interval(*RECOVERY))), 3) == 0.178  # H
    assert round(there(scepticism_limit(-0.63, -0.20)), 2) == 0.13  # H, all seven trials


@pytest.mark.parametrize(
    ("low", "high", "end", "digits"),
    [
        (0.24, 0.97, 0.10, 2),  # S, GREAT
        (1 / 21.5, 1 / 6.0, 0.84, 2),  # S, sumatriptan, with 1 / 0.84 = 1.19
        (1 / 4.00, 1 / 1.03, 0.10, 2),  # M, bread rolls: 10
    ],
)
def test_scepticism_limit_of_odds_ratios(low, high, end, digits):
    assert round(math.exp(-there(scepticism_limit(math.log(low), math.log(high)))), digits) == end


def test_advocacy_limit():
    limit = there(advocacy_limit(*interval(*REMAP_CAP)))
    assert round(limit, 2) == -1.89  # H
    assert round(math.exp(limit), 2) == 0.15  # H


def test_the_limits_put_the_posterior_interval_just_at_zero():
    """What the limits are defined by, from the normal posterior itself."""

    def posterior_z(estimate, se, mean, sd):
        precision = 1 / se**2 + 1 / sd**2
        return (estimate / se**2 + mean / sd**2) / math.sqrt(precision)

    for estimate, se in [(0.5, 0.1), (-0.3, 0.14), (2.0, 0.01)]:
        limit = there(scepticism_limit(*interval(estimate, se)))
        assert posterior_z(estimate, se, 0, limit / BOUND) == pytest.approx(math.copysign(BOUND, estimate))
        assert sceptical_variance(estimate / se) == pytest.approx((limit / BOUND / se) ** 2)
    for estimate, se in [(0.1, 0.1), (-0.2, 0.3)]:
        limit = there(advocacy_limit(*interval(estimate, se)))
        sd = abs(limit) / 2 / BOUND
        assert posterior_z(estimate, se, limit / 2, sd) == pytest.approx(math.copysign(BOUND, estimate))


def test_where_there_is_no_limit():
    assert scepticism_limit(-0.1, 0.5) is None
    assert scepticism_limit(0.0, 0.5) is None
    assert advocacy_limit(0.1, 0.5) is None
    assert advocacy_limit(-0.5, 0.5) is None
    assert sceptical_variance(1.9) is None


def test_relative_variance_of_the_sceptical_prior():
    assert round(there(sceptical_variance(RECOVERY[0] / RECOVERY[1])), 2) == 0.39  # H
    assert round(there(sceptical_variance(-3.81)), 2) == 0.36  # H, all seven trials


def test_intrinsic_credibility():
    assert round(intrinsic_p(RECOVERY[0] / RECOVERY[1]), 3) == 0.009  # H
    assert round(intrinsic_p(REMAP_CAP[0] / REMAP_CAP[1]), 2) == 0.46  # H
    threshold = 2 * stats.norm.sf(math.sqrt(2) * stats.norm.ppf(0.975))
    assert round(threshold, 4) == 0.0056  # H
    z = stats.norm.isf(threshold / 2)
    assert intrinsic_p(z) == pytest.approx(0.05)
    assert round((z + BOUND) / (z - BOUND), 1) == 5.8  # H, the credibility ratio at that threshold
    # Matthews' own threshold, 0.013: the estimate leaves the sceptical prior interval
    golden = BOUND * math.sqrt((1 + math.sqrt(5)) / 2)
    limit = scepticism_limit(golden - BOUND, golden + BOUND)
    assert limit == pytest.approx(golden)
    assert round(2 * stats.norm.sf(golden), 3) == 0.013  # H


def test_bayes_factors():
    z = RECOVERY[0] / RECOVERY[1]
    assert 1 / least_bayes_factor_01(z) == pytest.approx(148.9, rel=0.002)  # H; 148.7 from the counts
    assert round(1 / bayes_factor_01(z, 0.59)) == 10  # H
    assert round(1 / least_bayes_factor_01(3.15)) == 27  # H
    grid = np.geomspace(1e-3, 1e4, 20001)
    for z in (1.5, 2.5, 4.0):
        least = min(bayes_factor_01(z, g) for g in grid)
        assert least_bayes_factor_01(z) == pytest.approx(least, rel=1e-5)
    assert least_bayes_factor_01(0.8) == 1
