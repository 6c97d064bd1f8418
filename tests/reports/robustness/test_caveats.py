"""Doubts that are stored with an answer are told where it is shown."""

from __future__ import annotations

from dataclasses import replace

from posterity.analyses.calibration.calibrate import simulated
from posterity.reports.robustness.models.section import section as models
from posterity.reports.robustness.priors.figure import Focus
from posterity.reports.robustness.priors.section import doubts
from posterity.reports.robustness.priors.sentence import three_digits
from posterity.reports.rows import factor, plural, power, rows_of

from ...there import there


def test_answers_of_an_inexact_likelihood_or_far_from_the_draws_are_named():
    def focus(term, k_hat, check):
        return Focus("T1.1", term, {"k_hat": k_hat, "check": check})

    sound = [focus("exact", None, 0.3), focus("good", 0.69, -4.9), focus("better", -0.3, 4.9)]
    assert doubts(sound) == []
    (inexact, why), (apart, other) = doubts([*sound, focus("tail", 0.71, 0.1), focus("low", 0.2, -5.1)])
    assert (inexact, apart) == (["T1.1 tail"], ["T1.1 low"])
    assert "k-hat above 0.7" in why
    assert "more than 5 Monte Carlo standard errors" in other


def test_a_column_of_other_errors_says_that_the_crossings_are_gaussian(tables_fit):
    rows = rows_of(tables_fit)
    row = rows[0]
    at = {"median": 0.5, "low": 0.4, "high": 0.6, "above": 1.0, "below": 0.0}
    term = {
        "term": row.term,
        "count": 2,
        "panels": 1,
        "doubtful": 0,
        "own": [0.8, 0.7, 0.9],
        "levels": {"effects": ["none", "fixed: year"]},
        "by_level": {"effects": [at, at]},
        "members": [[0, 0.8, 0.7, 0.9], [1, 0.4, 0.3, 0.5]],
        "errors": [{"name": "ar1", "at": [0.7, 0.5, 0.9], "trusted": True}],
        "error_panels": 1,
        "above": 1.0,
        "below": 0.0,
        "positive": 1.0,
        "spread": {
            "sd": 0.2,
            "within": 0.1,
            "alone": {"effects": 1.0},
            "shapley": {"effects": 1.0},
            "interactions": 0.0,
        },
    }

    def body(errors, terms):
        records = {row.spec_id: {"models": {"errors": errors, "terms": terms}}}
        made = there(models(replace(tables_fit, robustness=records), rows))
        return str(made.body).replace("\N{NO-BREAK SPACE}", " ")

    plain = body("gaussian", [term])
    assert "under Gaussian errors" not in plain
    assert "(Gaussian errors)" not in plain
    own = body("ar1", [term])
    assert "own errors are AR(1); every crossing here is under Gaussian errors" in own
    assert f"{row.number(0.8)} (Gaussian errors)" in own
    assert "The orange mark is its model with its own errors." in own
    assert "is not shown" in body("ar1", [term | {"errors": []}])


def test_simulations_are_counted_as_ranked():
    def check(question, *counts):
        return {"question": question, "quantities": [{"simulations": n} for n in counts]}

    assert (
        simulated([check("prior", 1000, 335), check("prior", 170), check("coverage", 50)])
        == "170 to 1000 simulations"
    )
    assert simulated([check("posterior", 200, 200)]) == "200 simulations"


def test_powers_and_plurals_are_written_as_one_writes_them():
    assert power(6) == "10⁶"
    assert three_digits(-3.24e-9) == "−3.2 × 10⁻⁹"
    assert [three_digits(x) for x in (12.345, -0.00012345, 0.000012345, 1234.5)] == [
        "12.3",
        "−0.000123",
        "0.0000123",
        "1234",
    ]
    assert factor(2e6) == "> 10⁶"
    assert [plural(n, "column") for n in (1, 2)] == ["1 column", "2 columns"]
