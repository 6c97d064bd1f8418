"""Instruments by least squares: papers, linearmodels, and what follows from the definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.iv import IV2SLS, IVGMM
from scipy import stats

from posterity.models.frequentist.iv import (
    VCov,
    effective_f,
    first_stage_f,
    overidentification,
    two_stage,
)
from posterity.models.frequentist.least_squares import least_squares

from ...there import there
from ..instrument_panels import CARD, GROUPS, anderson_rubin_interval, crime, of_card, plain

ERRORS: dict[str, tuple[VCov, str]] = {
    "iid": ("iid", "unadjusted"), "hetero": ("hetero", "robust"), "cluster": (GROUPS, "clustered"),
}  # fmt: skip


def test_card_as_published():
    """Card 1995 (NBER 4483) as in Wooldridge, Introductory Econometrics, example 15.4.

    Least squares 0.0747 (0.0035), nearc4 as instrument 0.1315 (0.0550), first-stage F 13.26 (t = 3.64).
    """
    frame, data = of_card("nearc4")
    b, error = there(least_squares(plain(frame, "lwage", ["educ", *CARD])).at("educ"))
    assert (round(b, 4), round(error, 4)) == (0.0747, 0.0035)
    b, error = there(two_stage(data).at("educ"))
    assert (round(b, 4), round(error, 4)) == (0.1315, 0.0550)
    assert round(first_stage_f(data), 2) == 13.26
    assert overidentification(data) is None


def test_weak_instrument_display_of_card():
    """One instrument: effective F is F; critical is 23.1 (Montiel Olea and Pflueger, K = 1, tau = 10%)."""
    _, data = of_card("nearc4")
    found, critical = effective_f(data)
    assert found == pytest.approx(first_stage_f(data), rel=1e-10)
    assert (
        critical
        == pytest.approx((np.sqrt(10) + stats.norm.ppf(0.95)) ** 2, rel=1e-4)
        == pytest.approx(23.11, abs=0.01)
    )
    assert found < critical
    ((low, high),) = anderson_rubin_interval(data)
    b, error = there(two_stage(data).at("educ"))
    assert low < b - 1.9 * error  # wider than two-stage least squares says, and skewed
    assert high - b > 1.2 * (b - low)


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("names", [("nearc4",), ("nearc2", "nearc4")], ids=["one", "two"])
def test_card_against_linearmodels(kind, names):
    frame, data = of_card(*names)
    vcov, cov_type = ERRORS[kind]
    options = {"clusters": data.design.clusters} if kind == "cluster" else {}
    X = frame[CARD].assign(const=1.0)
    parts = (frame["lwage"], X, frame[["educ"]], frame[list(names)])
    reference: Any = IV2SLS(*parts).fit(cov_type=cov_type, debiased=True, **options)
    fit = two_stage(data, vcov)
    for j, term in enumerate(fit.terms[:-1]):
        assert fit.coef[j] == pytest.approx(reference.params[term], rel=1e-7)
        assert fit.std_error[j] == pytest.approx(reference.std_errors[term], rel=1e-7)
    if kind == "iid":
        assert first_stage_f(data) == pytest.approx(
            reference.first_stage.diagnostics["f.stat"].iloc[0], rel=1e-7
        )
    if len(names) > 1:
        statistic, p, df = there(overidentification(data, vcov))
        if kind == "iid":
            test = reference.sargan
        else:
            gmm: Any = IVGMM(*parts, weight_type=cov_type, **options).fit(iter_limit=2)
            test = gmm.j_stat
        assert (statistic, p, df) == (
            pytest.approx(test.stat, rel=1e-5),
            pytest.approx(test.pval, rel=1e-4),
            1,
        )


def test_crime_panel_as_published():
    """Baltagi 2006, doi:10.1002/jae.861, table II, fixed effects 2SLS, 90 counties x 7 years."""
    fit = two_stage(crime())
    published = {
        "lprbarr": (-0.576, 0.802), "lpolpc": (0.658, 0.847), "lprbconv": (-0.423, 0.502),
        "lprbpris": (-0.250, 0.279), "lavgsen": (0.009, 0.049),
    }  # fmt: skip
    assert {t: tuple(round(v, 3) for v in there(fit.at(t))) for t in published} == published


def test_crime_panel_against_linearmodels():
    """IV2SLS of linearmodels 7.1 with explicit dummies: first-stage F(2, 518) of 22.308165 and 13.238079."""
    data = crime()
    assert [first_stage_f(data, column=j) for j in range(2)] == pytest.approx(
        [22.308165, 13.238079], rel=1e-6
    )
    assert two_stage(data).df == 630 - 96 - 16


@pytest.mark.parametrize(("vcov", "cov_type"), [("iid", "unadjusted"), ("hetero", "robust")])
def test_unbalanced_panel_against_explicit_dummies(unbalanced, vcov, cov_type):
    frame, data, exogenous = unbalanced
    reference = IV2SLS(frame["y"], exogenous, frame[["x1"]], frame[["z1", "z2"]]).fit(
        cov_type=cov_type, debiased=True
    )
    fit = two_stage(data, vcov)
    for term in ("x1", "x2"):
        assert fit.at(term) == pytest.approx((reference.params[term], reference.std_errors[term]), rel=1e-7)
    assert data.free == len(frame) - 14 - 6 - 1


def test_everything_that_a_column_of_card_reports():
    """Constant, R2 and degrees of freedom are those of linearmodels, with 3,010 rows and 16 coefficients."""
    frame, data = of_card("nearc4")
    X = frame[CARD].assign(const=1.0)
    reference: Any = IV2SLS(frame["lwage"], X, frame[["educ"]], frame[["nearc4"]]).fit(
        cov_type="unadjusted", debiased=True
    )
    fit = two_stage(data)
    assert fit.terms == ("educ", *CARD, "_cons")
    assert fit.coef[-1] == pytest.approx(reference.params["const"], rel=1e-7)
    assert np.isnan(fit.std_error[-1])
    assert fit.r2 == pytest.approx(reference.rsquared, rel=1e-7)
    assert (fit.n, fit.df) == (3010, 3010 - 16)
    assert data.free == 3010 - 15
    assert two_stage(data, GROUPS).df == 39
    assert first_stage_f(data) == first_stage_f(data, column=0)


def test_clustered_errors_leave_out_nested_effects(unbalanced):
    """Sandwich of 2SLS on explicit dummies, times G/(G-1) (n-1)/(n-K); K leaves out nested cities."""
    frame, data, exogenous = unbalanced
    R = np.column_stack([frame["x1"], exogenous])
    Q = np.column_stack([frame[["z1", "z2"]], exogenous])
    fitted = Q @ np.linalg.lstsq(Q, R, rcond=None)[0]
    bread = np.linalg.inv(fitted.T @ fitted)
    scores = fitted * (frame["y"].to_numpy() - R @ (bread @ fitted.T @ frame["y"]))[:, None]
    sums = np.array([scores[(frame["region"] == g).to_numpy()].sum(axis=0) for g in range(3)])
    n, K = len(frame), 2 + 1 + 6
    V = 3 / 2 * (n - 1) / (n - K) * bread @ sums.T @ sums @ bread
    fit = two_stage(data, GROUPS)
    np.testing.assert_allclose(fit.std_error[:2], np.sqrt(np.diag(V))[:2], rtol=1e-8)
    assert fit.df == 2


@pytest.mark.parametrize(("vcov", "cov_type"), [("iid", "nonrobust"), ("hetero", "HC1")])
def test_first_stage_and_effective_f_on_explicit_dummies(unbalanced, vcov, cov_type):
    """Joint F of the instruments by statsmodels; effective F of orthonormal instruments by its definition.

    Montiel Olea and Pflueger 2013, doi:10.1080/00401706.2013.806694: with instruments Q, Q'Q = I, first-stage
    slopes p and their covariance W, F = p'p / tr W, and
    K = tr(W)^2 (1 + 2x) / (tr(W'W) + 2x tr(W) max eig W), x = 10 for a bias of 10%; the critical value is
    the 95% quantile of a non-central chi2(K, x K), over K.
    """
    frame, data, exogenous = unbalanced
    first = sm.OLS(frame["x1"], pd.concat([frame[["z1", "z2"]], exogenous], axis=1)).fit(
        cov_type=cov_type, use_t=True
    )
    joint = np.eye(len(first.params))[:2]
    assert first_stage_f(data, vcov) == pytest.approx(float(first.f_test(joint).fvalue), rel=1e-8)

    Z = frame[["z1", "z2"]].to_numpy() - sm.OLS(frame[["z1", "z2"]], exogenous).fit().fittedvalues.to_numpy()
    Q = np.linalg.qr(Z)[0]
    again = sm.OLS(frame["x1"], np.column_stack([Q, exogenous])).fit(cov_type=cov_type)
    p, W = np.asarray(again.params)[:2], np.asarray(again.cov_params())[:2, :2]
    trace, largest = np.trace(W), np.linalg.eigvalsh(W).max()
    K = trace**2 * 21 / ((W**2).sum() + 20 * trace * largest)
    expected = p @ p / trace, stats.ncx2.ppf(0.95, K, 10 * K) / K
    assert effective_f(data, vcov) == pytest.approx(expected, rel=1e-7)


def test_overidentification_needs_more_clusters_than_instruments(unbalanced):
    _, data, _ = unbalanced
    assert overidentification(data, GROUPS) is not None
    few = replace(data, design=replace(data.design, clusters=data.design.entity % 1))
    assert overidentification(few, GROUPS) is None
