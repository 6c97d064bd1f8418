"""The paper's own regressions of a mediation column, by statsmodels on explicit dummies."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import statsmodels.formula.api as smf

from posterity.analyses.kinds.mediation.fit import frequentist
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec

from ...there import there


@pytest.mark.parametrize(("vcov", "cov_type"), [("iid", "nonrobust"), ("hetero", "HC1")])
def test_paths_and_the_standard_error_of_sobel(any_frame, vcov, cov_type):
    """se(ab) = sqrt(a^2 se_b^2 + b^2 se_a^2), Sobel 1982, doi:10.2307/270723, equation 4."""
    rng = np.random.default_rng(3)
    frame = any_frame.assign(m=0.5 * any_frame["x1"] + rng.normal(size=len(any_frame)))
    frame["y"] += 0.4 * frame["m"]
    spec = Spec(formula="y ~ x1 + m + x2 | city + year", kind="mediation", mediator="m", vcov=vcov)
    design = build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)
    view: Any = SimpleNamespace(spec=spec)
    found = frequentist(view, design, "x1", "m")

    effects = " + x2 + C(city) + C(year)"
    first, last, without = (
        smf.ols(formula + effects, frame).fit(cov_type=cov_type)
        for formula in ("m ~ x1", "y ~ x1 + m", "y ~ x1")
    )
    a, b = first.params["x1"], last.params["m"]
    sobel = np.sqrt(a**2 * last.bse["m"] ** 2 + b**2 * first.bse["x1"] ** 2)
    wrong = np.hypot(a * first.bse["x1"], b * last.bse["m"])
    assert sobel != pytest.approx(wrong, rel=0.1)  # the data tell the two formulas apart
    assert found.terms == ("x1", "m", "x2", "_cons", "direct", "indirect", "total")
    for term in ("x1", "m", "x2"):
        assert there(found.at(term)) == pytest.approx((last.params[term], last.bse[term]), rel=1e-9)
    assert there(found.at("direct")) == found.at("x1")
    assert there(found.at("indirect")) == pytest.approx((a * b, sobel), rel=1e-9)
    assert there(found.at("total")) == pytest.approx((without.params["x1"], without.bse["x1"]), rel=1e-9)
