"""How numbers are written: decimals of print plus one, a proper minus, intervals by the printed t."""

import pytest

from posterity.analyses.run.fits import LABELS
from posterity.reports.rows import (
    Row,
    evidence_label,
    factor,
    focal,
    minus,
    number,
    probability,
    rows_of,
    shorten,
)

from ..there import there

TEXT = dict.fromkeys(
    ("estimate", "std_error", "t_value", "stars", "ci_low", "ci_high", "p_value", "n", "r2"), ""
)


def make(estimate="-0.026", error=0.029, text=None, df=3.0, **extra):
    record = {
        "id": "T1.2.x", "table": "T1", "column": "2", "term": "x", "verdict": "uncertain", "flags": [],
        "published": {"estimate": float(estimate), "std_error": error, "stars": "**", "n": 330},
        "reproduced": {"estimate": None, "std_error": None, "within_rounding": None},
        "posterior": {"mean": -0.02634, "q2.5": -0.0848, "q97.5": 0.0326, "prob_positive": 0.185},
        "judged": {"q2.5": -0.0848, "q97.5": 0.0326, "law": "gaussian", "factor": 0.9, "df": None},
        "with_effects": None, "under_prior": None, "exact": None, "bayes_factor_10": None,
        "bayes_factor_widths": None, "winners_curse": None,
    } | extra  # fmt: skip
    return Row(record, TEXT | {"estimate": estimate} | (text or {"std_error": str(error)}), df)


def test_posterior_has_one_decimal_more_than_print():
    assert make().interval("posterior") == "−0.0263 [−0.0848, 0.0326]"
    assert make("12").decimals == 1
    assert make("1.2e-5").decimals == 7


def test_bayes_factors_under_other_widths_stand_beside():
    widths = [
        {"times": t, "scale": t, "bayes_factor_10": f}
        for t, f in ((0.5, 12.2), (1, 8.0), (2, None), (10, 0.912))
    ]
    row = make(bayes_factor_widths=widths, with_effects={"bayes_factor_widths": None})
    assert row.other_factors("posterior") == [("½×", "12"), ("2×", "–"), ("10×", "0.91")]
    assert row.other_factors("with_effects") == make().other_factors("posterior") == []


def test_published_interval_uses_the_printed_reference_distribution():
    """t(0.975; 3) = 3.182446 (any printed t table: 3.182)."""
    low, high = make().span("published").ends
    assert low == pytest.approx(-0.026 - 3.182446 * 0.029, abs=1e-6)
    assert high == pytest.approx(-0.026 + 3.182446 * 0.029, abs=1e-6)


def test_what_is_printed_beside_an_estimate_is_shown_as_printed():
    assert make().printed == "−0.026"
    assert make().printed_error == "(0.029)"
    assert make(text={"t_value": "-0.90"}).printed_error == "t −0.90"
    assert make(text={"ci_low": "-0.08", "ci_high": "0.03"}).printed_error == "[−0.08, 0.03]"
    assert make(text={"ci_low": "0.01"}, error=None).span("published").ends is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [(number(-0.00004, 3), "0.000"), (number(None, 3), "–"), (number(float("nan"), 3), "–"),
     (probability(1.0), "> 0.999"),
     (probability(0.0), "< 0.001"), (probability(0.1849), "0.185"), (factor(0.04157), "0.042"),
     (factor(None), "–"),
     (factor(123.4), "123"), (shorten("a\nb\x00c", 20), "a b c"), (shorten("共同富裕", 5), "共同…")],
)  # fmt: skip
def test_formats(text, shown):
    assert text == shown


def test_a_withheld_verdict_reads_stopped():
    assert make(verdict=None).verdict == "stopped"


def test_focal_term_joins_tables(tables_fit, panel_fit):
    rows = rows_of(tables_fit)
    assert focal(rows) == "<script>alert(1)</script>"
    assert focal([r for r in rows if r.table == "T1"]) is None
    assert evidence_label(tables_fit) == LABELS["tables"]
    assert evidence_label(panel_fit) == "evidence: panel - SYNTHETIC"


def test_a_posterior_without_numbers_is_a_dash():
    lost = dict.fromkeys(("mean", "q2.5", "q97.5")) | {"prob_positive": 0.0}
    assert make(posterior=lost, verdict=None).interval("posterior") == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("holds 0 from rho = -0.81; [-.5, 2]", "holds 0 from rho = −0.81; [−.5, 2]"),
        ("error 3e-05, normal(-1, 1)", "error 3e−05, normal(−1, 1)"),
        ("posterior-driven, 2000-2005, T1-2, x_(1)-2 of (95%-99%)",) * 2,
    ],
)  # fmt: skip
def test_a_negative_number_in_a_sentence_has_a_minus(text, shown):
    assert minus(text) == shown


WIDER = {"q2.5": -0.153, "q97.5": 0.1006, "law": "gaussian", "factor": 2.15, "df": 47}


def test_brackets_hold_the_judged_interval_of_the_judged_posterior():
    row = make(judged=WIDER)
    assert row.interval("posterior") == "−0.0263 [−0.1530, 0.1006]"
    assert row.widened_from == "[−0.0848, 0.0326]"
    assert row.judged_span == (-0.02634, (-0.153, 0.1006))
    assert row.span("posterior").ends == (-0.0848, 0.0326)


def test_a_pooled_column_as_printed_keeps_its_own_interval():
    effects = {"mean": 0.01, "q2.5": -0.05, "q97.5": 0.07, "prob_positive": 0.6}
    row = make(with_effects=effects, judged=WIDER)
    assert row.interval("posterior") == "−0.0263 [−0.0848, 0.0326]"
    assert row.interval("with_effects") == "0.0100 [−0.1530, 0.1006]"
    assert row.widened_from == "[−0.0500, 0.0700]"


def test_an_interval_that_nothing_widened_is_the_posteriors_own():
    row = make()
    assert row.judged_span == row.span("posterior")
    assert (row.widened, row.widened_from) == (False, "")
    lost = dict.fromkeys(("mean", "q2.5", "q97.5")) | {"prob_positive": 0.0}
    assert make(posterior=lost, judged=WIDER).judged_span is None


def test_rows_know_what_their_rows_are_clustered_by(panel_fit, widened_fit):
    assert {row.cluster for row in rows_of(panel_fit)} == {"省份"}
    judged = [row for row in rows_of(widened_fit) if row.widened]
    assert [row.id for row in judged] == ["T1.1.<script>alert(1)</script>"]
    part = judged[0].record["with_effects"]
    half = 2.776445 * 2 * part["sd"]  # t(0.975; 4) of any printed t table: 2.776
    assert there(there(judged[0].judged_span).ends) == pytest.approx(
        (part["mean"] - half, part["mean"] + half), rel=1e-5
    )
