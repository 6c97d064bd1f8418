"""Which of two posteriors is judged, and how wide: of a pooled column the one with effects, else its own."""

import pytest
from scipy import stats

from posterity.analyses.judge.interval import judged_fit, judged_part, widened
from posterity.analyses.judge.records import record
from posterity.analyses.run.results import Widening

from .stubs import ROWS, column, fit_of, tree


def judged(folder, own, with_effects, term="x1"):
    beside = column(folder, tree=tree({"x1": with_effects, "x2": -0.2}), form="mundlak")
    one = column(folder, tree=tree({"x1": own, "x2": -0.2, "_cons": own}), with_effects=beside)
    printed = next(p for p in one.printed if p.term == term)
    return one, record(fit_of(one), one, printed)


@pytest.mark.parametrize(
    ("own", "with_effects", "expected"),
    [
        (0.5, 0.0, "uncertain"),
        (0.0, 0.5, "holds"),
        (0.5, -0.5, "reverses"),
        (0.5, 0.2, "shrinks"),
        (-0.5, 0.5, "holds"),
    ],
)
def test_the_verdict_of_a_pooled_column_is_that_with_effects(tmp_path, own, with_effects, expected):
    one, found = judged(tmp_path, own, with_effects)
    assert found["verdict"] == expected
    assert found["posterior"]["mean"] == pytest.approx(own, abs=0.01)
    assert found["with_effects"]["mean"] == pytest.approx(with_effects, abs=0.01)
    assert "judged with entity and time effects" in found["flags"]
    assert judged_fit(one, "x1") is one.with_effects
    assert judged_part(found) == "with_effects"


def test_a_regressor_that_the_effects_absorb_is_judged_by_its_own_posterior(tmp_path):
    beside = column(tmp_path, tree=tree({"x1": 0.0}), widening={"x1": Widening(1.0, 9.0, 8)})
    one = column(
        tmp_path, with_effects=beside, unjudged={"x2": "why"}, widening={"x2": Widening(1.0, 1.5, 8)}
    )
    found = {p.term: record(fit_of(one), one, p) for p in one.printed}
    assert judged_fit(one, "x1") is beside
    assert judged_fit(one, "x2") is one
    assert (found["x1"]["judged"]["factor"], found["x2"]["judged"]["factor"]) == (9.0, 1.5)
    assert (found["x2"]["with_effects"], judged_part(found["x2"])) == (None, "posterior")
    assert "not judged with effects: why" in found["x2"]["flags"]
    assert "judged with entity and time effects" in found["x1"]["flags"]
    assert not any("judged with" in flag for flag in found["_cons"]["flags"])


def test_a_constant_is_judged_by_its_own_posterior(tmp_path):
    one, found = judged(tmp_path, 1.0, 0.0, "_cons")
    assert judged_fit(one, "_cons") is one
    assert (found["verdict"], found["with_effects"], judged_part(found)) == ("holds", None, "posterior")
    assert "judged with entity and time effects" not in found["flags"]


def test_any_other_column_is_judged_by_its_own_posterior(tmp_path):
    one = column(tmp_path)
    found = record(fit_of(one), one, one.printed[0])
    assert judged_fit(one, "x1") is one
    assert (found["verdict"], found["with_effects"], judged_part(found)) == ("holds", None, "posterior")


@pytest.mark.parametrize("which", ["own", "beside"])
def test_a_fault_of_either_posterior_withholds_the_verdict(tmp_path, which):
    bad = {"method": "importance", "k_hat": 0.1, "ess": 200.0}
    own = tree({"x1": 0.5, "x2": -0.2}, attrs=bad if which == "own" else None)
    beside = tree({"x1": 0.5, "x2": -0.2}, attrs=bad if which == "beside" else None)
    one = column(tmp_path, tree=own, with_effects=column(tmp_path, tree=beside))
    found = record(fit_of(one), one, one.printed[0])
    assert found["verdict"] is None
    assert found["flags"][0].startswith("too few effective draws: 200 is below 400")


@pytest.mark.parametrize(
    ("robust", "df", "verdict"),
    [(0.9, None, "holds"), (1.0, None, "holds"), (1.5, 7, "holds"), (4.0, 7, "uncertain")],
)
def test_the_interval_is_widened_where_clusters_ask_for_it_and_never_narrowed(tmp_path, robust, df, verdict):
    """The draws are N(0.5, 0.1): twice 1.96 × 0.1, or twice t(7) × factor × 0.1."""
    one = column(tmp_path, widening={"x1": Widening(1.0, robust, 8)})
    found = record(fit_of(one), one, one.printed[0])
    judged = found["judged"]
    reach = 1.96 if df is None else stats.t.ppf(0.975, 7) * robust
    assert judged["q97.5"] - judged["q2.5"] == pytest.approx(2 * reach * 0.1, rel=0.01)
    assert judged["q97.5"] + judged["q2.5"] == pytest.approx(1.0, abs=0.01)
    assert (judged["factor"], judged["df"], found["verdict"]) == (robust, df, verdict)
    assert found["posterior"]["q97.5"] == pytest.approx(0.696, abs=0.01)


@pytest.mark.parametrize(("share", "times"), [(1.0, 2.0), (0.25, 1.75**0.5), (0.0, 1.0)])
def test_the_part_of_the_variance_that_a_prior_adds_keeps_its_width(share, times):
    """Many clusters, so that t is the normal: of the variance, `share` is multiplied by 4."""
    found = widened(1.0, 0.1, 0.7, 1.1, Widening(1.0, 2.0, 10**9, share=share))
    assert found == pytest.approx((1 - times * 0.196, 1 + times * 0.196), abs=1e-4)


def test_a_skewed_interval_stays_skewed():
    """t(4) × 1.5 / 1.96 = 2.125 times the distance of each end from the mean."""
    found = widened(1.0, 0.1, 0.7, 1.1, Widening(1.0, 1.5, 5, skewed=True))
    times = stats.t.ppf(0.975, 4) * 1.5 / stats.norm.ppf(0.975)
    assert found == pytest.approx((1 - times * 0.3, 1 + times * 0.1))
    assert widened(1.0, 0.1, 0.7, 1.1, Widening(1.0, 1.0, 5, skewed=True)) == (0.7, 1.1)


def test_of_a_pooled_column_the_widening_is_that_of_the_fit_with_effects(tmp_path):
    beside = column(tmp_path, widening={"x1": Widening(1.0, 9.0, 8)})
    one = column(tmp_path, with_effects=beside, widening={"x1": Widening(1.0, 1.1, 8)})
    found = record(fit_of(one), one, one.printed[0])
    assert (found["judged"]["factor"], found["verdict"]) == (9.0, "uncertain")


SPECS = {
    "instrument": '[spec."T1.1"]\nformula = "y ~ x2 | x1 ~ z"\n',
    "mediation": '[spec."T1.1"]\nformula = "y ~ x1 + x2"\nmediator = "x2"\n',
}


@pytest.mark.parametrize(
    ("kind", "loose", "expected", "flag"),
    [
        ("instrument", 0.184, "uncertain", "holds only if the exclusion restriction is exact"),
        ("mediation", 0.184, "uncertain", "holds only if rho = 0 exactly"),
        ("instrument", 0.1, "holds", None),
    ],
)
def test_what_rests_on_an_assumption_is_judged_under_its_prior(tmp_path, kind, loose, expected, flag):
    """A coefficient of 0.2 printed: exact [0.08, 0.40]; under the prior [-0.10, 0.62], or narrower."""
    rows = ROWS.replace("x1,0.50", "x1,0.20")
    under = column(tmp_path, SPECS[kind], rows, tree=tree({"x1": 0.26}, loose))
    exact = tree({"x1": 0.24, "x2": -0.2, "_cons": 1.0}, 0.0816)
    one = column(tmp_path, SPECS[kind], rows, tree=exact, under_prior=under)
    found = record(fit_of(one), one, one.printed[0])
    assert judged_fit(one, "x1") is under
    assert (found["verdict"], found["exact"]["verdict"], judged_part(found)) == (
        expected,
        "holds",
        "under_prior",
    )
    assert found["judged"]["q2.5"] == pytest.approx(0.26 - 1.96 * loose, abs=0.01)
    assert [found["exact"][end] for end in ("q2.5", "q97.5")] == pytest.approx([0.08, 0.40], abs=0.01)
    assert found["posterior"]["mean"] == pytest.approx(0.24, abs=0.01)
    assert found["under_prior"]["mean"] == pytest.approx(0.26, abs=0.01)
    assert [f for f in found["flags"] if "only if" in f] == ([flag] if flag else [])
    assert found["with_effects"] is None

    other = record(fit_of(one), one, one.printed[1])
    assert (other["under_prior"], other["exact"], judged_part(other)) == (None, None, "posterior")
