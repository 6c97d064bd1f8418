"""Verdicts, their stops, and the bookkeeping of comparison records."""

import numpy as np
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.judge.compare import estimates
from posterity.analyses.judge.summaries import Posterior, faults, savage_dickey
from posterity.analyses.judge.verdict import verdict
from posterity.analyses.run.store import seed_of
from posterity.models.priors import Prior


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        (0.5, 0.3, 0.7, "holds"),
        (0.5, 0.6, 0.9, "holds"),
        (0.5, 0.1, 0.4, "shrinks"),
        (0.5, -0.1, 0.6, "uncertain"),
        (0.5, -0.6, -0.1, "reverses"),
        (-0.5, -0.7, -0.3, "holds"),
        (-0.5, -0.4, -0.1, "shrinks"),
        (-0.5, 0.1, 0.2, "reverses"),
        (-0.5, -0.5, 0.0, "uncertain"),
        (0.0, 0.1, 0.2, "uncertain"),
    ],
)
def test_verdict(published, low, high, expected):
    assert verdict(published, low, high) == expected


def posterior(**changes):
    good = {
        "mean": 1.0, "sd": 0.1, "low": 0.8, "high": 1.2, "prob_positive": 1.0, "ess_bulk": 4000.0, "r_hat": 1.0,
        "k_hat": None, "bayes_factor_10": None, "published_position": 0.5, "divergences": 0,
    }  # fmt: skip
    return Posterior(**{**good, **changes})


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"r_hat": 1.02}, "R-hat"),
        ({"ess_bulk": 200.0}, "effective"),
        ({"divergences": 3}, "divergent"),
        ({"r_hat": np.nan}, "R-hat"),
    ],
)
def test_bad_diagnostics_stop_a_verdict_with_a_remedy(changes, word):
    assert faults(posterior()) == []
    (fault,) = faults(posterior(**changes))
    assert word in fault
    assert ";" in fault


def test_independent_draws_are_judged_by_k_hat_not_by_r_hat():
    assert faults(posterior(r_hat=1.02, k_hat=0.1)) == []
    assert len(faults(posterior(r_hat=1.02, k_hat=0.9))) == 1


def test_savage_dickey_against_the_conjugate_closed_form():
    """Normal likelihood and prior: BF10 = prior density at 0 over posterior density at 0."""
    rng = np.random.default_rng(0)
    prior_sd, mean, sd = 2.0, 0.15, 0.1
    draws = rng.normal(mean, sd, (4, 4000))
    exact = stats.norm(0, prior_sd).pdf(0) / stats.norm(mean, sd).pdf(0)
    assert savage_dickey(draws, Prior("normal", (0.0, 1.0)), prior_sd) == pytest.approx(exact, rel=0.1)
    assert savage_dickey(draws + 1, Prior("normal", (0.0, 1.0)), prior_sd) is None
    assert savage_dickey(draws, Prior("normal", (0.0, 1.0)), None) is None


@pytest.mark.parametrize(("name", "count"), [("liu-li-2025", 81), ("bashlai-2026", 24)])
def test_tables_evidence_answers_every_estimate_with_an_error(name, count):
    study = po.load(name)
    records = estimates(po.fit(study))
    with_error = [
        p.id for p in study.file.published if p.text["std_error"] or p.text["t_value"] or p.text["ci_low"]
    ]
    assert [r["id"] for r in records] == with_error
    assert len(records) == count
    assert all(r["verdict"] in ("holds", "shrinks", "uncertain", "reverses") for r in records)
    assert all(r["posterior"]["sd"] > 0 for r in records)
    assert all(
        r["reproduced"] == {"estimate": None, "std_error": None, "within_rounding": None} for r in records
    )


def test_liu_li_interval_is_that_of_t_with_three_degrees_of_freedom():
    fit = po.fit(po.load("liu-li-2025"), only=["T4.6"], priors={"slope": "normal(0, 1000)"})
    row = po.compare(fit).set_index("term").loc["NqP"]
    half = stats.t.ppf(0.975, 3) * 0.008
    assert row["posterior_q2.5"] == pytest.approx(0.038 - half, abs=0.001)
    assert row["posterior_q97.5"] == pytest.approx(0.038 + half, abs=0.001)
    assert "few clusters" in row["flags"]


def test_seed_of_a_specification_does_not_depend_on_its_company():
    assert seed_of(1, "T4.2") == seed_of(1, "T4.2") != seed_of(1, "T4.3")
    study = po.load("bashlai-2026")
    alone = po.compare(po.fit(study, only=["T5.6"]))
    among = po.compare(po.fit(study)).query("table == 'T5' and column == '6'").reset_index(drop=True)
    assert alone.drop(columns="seconds").equals(among.drop(columns="seconds"))
