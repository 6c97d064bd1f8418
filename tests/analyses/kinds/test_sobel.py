"""The standard error of an indirect effect is Sobel's (1982, doi:10.2307/270723), from two regressions."""

import numpy as np
import pytest

import posterity as po
from posterity.analyses.kinds.mediation.fit import frequentist

from ...papers import write_paper

SPECS = """\
[spec."T1.1"]
formula = "y ~ x1 + x2"
kind = "mediation"
treatment = "x1"
mediator = "x2"
"""


def ols(y, *columns):
    """Coefficients and standard errors by the textbook's formula, residual degrees of freedom n - k."""
    X = np.column_stack([*columns, np.ones(len(y))])
    b = np.linalg.solve(X.T @ X, X.T @ y)
    left = y - X @ b
    return b, np.sqrt(left @ left / (len(y) - X.shape[1]) * np.diag(np.linalg.inv(X.T @ X)))


def test_sobel_s_error_crosses_the_paths_with_each_other_s_errors(frame, tmp_path):
    frame["x2"] += 1.5 * frame["x1"]
    study = po.load(write_paper(tmp_path, SPECS, "T1,1,x1,0.5,0.1,,,,,,,,y,\n"))
    view = study.spec("T1.1")
    design = view.design(po.Panel.of(frame, entity="city", time="year", source="frame"))
    (a, _), (se_a, _) = ols(frame["x2"], frame["x1"])
    (direct, b, _), (se_direct, se_b, _) = ols(frame["y"], frame["x1"], frame["x2"])
    (total, _), (se_total, _) = ols(frame["y"], frame["x1"])
    found = frequentist(view, design, "x1", "x2")
    sobel = np.sqrt(a**2 * se_b**2 + b**2 * se_a**2)
    assert sobel != pytest.approx(np.hypot(a * se_a, b * se_b), rel=0.1)
    assert found.at("indirect") == pytest.approx((a * b, sobel))
    assert found.at("direct") == pytest.approx((direct, se_direct))
    assert found.at("total") == pytest.approx((total, se_total))
