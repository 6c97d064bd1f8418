"""A random-effects column from the study file to the report: gate, contrast, flags."""

from __future__ import annotations

import json

import numpy as np
import pytest

import posterity as po
from posterity.analyses.judge.records import comparison
from posterity.data.panel.panel import Panel
from posterity.models.frequentist.random_effects import random_effects
from posterity.models.kinds.random import contrasts
from posterity.reports.page.sections import sections
from posterity.reports.rows import rows_of

from ...papers import write_paper
from ...there import there

SPECS = """\
[spec."T1.1"]
formula = "y ~ x1 + x2 + size | city"
estimator = "{estimator}"
vcov = {{ cluster = "city" }}
"""


def study_of(folder, frame, estimator="random_sa", printed_by="random_sa"):
    """A paper that prints, to six digits, what one estimator gives."""
    write_paper(folder, SPECS.format(estimator=printed_by), "T1,1,x1,0.5,0.1,,,,,,,,y,\n")
    panel = Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel", synthetic=True)
    view = po.load(folder).spec("T1.1")
    fit = random_effects(view.design(panel), printed_by, view.spec.vcov).least_squares
    rows = [
        f"T1,1,{term},{b:.6f},{se:.6f},,,,,,,,y,\n"
        for term, b, se in zip(fit.terms, fit.coef, fit.std_error, strict=True)
    ]
    write_paper(folder, SPECS.format(estimator=estimator), "".join(rows))
    return po.load(folder), panel


@pytest.fixture
def frame(simulate):
    """Slopes of x1: 0.5 within cities and 2.5 between them; of x2 one slope."""
    frame = simulate(n_entity=30, n_time=6, seed=2, missing=0.3)
    size = np.sin(frame.groupby("city").ngroup() * 1.0)
    frame["y"] += 2 * frame.groupby("city")["x1"].transform("mean") + size
    return frame.assign(size=size)


def test_a_random_effects_column_is_reproduced_judged_and_told_apart(tmp_path, frame):
    study, panel = study_of(tmp_path, frame)
    fit = po.fit(study, panel, draws=500)
    record = json.loads(json.dumps(comparison(fit), allow_nan=False))
    estimates = {one["term"]: one for one in record["estimates"]}
    assert list(estimates) == ["x1", "x2", "size", "_cons"]
    assert all(one["reproduced"]["within_rounding"] for one in estimates.values())
    assert all(not any("error not reproduced" in f for f in one["flags"]) for one in estimates.values())
    assert {one["form"] for one in estimates.values()} == {"random"}
    assert all(one["verdict"] for one in estimates.values())

    found = record["mechanisms"]["T1.1"]
    assert found["kind"] == "random effects"
    assert not found["balanced"]
    assert found["hausman"]["terms"] == ["x1", "x2"]
    assert found["hausman"]["p_common"] < 0.001
    assert found["without_contrast"] == ["size"]
    apart = contrasts(there(fit.specs["T1.1"].design))
    squares = random_effects(apart.design).least_squares
    for term, (within, between) in apart.pairs.items():
        contrast, posterior = squares.coef[between] - squares.coef[within], found["terms"][term]["contrast"]
        assert posterior["mean"] == pytest.approx(contrast, abs=0.5 * posterior["sd"])
        assert found["terms"][term]["within"]["mean"] == pytest.approx(
            squares.coef[within], abs=0.5 * squares.std_error[within]
        )
        parts = found["terms"][term]
        assert parts["between"]["mean"] - parts["within"]["mean"] == pytest.approx(posterior["mean"])
    assert found["terms"]["x1"]["contrast"]["judged"]["q2.5"] > 0
    flags = {term: [f for f in one["flags"] if "two slopes" in f] for term, one in estimates.items()}
    assert [term for term, words in flags.items() if words] == ["x1"]

    (section,) = [s for s in sections(fit, rows_of(fit)) if s.id == "random-effects"]
    assert "size does not vary within entities" in section.body
    assert section.body.count("<b>two slopes</b>") == 1
    assert section.headline.startswith("Random effects mix two slopes: of 2 regressors in 1 column, 1 has")


def test_a_column_of_the_other_formula_is_not_reproduced_and_the_flag_names_the_estimator(tmp_path, frame):
    study, panel = study_of(tmp_path, frame, estimator="random", printed_by="random_sa")
    fit = po.fit(study, panel, draws=200)
    (one, *_) = comparison(fit)["estimates"]
    assert one["verdict"] == "not reproduced"
    assert any(f.startswith("estimator = 'random_sa' prints 4 of this column's") for f in one["flags"])


def test_the_interval_of_a_contrast_is_widened_by_its_own_errors(tmp_path, frame):
    """The cluster-robust over the model's standard error of a difference, not of either slope."""
    study, panel = study_of(tmp_path, frame)
    parts = there(po.fit(study, panel, draws=200).specs["T1.1"].mechanism)["terms"]["x1"]
    factors = [parts[name]["judged"]["factor"] for name in ("within", "between", "contrast")]
    assert len(set(factors)) == 3
    assert min(factors[:2]) < factors[2] < max(factors[:2])
