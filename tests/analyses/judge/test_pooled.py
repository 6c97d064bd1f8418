"""Pooled columns are judged with effects where the panel can tell them, and say so where it cannot."""

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.fit import fit
from posterity.data.errors import InputError

from ...papers import write_paper

SPECS = """\
[panel]
file = "panel.csv"
[spec."T1.1"]
formula = "y ~ x1 + x2"
"""


@pytest.fixture
def study(frame, tmp_path):
    def make(x2: np.ndarray):
        data = frame.assign(x2=x2)
        data.to_csv(tmp_path / "panel.csv", index=False)
        exog = np.column_stack([np.ones(len(data)), data["x1"], data["x2"]])
        b = np.linalg.lstsq(exog, data["y"].to_numpy(), rcond=None)[0]
        rows = "".join(f"T1,1,{t},{v:.4f},0.1,,,,,,,,y,\n" for t, v in zip(("x1", "x2"), b[1:], strict=True))
        return po.load(write_paper(tmp_path, SPECS, rows))

    return make


def test_judged_with_effects(study, frame):
    table = po.compare(fit(study(frame["x2"].to_numpy()), draws=500)).set_index("term")
    assert table.loc["x1", "reproduced_within_rounding"]
    assert table.loc["x1", "posterior_mean"] > table.loc["x1", "with_effects_mean"] + 0.1
    assert "judged with entity and time effects" in table.loc["x1", "flags"]


def test_a_regressor_that_effects_absorb_is_not_called_gone(study, frame):
    table = po.compare(fit(study(pd.factorize(frame["city"])[0] * 1.0), draws=500)).set_index("term")
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
def test_wrong_arguments_in_python_are_one_sentence_too(study, frame, bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        fit(study(frame["x2"].to_numpy()), **bad)
