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

from posterity.data.study.spec import Cluster
from posterity.models.frequentist.iv import (
    VCov,
    anderson_rubin,
    effective_f,
    first_stage_f,
    instrumented,
    overidentification,
    plausibly_exogenous,
    two_stage,
)
from posterity.models.frequentist.least_squares import least_squares

from ..there import there
from .instrument_panels import CARD, crime, cross_section, of_card, panel, plain

GROUPS = Cluster(cluster="group")
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
    ((low, high),) = anderson_rubin(data)
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
def test_unbalanced_panel_against_explicit_dummies(simulate, vcov, cov_type):
    frame, design = panel(simulate)
    data = instrumented(design, 1, 2)
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    X = pd.concat([frame[["x2"]], *dummies], axis=1).assign(const=1.0)
    reference = IV2SLS(frame["y"], X, frame[["x1"]], frame[["z1", "z2"]]).fit(
        cov_type=cov_type, debiased=True
    )
    fit = two_stage(data, vcov)
    for term in ("x1", "x2"):
        assert fit.at(term) == pytest.approx((reference.params[term], reference.std_errors[term]), rel=1e-7)
    assert data.free == len(frame) - 14 - 6 - 1


@pytest.mark.parametrize("vcov", ["iid", "hetero"])
def test_anderson_rubin_ends_have_p_five_per_cent(simulate, vcov):
    """y - b x on all exogenous by statsmodels: the joint test of instruments at either end has p = 0.05."""
    frame, design = panel(simulate)
    ((low, high),) = anderson_rubin(instrumented(design, 1, 2), vcov)
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    X = pd.concat([frame[["z1", "z2", "x2"]], *dummies], axis=1).assign(const=1.0)
    for end in (low, high):
        fit = sm.OLS(frame["y"] - end * frame["x1"], X).fit(
            cov_type="nonrobust" if vcov == "iid" else "HC1", use_t=True
        )
        assert float(fit.f_test(np.eye(X.shape[1])[:2]).pvalue) == pytest.approx(0.05, abs=1e-6)


def test_anderson_rubin_says_so_where_instruments_are_irrelevant_or_disagree():
    pieces = anderson_rubin(cross_section(0.02))
    assert (pieces[0][0], pieces[-1][1]) == (-np.inf, np.inf)
    assert anderson_rubin(cross_section(1.0, direct=2.0)) == []


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
        moved = two_stage(instrumented(replace(data.design, y=data.design.y - shift), 1, 2))
        ends.append(moved.coef[0] + np.array([-1, 1]) * stats.t.ppf(0.975, moved.df) * moved.std_error[0])
    np.testing.assert_allclose(found[1], [np.min(ends), np.max(ends)], rtol=1e-9)
