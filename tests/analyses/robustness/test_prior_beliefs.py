"""Robustness to priors from printed numbers: their digits, and beliefs that a study file states."""

from __future__ import annotations

import numpy as np
import pytest

import posterity as po
from posterity.analyses.robustness import robust as robust_fit
from posterity.analyses.robustness.priors.part import priors_part
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.data.template import write_template

from ...papers import write_paper
from ...there import there

SPECS = """\
[tables]
df = 1000000
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
[[spec."T1.1".belief]]
term = "{term}"
estimate = 0.30
std_error = 0.10
source = "a SYNTHETIC earlier paper"
"""
ROWS = """\
T1,1,x1,0.5000,0.1000,,***,,,,,,y,
T1,1,x2,0.1000,0.1000,,,,,,,,y,
"""


@pytest.fixture
def folder(tmp_path):
    def written(term):
        return write_paper(tmp_path, SPECS.replace("{term}", term), ROWS)

    return written


def test_another_papers_finding_is_a_normal_prior(folder):
    """Two normal estimates with the same error: their mean, with the error over the square root of 2."""
    fit = po.fit(po.load(folder("x1")))
    records = there(priors_part(fit.specs["T1.1"], (), Request("tables")))["terms"]
    found = next(m for m in records["x1"]["multiverse"] if m["label"] == "a SYNTHETIC earlier paper")
    assert found["mean"] == pytest.approx(0.4, abs=1e-3)
    assert found["q97.5"] - found["q2.5"] == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(2), rel=0.01)
    assert not any("earlier" in m["label"] for m in records["x2"]["multiverse"])
    assert records["x1"]["prior"] == "flat"
    assert records["x1"]["psense"] is None
    assert not records["x1"]["prior_driven"]


def test_a_belief_about_an_unknown_term_is_refused(folder):
    with pytest.raises(InputError, match="belief names 'x3', which is no term of the formula"):
        po.load(folder("x3"))


def test_another_printed_digit_is_another_record(tmp_path):
    folder = tmp_path / "mine"
    write_template(folder)
    path = folder / "published.csv"

    def kept(text):
        head, first, *rest = path.read_text().splitlines()
        cells = first.split(",")
        cells[head.split(",").index("estimate")] = text
        path.write_text("\n".join([head, ",".join(cells), *rest]) + "\n")
        found = po.fit(po.load(folder), evidence="tables")
        request = Request("tables", posteriors=tmp_path / "posteriors")
        robust_fit(found, request, ["priors"])
        return {p.name: p.read_bytes() for p in (tmp_path / "robustness").glob("*.json")}

    assert kept("0.5") != kept("0.6")
