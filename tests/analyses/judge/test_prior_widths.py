"""Bayes factors over prior widths against the closed form of a normal estimate with a normal prior."""

import numpy as np
import pytest
from scipy import stats

from posterity.analyses.judge.frame import frame_of
from posterity.analyses.judge.prior_widths import (
    WIDTHS,
    factors_of_draws,
    factors_of_printed,
    scaled,
    width_records,
)
from posterity.analyses.judge.records import estimates
from posterity.models.printed.tables import PrintedEstimate
from posterity.models.priors import Prior

from .stubs import column, fit_of, tree

NORMAL = Prior("normal", (0.0, 1.0))


def exact(estimate, error, unit):
    """BF10 = N(b; 0, s2 + u2 w2) / N(b; 0, s2)."""
    null = stats.norm.pdf(estimate, scale=error)
    return [stats.norm.pdf(estimate, scale=np.hypot(error, unit * w)) / null for w in WIDTHS]


def test_of_a_printed_estimate():
    printed = PrintedEstimate("x", 0.25, (0.1, 0.1), 1e9, 0.4)
    assert factors_of_printed(printed, NORMAL) == pytest.approx(exact(0.25, 0.1, 0.4), rel=1e-3)
    assert factors_of_printed(PrintedEstimate("x", 0.25, (0.1, 0.1), 9.0, None), NORMAL) == (None,) * 4


def test_of_draws_from_the_posterior_under_the_prior_as_used():
    """Draws at the quantiles of the conjugate posterior, in units of 0.4 on the paper's scale."""
    estimate, error, unit = 0.25, 0.1, 0.4
    precision = 1 / error**2 + 1 / unit**2
    levels = (np.arange(20_000) + 0.5) / 20_000
    draws = stats.norm.ppf(levels, estimate / error**2 / precision, precision**-0.5).reshape(4, -1)
    one = exact(estimate, error, unit)
    found = factors_of_draws(one[1], draws, NORMAL, unit)
    assert found == pytest.approx(one, rel=0.01)


def test_none_where_nothing_is_known_or_weights_cannot_be_trusted():
    draws = np.random.default_rng(1).standard_t(2, size=(4, 500))
    assert factors_of_draws(None, draws, NORMAL, 1.0) == (None,) * 4
    assert factors_of_draws(2.0, draws, NORMAL, None) == (None,) * 4
    assert factors_of_draws(2.0, draws, Prior("half_normal", (1.0,)), 1.0) == (None,) * 4
    heavy = factors_of_draws(2.0, 4 * draws, NORMAL, 1.0)  # log ratios are squares of a t with 2 degrees
    assert (heavy[1], heavy[3]) == (2.0, None)


def test_scales_and_records():
    assert str(scaled(Prior("cauchy", (0.5, 0.2)), 10.0)) == "cauchy(0.5, 2)"
    assert width_records((None,) * 4, NORMAL) is None
    told = width_records((None, 2.0, 1.0, 0.5), Prior("normal", (0.0, 0.3)))
    assert told is not None
    assert told[0] == {
        "times": 0.5, "scale": 0.15, "bayes_factor_10": None,
    }  # fmt: skip


def test_columns_of_the_comparison(tmp_path):
    near = {"tree": tree({"x1": 0.15, "x2": -0.2})}
    one = column(tmp_path, **near, with_effects=column(tmp_path, **near))
    frame = frame_of(estimates(fit_of(one)))
    assert frame["bayes_factor_10_x10"][0] < frame["bayes_factor_10_x0.5"][0]
    assert frame["with_effects_bayes_factor_10_x2"][0] == frame["bayes_factor_10_x2"][0]
    assert not frame.map(lambda value: isinstance(value, list)).any(axis=None)
