"""Strength of the instruments of several endogenous regressors: ivreg2, linearmodels, definitions."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from linearmodels.datasets import mroz
from linearmodels.iv import IV2SLS

from posterity.data.study.spec import Cluster
from posterity.models.frequentist.iv import InstrumentDesign, VCov, first_stage_f, instrument_design
from posterity.models.frequentist.weak_instruments import (
    RULE_OF_THUMB,
    conditional_f,
    cragg_donald,
    kleibergen_paap,
)

from ...there import there
from ..instrument_panels import crime, of_card, plain

GROUPS = Cluster(cluster="group")
COVARIANCES: dict[str, tuple[VCov, dict]] = {
    "iid": ("iid", {}),
    "hetero": ("hetero", {"cov_type": "HC1"}),
    "cluster": (GROUPS, {"cov_type": "cluster"}),
}  # fmt: skip
WAGES = ["educ", "exper", "age", "kidslt6", "kidsge6"]


def wages(groups: int = 40) -> InstrumentDesign:
    """Education and experience of 428 working women, on age and children."""
    frame = mroz.load()[["lwage", *WAGES]].dropna()
    return instrument_design(plain(frame, "lwage", WAGES, np.arange(len(frame)) % groups), 2, 3)


def test_ivreg2_on_the_wages_of_working_women():
    """Stata's ivreg2, `ivreg2 lwage (educ exper = age kidslt6 kidsge6), first` on Wooldridge's mroz.dta.

    Its output is in the tests of the R package ivreg: first-stage F, SW F, and Cragg-Donald 4.463.
    """
    data = wages()
    assert [first_stage_f(data, column=j) for j in range(2)] == pytest.approx(
        [4.4661716, 55.044363], rel=1e-6
    )
    assert [conditional_f(data, column=j) for j in range(2)] == pytest.approx(
        [6.6942505, 81.812373], rel=1e-6
    )
    assert round(cragg_donald(data), 3) == 4.463


def test_crime_has_strong_first_stages_and_no_strong_instruments():
    """F of 22 and 13, and the two tax instruments move both regressors in one direction only."""
    data = crime()
    assert min(first_stage_f(data, column=j) for j in range(2)) > RULE_OF_THUMB
    assert cragg_donald(data) == pytest.approx(0.25, abs=0.005)
    assert [conditional_f(data, column=j) for j in range(2)] == pytest.approx([0.5, 0.5], abs=0.01)


@pytest.mark.parametrize("kind", COVARIANCES)
def test_conditional_f_is_a_wald_test_of_what_two_stage_least_squares_leaves(kind):
    """2SLS of one regressor on the other by linearmodels, its residual on the instruments by statsmodels."""
    vcov, options = COVARIANCES[kind]
    data = wages()
    frame = mroz.load()[["lwage", *WAGES]].dropna().assign(const=1.0)
    if kind == "cluster":
        options = {**options, "cov_kwds": {"groups": data.design.clusters}}
    for column, (own, other) in enumerate((("educ", "exper"), ("exper", "educ"))):
        left = IV2SLS(frame[own], frame[["const"]], frame[[other]], frame[WAGES[2:]]).fit().resids
        fit = sm.OLS(left, frame[[*WAGES[2:], "const"]]).fit(**options)
        wald = float(fit.wald_test(np.eye(4)[:3], use_f=False, scalar=True).statistic)
        assert conditional_f(data, vcov, column) == pytest.approx(wald / 2, rel=1e-7)


@pytest.mark.parametrize("kind", COVARIANCES)
def test_the_rank_statistic_by_its_definition(kind):
    """Kleibergen and Paap 2006, equations 3 to 5: lambda = A' Theta B', with the covariance of all slopes."""
    from scipy.linalg import sqrtm

    vcov, _ = COVARIANCES[kind]
    data = wages()
    n, k, p = data.design.n, 3, 2
    Z, X = data.Z, data.X
    Pi = np.linalg.solve(Z.T @ Z, Z.T @ X)
    left = X - Z @ Pi
    if kind == "iid":
        V = np.kron(left.T @ left / (n - 4), np.linalg.inv(Z.T @ Z))
    else:
        scores = np.einsum("np,nk->npk", left, Z).reshape(n, p * k)
        groups = there(data.design.clusters) if kind == "cluster" else np.arange(n)
        sums = np.array([scores[groups == g].sum(axis=0) for g in range(groups.max() + 1)])
        G = len(sums)
        factor = G / (G - 1) * (n - 1) / (n - 4) if kind == "cluster" else n / (n - 4)
        bread = np.kron(np.eye(p), np.linalg.inv(Z.T @ Z))
        V = factor * bread @ sums.T @ sums @ bread
    F, G_ = np.linalg.cholesky(Z.T @ Z).T, np.linalg.inv(np.linalg.cholesky(X.T @ X).T)
    U, _, Vt = np.linalg.svd(F @ Pi @ G_)
    v = Vt.T
    A = U[:, p - 1 :] @ np.linalg.solve(
        U[p - 1 :, p - 1 :], sqrtm(U[p - 1 :, p - 1 :] @ U[p - 1 :, p - 1 :].T)
    )
    v22 = v[p - 1 :, p - 1 :]
    B = sqrtm(v22 @ v22.T) @ np.linalg.solve(v22.T, v[:, p - 1 :].T)
    weights = np.kron(B, A.T)
    slope = weights @ (F @ Pi @ G_).T.ravel()
    spread = weights @ np.kron(G_.T, F) @ V @ np.kron(G_.T, F).T @ weights.T
    expected = slope @ np.linalg.solve(spread, slope) / k
    assert kleibergen_paap(data, vcov) == pytest.approx(expected, rel=1e-7)


def test_the_rank_statistic_of_independent_errors_is_cragg_and_donalds():
    for data in (wages(), crime()):
        assert kleibergen_paap(data) == pytest.approx(cragg_donald(data), rel=1e-7)


@pytest.mark.parametrize("vcov", ["iid", "hetero", GROUPS])
def test_one_endogenous_regressor_has_its_first_stage_f(vcov):
    _, data = of_card("nearc2", "nearc4")
    f = first_stage_f(data, vcov)
    assert conditional_f(data, vcov) == pytest.approx(f, rel=1e-8)
    assert kleibergen_paap(data, vcov) == pytest.approx(f, rel=1e-8)
    assert (cragg_donald(data) == pytest.approx(f, rel=1e-8)) == (vcov == "iid")


def test_too_few_clusters_give_no_number():
    data = wages(groups=3)
    assert np.isnan(conditional_f(data, GROUPS))
    assert np.isfinite(conditional_f(wages(groups=4), GROUPS))
