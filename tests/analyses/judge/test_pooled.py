"""Pooled columns are judged with effects where the panel can tell them, and say so where it cannot."""

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

import posterity as po
from posterity.analyses.fit import fit
from posterity.data.errors import InputError

from ...papers import write_paper
from ...there import there

SPECS = """\
[panel]
file = "panel.csv"
"""


@pytest.fixture
def study(frame, tmp_path):
    """A column of x1 and x2, and of what else is given by name, printed as least squares with its effects."""

    def make(effects: str = "", **columns: np.ndarray):
        data = frame.assign(**columns)
        data.to_csv(tmp_path / "panel.csv", index=False)
        names = list(dict.fromkeys(["x1", "x2", *columns]))
        panel = data.set_index(["city", "year"])
        exog = panel[names].assign(one=1.0)
        b = PanelOLS(panel["y"], exog, time_effects="year" in effects).fit().params
        rows = "".join(f"T1,1,{t},{b[t]:.4f},0.1,,***,,,,,,y,\n" for t in names)
        spec = f'[spec."T1.1"]\nformula = "y ~ {" + ".join(names)}{effects}"\n'
        return po.load(write_paper(tmp_path, SPECS + spec, rows))

    return make


def within(frame, *terms):
    """Two-way slopes and standard errors by linearmodels."""
    panel = frame.set_index(["city", "year"])
    return PanelOLS(panel["y"], panel[list(terms)], entity_effects=True, time_effects=True).fit()


@pytest.mark.parametrize("effects", ["", " | year"])
def test_a_column_that_is_pooled_across_entities_is_judged_with_effects(study, frame, effects):
    """Whatever its notation; and education, constant within entities, does not cancel it for the others."""
    educ = pd.factorize(frame["city"])[0] % 5 * 1.0
    found = fit(study(effects, educ=educ), draws=500)
    table, expected = po.compare(found).set_index("term"), within(frame, "x1", "x2")
    for term in ("x1", "x2"):
        allowed = 0.3 * expected.std_errors[term]
        assert table.loc[term, "reproduced_within_rounding"]
        assert table.loc[term, "with_effects_mean"] == pytest.approx(expected.params[term], abs=allowed)
        assert "judged with entity and time effects" in table.loc[term, "flags"]
        assert "not judged" not in table.loc[term, "flags"]
    assert table.loc["x1", "posterior_mean"] > table.loc["x1", "with_effects_mean"] + 0.1
    assert pd.isna(table.loc["educ", "with_effects_mean"])
    assert "not judged with effects: does not vary within entities" in table.loc["educ", "flags"]
    assert "judged with entity" not in table.loc["educ", "flags"]
    one = found.specs["T1.1"]
    assert there(there(one.with_effects).design).terms == ("x1", "x2")
    assert one.tree["posterior"]["term"].to_numpy().tolist() == ["x1", "x2", "educ"]


def test_entity_effects_of_its_own_leave_nothing_to_add(study, frame):
    found = fit(study(" | city"), draws=500).specs["T1.1"]
    assert (found.with_effects, found.unjudged) == (None, {})


def test_two_regressors_that_effects_cannot_tell_apart_are_not_judged_with_them(study, frame):
    """x3 - x1 is constant within entities: neither slope is identified there, and x2 is not judged either."""
    found = fit(study(x3=frame["x1"] + pd.factorize(frame["city"])[0]), draws=500).specs["T1.1"]
    assert found.with_effects is None
    assert set(found.unjudged) == {"x1", "x2", "x3"}
    assert "linear combination" in found.unjudged["x2"]


def test_a_regressor_that_effects_absorb_is_not_called_gone(study, frame):
    table = po.compare(fit(study(x2=pd.factorize(frame["city"])[0] * 1.0), draws=500)).set_index("term")
    assert "not judged with effects: " in table.loc["x2", "flags"]
    assert pd.isna(table.loc["x2", "with_effects_mean"])
    assert table.loc["x2", "posterior_mean"] == pytest.approx(table.loc["x2", "published_estimate"], rel=0.1)


@pytest.mark.parametrize(
    "bad",
    [
        {"evidence": "pannel"},
        {"form": "bogus"},
        {"engine": "hmc"},
        {"draws": 0},
        {"draws": 10.5},
        {"seed": -1},
    ],
)
def test_wrong_arguments_in_python_are_one_sentence_too(study, bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        fit(study(), **bad)
