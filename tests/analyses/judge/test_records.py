"""Records of comparison.json: which posterior is judged, what withholds a verdict, every key."""

import json
from types import SimpleNamespace

import pytest
from scipy import stats

import posterity as po
from posterity.analyses.judge.frame import frame_of
from posterity.analyses.judge.records import comparison, estimates
from posterity.analyses.judge.verdict import OF_EFFECT, OF_NULL
from posterity.analyses.run.store import seed_of

from .stubs import column, design, fit_of, reproducing, tree

POSTERIOR = ["mean", "sd", "q2.5", "q97.5", "prob_positive", "ess_bulk", "r_hat", "k_hat"]
ESTIMATE = [
    "id", "table", "column", "term", "kind", "form", "engine", "published", "claim", "reproduced",
    "posterior", "with_effects", "under_prior", "judged", "other_law", "exact", "twins", "bayes_factor_10",
    "bayes_factor_widths", "published_position", "winners_curse", "verdict", "flags", "seconds",
]  # fmt: skip


def test_every_key_is_there_in_its_order_and_missing_parts_are_null(tmp_path):
    one = column(tmp_path)
    (first, *_) = found = estimates(fit_of(one))
    assert [r["id"] for r in found] == ["T1.1.x1", "T1.1.x2", "T1.1._cons"]
    assert all(list(r) == ESTIMATE for r in found)
    assert list(first["published"]) == ["estimate", "std_error", "std_error_source", "stars", "n"]
    assert first["published"] == {
        "estimate": 0.5, "std_error": 0.1, "std_error_source": "printed", "stars": "***", "n": 84,
    }  # fmt: skip
    assert found[2]["published"]["stars"] is None
    assert first["reproduced"] == {"estimate": None, "std_error": None, "within_rounding": None}
    assert list(first["posterior"]) == POSTERIOR
    assert (first["with_effects"], first["twins"], first["form"]) == (None, None, None)
    assert (first["under_prior"], first["exact"]) == (None, None)
    assert (first["kind"], first["engine"], first["seconds"]) == ("pooled", "collapsed", 1.0)
    ends = [first["posterior"][name] for name in ("q2.5", "q97.5")]
    assert first["judged"] == {
        "q2.5": ends[0], "q97.5": ends[1], "law": "gaussian", "factor": None, "df": None,
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found


def test_with_effects_stands_beside_with_its_own_bayes_factor_and_time(tmp_path):
    one = column(tmp_path, with_effects=column(tmp_path, seconds=2.5))
    first = estimates(fit_of(one))[0]
    assert list(first["with_effects"]) == [
        *POSTERIOR, "bayes_factor_10", "bayes_factor_widths", "published_position",
    ]  # fmt: skip
    assert first["seconds"] == 3.5


def test_terms_without_a_posterior_have_no_record(tmp_path):
    one = column(tmp_path, tree=tree({"x2": -0.2}))
    assert [r["term"] for r in estimates(fit_of(one))] == ["x2"]


def test_what_is_not_reproduced_is_not_judged(tmp_path):
    one = column(tmp_path, least_squares=reproducing(x1=(0.6, 0.1), x2=(-0.2, 0.1)), design=design())
    first, second, *_ = estimates(fit_of(one))
    assert (first["verdict"], first["reproduced"]["within_rounding"]) == ("not reproduced", False)
    assert (second["verdict"], second["reproduced"]["within_rounding"]) == ("holds", True)


def test_the_head_of_comparison_json(tmp_path):
    one = column(tmp_path, mechanism={"kind": "mediation"})
    panel = SimpleNamespace(sha256="abc", synthetic=False)
    found = comparison(fit_of(one, panel=panel, skipped={"T9.1": "no panel"}))
    assert list(found) == ["study", "evidence", "panel_sha256", "estimates", "mechanisms", "skipped"]
    assert (found["study"], found["evidence"], found["panel_sha256"]) == ("mine", "panel", "abc")
    assert (found["mechanisms"], found["skipped"]) == ({"T1.1": {"kind": "mediation"}}, {"T9.1": "no panel"})
    assert comparison(fit_of(one, "twin", panel=panel))["panel_sha256"] is None
    assert comparison(fit_of(column(tmp_path)))["mechanisms"] == {}


def test_the_frame_has_a_column_for_every_part(tmp_path):
    one = column(tmp_path)
    frame = frame_of(estimates(fit_of(one)))
    assert list(frame["id"]) == ["T1.1.x1", "T1.1.x2", "T1.1._cons"]
    names = [f"{part}_{k}" for part in ("posterior", "with_effects", "under_prior") for k in POSTERIOR]
    names += ["exact_assumption", "exact_q2.5", "exact_q97.5", "exact_verdict"]
    assert {*names, "published_std_error", "reproduced_within_rounding", "verdict", "seconds"} <= {*frame}
    assert frame.loc[2, "flags"] == "constant: its normalisation is a convention"


@pytest.mark.parametrize(("name", "count"), [("liu-li-2025", 81), ("bashlai-2026", 24)])
def test_tables_evidence_answers_every_estimate_with_an_error(name, count):
    study = po.load(name)
    records = estimates(po.fit(study))
    with_error = [
        p.id for p in study.file.published if p.text["std_error"] or p.text["t_value"] or p.text["ci_low"]
    ]
    assert [r["id"] for r in records] == with_error
    assert len(records) == count
    assert all(r["verdict"] in (OF_EFFECT if r["claim"] == "effect" else OF_NULL) for r in records)
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
