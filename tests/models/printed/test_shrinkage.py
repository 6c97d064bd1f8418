"""Shrinkage by a field's mixture against its closed form, and over effects drawn from the mixture."""

import numpy as np
import pytest
from scipy import stats

from posterity.models.printed.grids import summary
from posterity.models.printed.shrinkage import COCHRANE, Field, field_density
from posterity.models.printed.tables import PrintedEstimate


def closed_form(z, field):
    """Components' posterior shares and means of theta, given a normal estimate (conjugacy)."""
    sds, shares = np.array(field.sds), np.array(field.weights)
    q = shares * stats.norm.pdf(z, scale=np.sqrt(1 + sds**2))
    return q / q.sum(), z * sds**2 / (1 + sds**2), np.sqrt(sds**2 / (1 + sds**2))


@pytest.mark.parametrize("z", [0.3, 1.96, -2.6, 5.0, 20.0])
def test_a_normal_estimate_has_the_closed_form(z):
    printed = PrintedEstimate("x", 0.04 * z, (0.04, 0.04), 1e9, None)
    grid, density = field_density(printed, COCHRANE)
    found = summary(grid, density)
    q, means, sds = closed_form(z, COCHRANE)
    assert found.mean == pytest.approx(0.04 * float(q @ means), rel=1e-3)
    assert found.prob_positive == pytest.approx(float(q @ stats.norm.cdf(means / sds)), abs=1e-3)
    below = float(q @ stats.norm.cdf((found.low / 0.04 - means) / sds))
    assert below == pytest.approx(0.025, rel=0.02)


def test_the_mixture_is_that_of_the_paper():
    """Table 1 of van Zwet, Schwab and Senn (2021)."""
    assert COCHRANE.weights == (0.32, 0.31, 0.30, 0.07)
    assert COCHRANE.sds == (0.61, 1.42, 2.16, 5.64)
    assert sum(COCHRANE.weights) == pytest.approx(1)


def test_with_few_degrees_of_freedom_an_estimate_is_shrunk_more():
    def kept(df):
        return summary(*field_density(PrintedEstimate("x", 3.0, (1.0, 1.0), df, None), COCHRANE)).mean / 3

    assert kept(3.0) < kept(30.0) < kept(1e9) < 1


def test_one_wide_component_leaves_the_estimate_as_it_is():
    wide = Field((1.0,), (900.0,), "all", "nobody")
    found = summary(*field_density(PrintedEstimate("x", 2.0, (1.0, 1.0), 1e9, None), wide))
    assert (found.mean, found.low) == pytest.approx((2.0, 2.0 - 1.96), abs=2e-3)
