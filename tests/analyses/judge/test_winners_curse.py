"""The winner's curse in comparison.json: what is told of which coefficient, and what a study file decides."""

import json
from dataclasses import replace

import pytest

import posterity as po
from posterity.analyses.judge.frame import frame_of
from posterity.analyses.judge.records import estimates
from posterity.analyses.judge.winners_curse import winners_curse
from posterity.data.errors import InputError
from posterity.models.printed.selection import BETA_P

from ...papers import write_paper
from .stubs import ROWS, SPECS, column, fit_of

FIELD = """
[tables]
beta_p = 0.25
[tables.field]
weights = [0.5, 0.5]
sds = [1.0, 3.0]
name = "growth"
source = "mine"
"""


def told_of(one, term):
    found = winners_curse(one, term)
    assert found is not None
    return found["hypothetical"]


def at_tables(folder, specs=SPECS, rows=ROWS):
    return po.fit(po.load(write_paper(folder, specs, rows)), evidence="tables", draws=100)


def test_every_key_of_a_slope_and_nothing_of_a_constant(tmp_path):
    first, second, constant = estimates(at_tables(tmp_path))
    assert constant["winners_curse"] is None
    found = first["winners_curse"]
    assert list(found) == ["z", "df", "significant", "selection", "field", "hypothetical"]
    assert (found["z"], found["significant"]) == (pytest.approx(5, rel=0.01), True)
    assert list(found["selection"]) == [
        "beta_p", "mean", "q2.5", "q97.5", "prob_positive", "median_unbiased",
    ]  # fmt: skip
    assert found["selection"]["beta_p"] == BETA_P
    assert list(found["selection"]["median_unbiased"]) == ["estimate", "q2.5", "q97.5"]
    assert list(found["field"]) == [
        "name", "mean", "q2.5", "q97.5", "prob_positive", "shrinkage", "power", "type_s", "type_m",
    ]  # fmt: skip
    assert [h["what"] for h in found["hypothetical"]] == [
        "as printed",
        "0.5 of the printed",
        "0.25 of the printed",
    ]
    assert list(found["hypothetical"][0]) == ["effect", "what", "power", "type_s", "type_m"]
    weak = second["winners_curse"]
    assert weak["z"] == pytest.approx(-2, rel=0.05)
    assert abs(weak["selection"]["mean"]) < abs(second["posterior"]["mean"])
    assert 0 < weak["field"]["shrinkage"] < found["field"]["shrinkage"] < 1
    assert json.loads(json.dumps(first)) == first


def test_no_winners_curse_is_told_of_microdata(tmp_path):
    assert estimates(fit_of(column(tmp_path)))[0]["winners_curse"] is None


def test_a_study_file_names_its_field_and_its_probability(tmp_path):
    found = estimates(at_tables(tmp_path, SPECS + FIELD))[1]["winners_curse"]
    assert (found["field"]["name"], found["selection"]["beta_p"]) == ("growth", 0.25)
    shares = [0.5 * s**2 / (1 + s**2) * d for s, d in ((1, 0.10377), (3, 0.10329))]
    # densities of z = 2 under normals about 0 with variances 2 and 10
    assert found["field"]["shrinkage"] == pytest.approx(sum(shares) / (0.5 * 0.20706), abs=0.02)


def test_beliefs_of_other_papers_are_hypothetical_effects(tmp_path):
    belief = 'belief = [{ term = "x1", estimate = 0.2, std_error = 0.1, source = "Smith 2001" }]\n'
    one = at_tables(tmp_path, SPECS + belief).specs["T1.1"]
    told = told_of(one, "x1")
    assert (told[-1]["what"], told[-1]["effect"]) == ("Smith 2001", 0.2)
    assert all(h["what"] != "Smith 2001" for h in told_of(one, "x2"))


def test_a_printed_zero_has_no_share_that_is_left(tmp_path):
    rows = ROWS.replace("-0.20,0.10,,**", "0.00,0.10,,")
    found = estimates(at_tables(tmp_path, SPECS, rows))[1]["winners_curse"]
    assert found["field"]["shrinkage"] is None
    assert found["hypothetical"] == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sds = [1.0, 3.0]", "sds = [1.0]", "has 2 weights and 1 sds; give each component one of each"),
        ("weights = [0.5, 0.5]", "weights = [0.5, 0.3]", "weights sum to 0.8; give shares that sum to 1"),
        ("sds = [1.0, 3.0]", "sds = [1.0, -3.0]", "must be greater than 0, not -3.0"),
        ("beta_p = 0.25", "beta_p = 0.0", "must be greater than 0, not 0.0"),
        ("beta_p = 0.25", "beta_p = 1.5", "must be less than or equal to 1, not 1.5"),
        ('name = "growth"\n', "", "tables.field.name: is missing; add it"),
    ],
)
def test_a_field_that_is_none_is_refused_in_a_sentence(tmp_path, old, new, words):
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        at_tables(tmp_path, SPECS + FIELD.replace(old, new))


def test_columns_of_the_comparison(tmp_path):
    frame = frame_of(estimates(at_tables(tmp_path)))
    assert frame["median_unbiased_q2.5"].notna().tolist() == [True, True, False]
    assert 0.8 < frame["field_shrinkage"][0] < 0.9  # sds of 2.16 and 5.64 leave 0.82 and 0.97 of z = 5
    assert {"z", "selection_beta_p", "selection_q97.5", "field_type_m"} <= set(frame)


def test_a_stopped_column_is_told_of_all_the_same(tmp_path):
    fit = at_tables(tmp_path)
    one = replace(fit.specs["T1.1"], engine="nuts")
    assert winners_curse(one, "x1") == winners_curse(fit.specs["T1.1"], "x1")
