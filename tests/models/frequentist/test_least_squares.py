"""The paper's estimators against printed output of other software and explicit dummies."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import posterity as po
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Cluster, Spec
from posterity.models.frequentist.least_squares import least_squares, reproduce

from ...there import there

# R's plm 2.x, summary(plm(log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp, Produc)), effects
# individual and twoways: the printed estimates and standard errors.
PLM = {
    "T1.2": [
        (-0.02614965, 0.02900158),
        (0.29200693, 0.02511967),
        (0.76815947, 0.03009174),
        (-0.00529774, 0.00098873),
    ],
    "T1.3": [
        (-0.0301761, 0.0269365),
        (0.1688280, 0.0276563),
        (0.7693062, 0.0281418),
        (-0.0042211, 0.0011388),
    ],
}


@pytest.mark.parametrize("column", PLM)
def test_munnell_against_plm(column):
    study = po.load("munnell-1990")
    fit = least_squares(study.spec(column).design(study.panel()))
    got = list(zip(fit.coef[:4], fit.std_error[:4], strict=True))
    np.testing.assert_allclose(got, PLM[column], atol=6e-8)


def test_every_printed_munnell_coefficient_reproduces():
    study = po.load("munnell-1990")
    panel = study.panel()
    for view in study.specs():
        fit = least_squares(view.design(panel))
        for printed in study.file.printed(view.id):
            estimate, std_error = there(fit.at(printed.term))
            assert abs(estimate - printed.estimate) <= 0.0005
            assert abs(std_error - there(printed.std_error)) <= 0.0005


def dummies(design):
    """Regressors, constant and the dummies of every effect of the design, the first of each left out.

    Dummies less their means, so that the constant is mean(y) - mean(x)'b.
    """
    blocks = [design.X, np.ones((design.n, 1))]
    for codes in (design.entity,) * design.entity_effects + (design.time,) * design.time_effects:
        own = pd.get_dummies(codes).to_numpy(float)[:, 1:]
        blocks.append(own - own.mean(axis=0))
    return np.column_stack(blocks)


EFFECTS = ["", "| city", "| year", "| city + year"]


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize(("vcov", "cov_type"), [("iid", "nonrobust"), ("hetero", "HC1")])
def test_against_statsmodels_on_explicit_dummies(any_frame, effects, vcov, cov_type):
    """Slopes, constant, their errors, degrees of freedom and R2; the error variance grows with x1."""
    noise = np.random.default_rng(4).normal(size=len(any_frame))
    frame = any_frame.assign(y=any_frame["y"] + 0.7 * any_frame["x1"] ** 2 * noise)
    spec = Spec(formula=f"y ~ x1 + x2 {effects}", vcov=vcov)
    design = build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
    X = dummies(design)
    reference = sm.OLS(design.y, X).fit(cov_type=cov_type)

    fit = least_squares(design, spec.vcov)
    assert fit.terms == ("x1", "x2", "_cons")
    np.testing.assert_allclose(fit.coef, reference.params[:3], rtol=1e-9)
    np.testing.assert_allclose(fit.std_error, reference.bse[:3], rtol=1e-9)
    assert fit.df == design.n - X.shape[1] == reference.df_resid
    assert fit.r2 == pytest.approx(reference.rsquared, rel=1e-9)
    assert fit.n == len(frame)


def labels(frame, kind):
    """Cluster labels: whole cities together, one city in two clusters, or the years."""
    city, year = pd.factorize(frame["city"])[0], frame["year"].to_numpy() - 2000
    return {"cities": city % 4, "split": 2 * (city % 4) + (year > 2), "years": year}[kind]


@pytest.mark.parametrize("kind", ["cities", "split", "years"])
@pytest.mark.parametrize("effects", EFFECTS)
def test_clustered_errors_by_hand(any_frame, effects, kind):
    """Sandwich on explicit dummies with G/(G-1) (n-1)/(n-K).

    K counts regressors, constant and every dummy, except those of effects nested in the clusters: cities
    where the clusters join whole cities, years where the clusters are the years.
    """
    frame = any_frame.assign(group=labels(any_frame, kind))
    spec = Spec(formula=f"y ~ x1 + x2 {effects}", vcov=Cluster(cluster="group"))
    design = build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
    fit = least_squares(design, spec.vcov)

    X = dummies(design)
    bread = np.linalg.inv(X.T @ X)
    b = bread @ X.T @ design.y
    scores = X * (design.y - X @ b)[:, None]
    G = {"cities": 4, "split": 8, "years": 7}[kind]
    sums = np.array([scores[design.clusters == g].sum(axis=0) for g in range(G)])
    nested = {"cities": design.entity_effects * 11, "split": 0, "years": design.time_effects * 6}[kind]
    small = G / (G - 1) * (design.n - 1) / (design.n - (X.shape[1] - nested))
    by_hand = np.sqrt(np.diag(small * bread @ sums.T @ sums @ bread))[:3]
    np.testing.assert_allclose(fit.coef, b[:3], rtol=1e-9)
    np.testing.assert_allclose(fit.std_error, by_hand, rtol=1e-9)
    assert fit.df == G - 1


def test_a_column_is_estimated_with_the_errors_that_its_specification_states(frame):
    spec = Spec(formula="y ~ x1 + x2 | city + year", vcov="hetero")
    design = build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
    fit = reproduce(design, spec)
    assert there(fit.at("x2")) == (fit.coef[1], fit.std_error[1])
    assert fit.at("absent") is None
    np.testing.assert_array_equal(fit.std_error, least_squares(design, "hetero").std_error)
    assert not np.isclose(fit.std_error, least_squares(design).std_error, rtol=1e-3).any()
