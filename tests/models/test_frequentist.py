"""The paper's estimators against printed output of other software and explicit dummies."""

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.data.design import build_design
from posterity.data.panel import Panel
from posterity.data.study import Cluster, Spec
from posterity.models.frequentist import least_squares

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
            estimate, std_error = fit.at(printed.term)
            assert abs(estimate - printed.estimate) <= 0.0005
            assert abs(std_error - printed.std_error) <= 0.0005


@pytest.mark.parametrize("effects", ["", "| city", "| city + year"])
def test_clustered_errors_by_hand(any_frame, effects):
    """Sandwich on explicit dummies with G/(G-1) (n-1)/(n-K).

    K counts regressors, constant and every dummy, except entity dummies nested in the clusters.
    """
    frame = any_frame.assign(region=pd.factorize(any_frame["city"])[0] % 4)
    spec = Spec(formula=f"y ~ x1 + x2 {effects}", vcov=Cluster(cluster="region"))
    design = build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
    fit = least_squares(design, spec.vcov)

    blocks = [design.X, np.ones((design.n, 1))]
    if design.entity_effects:
        blocks.append(pd.get_dummies(design.entity).to_numpy(float)[:, 1:])
    if design.time_effects:
        blocks.append(pd.get_dummies(design.time).to_numpy(float)[:, 1:])
    X = np.column_stack(blocks)
    bread = np.linalg.inv(X.T @ X)
    b = bread @ X.T @ design.y
    scores = X * (design.y - X @ b)[:, None]
    sums = np.array([scores[design.clusters == g].sum(axis=0) for g in range(4)])
    counted = X.shape[1] - design.entity_effects * (len(design.entities) - 1)
    small = 4 / 3 * (design.n - 1) / (design.n - counted)
    by_hand = np.sqrt(np.diag(small * bread @ sums.T @ sums @ bread))[:2]
    np.testing.assert_allclose(fit.coef[:2], b[:2], rtol=1e-9)
    np.testing.assert_allclose(fit.std_error[:2], by_hand, rtol=1e-9)
    assert fit.df == 3
