"""Intervals that allow for weak instruments, Anderson and Rubin's, and for direct effects of instruments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from posterity.models.frequentist.iv import instrument_design, plausibly_exogenous, two_stage

from ..instrument_panels import CARD, GROUPS, anderson_rubin_interval, cross_section, of_card, plain


@pytest.mark.parametrize("vcov", ["iid", "hetero"])
def test_anderson_rubin_ends_have_p_five_per_cent(unbalanced, vcov):
    """y - b x on all exogenous by statsmodels: the joint test of instruments at either end has p = 0.05."""
    frame, data, exogenous = unbalanced
    ((low, high),) = anderson_rubin_interval(data, vcov)
    X = pd.concat([frame[["z1", "z2"]], exogenous], axis=1)
    for end in (low, high):
        fit = sm.OLS(frame["y"] - end * frame["x1"], X).fit(
            cov_type="nonrobust" if vcov == "iid" else "HC1", use_t=True
        )
        assert float(fit.f_test(np.eye(X.shape[1])[:2]).pvalue) == pytest.approx(0.05, abs=1e-6)


def test_anderson_rubin_says_so_where_instruments_are_irrelevant_or_disagree():
    pieces = anderson_rubin_interval(cross_section(0.02))
    assert (pieces[0][0], pieces[-1][1]) == (-np.inf, np.inf)
    assert anderson_rubin_interval(cross_section(1.0, direct=2.0)) == []


def test_anderson_rubin_with_clustered_errors_is_an_f_test_with_clusters_less_one():
    """At each end b, the instrument's clustered t in y - b x is, in size, the 97.5% quantile of t(G - 1)."""
    frame, data = of_card("nearc4")
    ((low, high),) = anderson_rubin_interval(data, GROUPS)
    X = frame[["nearc4", *CARD]].assign(const=1.0)
    for end in (low, high):
        fit = sm.OLS(frame["lwage"] - end * frame["educ"], X).fit(
            cov_type="cluster", cov_kwds={"groups": data.design.clusters}
        )
        assert abs(fit.tvalues["nearc4"]) == pytest.approx(stats.t.ppf(0.975, 39), rel=1e-6)
    narrow = anderson_rubin_interval(data, GROUPS, level=0.9)[0]
    assert low < narrow[0] < narrow[1] < high


@pytest.mark.parametrize("strength", [0.5, 0.12, -0.2, -0.18, -0.14, 0.02])
@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_anderson_rubin_of_one_instrument_solves_a_quadratic(strength, scale):
    """(p - b q)^2 <= F (vpp - 2 b vpq + b^2 vqq), p and q the slopes of y and x on z.

    The set lies between the roots, or outside them where the instrument is weak, or is the whole line.
    """
    rng = np.random.default_rng(5)
    z, v = rng.normal(size=(2, 200))
    x = strength * z + v
    frame = pd.DataFrame({"y": scale * (0.5 * x + 0.6 * v + 0.8 * rng.normal(size=200)), "x": x, "z": z})
    data = instrument_design(plain(frame, "y", ["x", "z"]), 1, 1)

    Z = np.column_stack([z, np.ones(200)])
    Y = frame[["y", "x"]].to_numpy()
    slopes = np.linalg.lstsq(Z, Y)[0]
    left = Y - Z @ slopes
    V = left.T @ left / 198 * np.linalg.inv(Z.T @ Z)[0, 0]
    (p, q), limit = slopes[0], stats.f.ppf(0.95, 1, 198)
    square = q**2 - limit * V[1, 1], -2 * (p * q - limit * V[0, 1]), p**2 - limit * V[0, 0]
    discriminant = square[1] ** 2 - 4 * square[0] * square[2]
    if discriminant < 0:
        expected = [(-np.inf, np.inf)]
    else:
        low, high = sorted((-square[1] + sign * np.sqrt(discriminant)) / 2 / square[0] for sign in (-1, 1))
        expected = [(low, high)] if square[0] > 0 else [(-np.inf, low), (high, np.inf)]
    found = anderson_rubin_interval(data)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_plausibly_exogenous_against_a_grid_of_direct_effects():
    """The union of intervals over a grid of gamma, each by two-stage least squares of y - Z gamma."""
    data = cross_section(0.5)
    found = plausibly_exogenous(data, np.array([0.0, 0.1]))
    fit = two_stage(data)
    reach = stats.t.ppf(0.975, fit.df) * fit.std_error[0]
    np.testing.assert_allclose(found[0], [fit.coef[0] - reach, fit.coef[0] + reach], rtol=1e-9)
    unit = data.design.y.std() / data.design.X[:, 1:].std(axis=0)
    ends = []
    for gamma in np.stack(np.meshgrid(*[np.linspace(-0.1, 0.1, 9)] * 2), -1).reshape(-1, 2):
        shift = data.design.X[:, 1:] @ (gamma * unit)
        moved = two_stage(instrument_design(replace(data.design, y=data.design.y - shift), 1, 2))
        ends.append(moved.coef[0] + np.array([-1, 1]) * stats.t.ppf(0.975, moved.df) * moved.std_error[0])
    np.testing.assert_allclose(found[1], [np.min(ends), np.max(ends)], rtol=1e-9)


def test_no_direct_effect_gives_the_interval_of_two_stage_least_squares(unbalanced):
    """With controls, effects and any errors; more instruments than 12 have too many corners."""
    _, data, _ = unbalanced
    for vcov in ("iid", "hetero", GROUPS):
        fit = two_stage(data, vcov)
        reach = stats.t.ppf(0.975, fit.df) * fit.std_error[0]
        ((low, high),) = plausibly_exogenous(data, np.zeros(1), vcov)
        assert (low, high) == pytest.approx((fit.coef[0] - reach, fit.coef[0] + reach), rel=1e-9)
    many = np.random.default_rng(1).normal(size=(data.design.n, 13))
    design = replace(
        data.design, X=np.column_stack([data.design.X[:, :2], many]), terms=("x1", "x2", *"abcdefghijklm")
    )
    assert np.isnan(plausibly_exogenous(instrument_design(design, 1, 13), np.array([0.1]))).all()
    design = replace(design, X=design.X[:, :14], terms=design.terms[:14])
    assert np.isfinite(plausibly_exogenous(instrument_design(design, 1, 12), np.array([0.0]))).all()
