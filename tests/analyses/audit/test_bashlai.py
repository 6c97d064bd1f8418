"""The audit of Bashlai against arithmetic done here, from digits typed from the paper's tables."""

from __future__ import annotations

import math

import pytest
from scipy import stats

import posterity as po
from posterity.analyses.audit import audit

from .findings import one


@pytest.fixture(scope="module")
def bashlai():
    return audit(po.load("bashlai-2026"))


def test_sample_sizes(bashlai):
    assert {f.status for f in bashlai if f.rule in ("sample_size", "bounds", "threshold")} == {"consistent"}
    assert one(bashlai, "subsample", "T6.1.N", "T6.2.N").value == 60 + 50


def test_the_largest_vif_is_another(bashlai):
    vifs = [2.811, 2.306, 2.203, 2.124, 1.06]
    assert round(sum(vifs) / 5, 3) == 2.101
    f = one(bashlai, "claim", "T4.VIF.NQP", words="largest VIF")
    assert f.status == "impossible"
    assert "2.811" in f.statement
    assert "2.101 is T4.VIF.mean" in f.statement
    # VIF from T5.6: se^2 sd(x)^2 104/((1 - R2) sd(y)^2).
    # For GOV: (0.866/4.39)^2 0.063^2 104/(0.136 * 0.236^2) = 2.12.
    assert pytest.approx(2.124, abs=0.02) == (0.866 / 4.39) ** 2 * 0.063**2 * 104 / (0.136 * 0.236**2)
    assert one(bashlai, "vif", "T4.VIF.GOV", "T5.6.GOV").status == "consistent"


def test_nothing_was_standardised(bashlai):
    # T5.1: slope 0.790, R2 0.734; standardised, slope^2 = R2 and the constant (0.165) is 0
    assert abs(0.790**2 - 0.734) > 0.1
    assert one(bashlai, "claim", "T3.mean.NQP", words="standardised").status == "impossible"


def test_ratio_of_slopes_and_of_standardised_slopes(bashlai):
    assert one(bashlai, "claim", "T5.6.NQP", "T5.6.TRADE", words="4.81").status == "consistent"
    f = one(bashlai, "standardised_ratio", "T5.6.NQP", "T5.6.TRADE")
    assert f.value == pytest.approx(0.875 * 0.256 / (0.182 * 0.18), rel=0.01)


def test_regions_differ_by_chance_and_both_lie_below_the_whole(bashlai):
    z = (0.629 - 0.438) / math.hypot(0.629 / 11.97, 0.438 / 3.53)
    assert z == pytest.approx(1.42, abs=0.01)
    f = one(bashlai, "claim", "T6.1.NQP", "T6.2.NQP", words="markedly")
    assert f.status == "only_if"
    assert "z 1.42" in f.arithmetic
    assert one(bashlai, "subsample", "T5.6.NQP", "T6.1.NQP").status == "only_if"


def test_hidden_regressors_of_the_regional_columns(bashlai):
    # T6.2: R2 0.874, adjusted 0.86, N 50; t of 3.53 alone would make R2 0.21
    fits = [
        k
        for k in range(1, 20)
        if any(0.855 <= 1 - (1 - r) * 49 / (49 - k) <= 0.865 for r in (0.8735, 0.874, 0.8745))
    ]
    f = one(bashlai, "adjusted_r2", "T6.2.R2")
    assert f.status == "only_if"
    assert f"{fits[0]} to {fits[-1]} regressors" in f.statement
    assert pytest.approx(0.206, abs=0.001) == 3.53**2 / (3.53**2 + 48)


def test_correlations_behind_the_nested_columns(bashlai):
    # From T3 and T5.3: r(NQP, TRADE) = (r_y,NQP - beta_NQP)/beta_TRADE with r_y,NQP from T5.1
    beta = 0.801 * 0.256 / 0.236, 0.190 * 0.18 / 0.236
    r = (0.790 * 0.256 / 0.236 - beta[0]) / beta[1]
    f = one(bashlai, "correlation", "T5.2.TRADE", "T5.3.TRADE", words="TRADE moves")
    assert f.value == pytest.approx(r, abs=0.01)
    assert "not to be told from zero" in f.statement
    assert one(bashlai, "correlation", "T5.4.UIS", "T4.VIF.RCY").value == 73


def test_order_of_r2_and_synergy(bashlai):
    assert "T5.2.R2 is left out" in one(bashlai, "claim", "T5.1.R2", "T5.2.R2").statement
    assert "16%" in one(bashlai, "claim", "T5.1.R2", "T5.3.R2", words="reinforce").statement
    assert one(bashlai, "claim", words="synergy").status == "only_if"
    # stars of T5.3 TRADE, t 3.01 ***, exclude t(10), that is errors clustered by 11 cities: 3.169
    assert stats.t.ppf(0.995, 10) > 3.015
    assert "not t(10)" in one(bashlai, "implied_df", "T5.3.TRADE").statement
