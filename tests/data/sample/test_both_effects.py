"""Which regressors entity and time effects absorb, against linearmodels."""

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from linearmodels.panel.utility import AbsorbingEffectWarning

from posterity.data.panel.panel import Panel
from posterity.data.sample.both_effects import absorbed, with_both_effects
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.models.frequentist.least_squares import least_squares


@pytest.fixture
def wide(any_frame):
    city = pd.factorize(any_frame["city"])[0]
    return any_frame.assign(
        educ=1e6 + city % 5,
        prices=np.sin(any_frame["year"]),
        exper=city % 4 * 3.0 + any_frame["year"],
        hardly=city * 1.0 + 1e-3 * np.random.default_rng(5).normal(size=len(city)),
    )


def design_of(frame, formula):
    return build_design(
        Panel.of(frame, entity="city", time="year", source="SYNTHETIC"), Spec(formula=formula), ""
    )


@pytest.mark.parametrize("effects", ["", " | year"])
def test_slopes_of_the_rest_are_those_of_linearmodels_which_drops_the_same(wide, effects):
    terms = ["educ", "x1", "exper", "hardly", "x2", *([] if effects else ["prices"])]
    design = with_both_effects(design_of(wide, f"y ~ {' + '.join(terms)}{effects}"))
    panel = wide.set_index(["city", "year"])
    model = PanelOLS(panel["y"], panel[terms], entity_effects=True, time_effects=True, drop_absorbed=True)
    with pytest.warns(AbsorbingEffectWarning, match="absorbed"):
        fit = model.fit()
    assert design.terms == tuple(fit.params.index) == ("x1", "hardly", "x2")
    assert (design.entity_effects, design.time_effects) == (True, True)
    found = least_squares(design)
    np.testing.assert_allclose(found.coef[:-1], fit.params, rtol=1e-6)
    np.testing.assert_allclose(found.std_error[:-1], fit.std_errors, rtol=1e-6)


def test_why_is_said_of_each_in_the_order_of_the_formula(wide):
    assert absorbed(design_of(wide, "y ~ prices + x1 + exper + educ + hardly")) == {
        "prices": "is the same for all entities at a time",
        "exper": "does not vary within entity and time effects",
        "educ": "does not vary within entities",
    }
    assert absorbed(design_of(wide, "y ~ x1 + x2 | city")) == {}
