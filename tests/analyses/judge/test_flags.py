"""Every flag, where it is due and where it is not, at its boundary."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from posterity.analyses.judge.claim import claim_of
from posterity.analyses.judge.flags import FLAGS, Case, flags_of
from posterity.analyses.judge.interval import CONSTANT, judged_fit, judged_interval
from posterity.analyses.judge.over_twins import twin_flags, twins_record, verdicts
from posterity.analyses.judge.reproduction import error_reproduced, reproduced
from posterity.analyses.judge.verdict import Claim
from posterity.analyses.run.results import Widening
from posterity.analyses.run.twin_mixture import Ensemble

from .stubs import ROWS, SPECS, column, design, fit_of, posterior, reproducing, tree

CLUSTERED = SPECS + 'vcov = { cluster = "region" }\n'
WITH_EFFECTS = ("judged with entity and time effects",)
UP = np.nextafter(0.5, 1)


def case(one, evidence="panel", term="x1", judged=None, folder=None, **fit):
    printed = next(p for p in one.printed if p.term == term)
    run = fit_of(one, evidence, folder, **fit)
    summary = judged or posterior()
    interval = judged_interval(judged_fit(one, term), term, summary)
    return Case(run, one, printed, claim_of(one, printed), summary, interval, reproduced(one, printed))


def flags(*given, **named):
    return flags_of(case(*given, **named))


def test_a_plain_column_has_none(tmp_path):
    one = column(tmp_path, least_squares=reproducing(x1=(0.5, 0.1)), design=design())
    assert flags(one) == []


def test_judged_with_effects_or_why_not(tmp_path):
    one = column(tmp_path)
    assert flags(replace(one, with_effects=one)) == ["judged with entity and time effects"]
    assert flags(replace(one, with_effects=one), term=CONSTANT) == [
        "constant: its normalisation is a convention"
    ]
    assert flags(replace(one, unjudged={"x1": "why"})) == ["not judged with effects: why"]
    assert flags(replace(one, unjudged={"x1": "why"}), term="x2") == []


def test_tables_do_not_tell_whether_a_pooled_coefficient_survives_effects(tmp_path):
    said = "not identified by the tables: whether it survives entity effects"
    one = column(tmp_path / "pooled")
    assert said in flags(one, "tables")
    assert said not in flags(one, "tables", term=CONSTANT)
    assert said not in flags(one, "panel")
    in_time = column(tmp_path / "time", SPECS.replace("x2", "x2 | year"))
    assert said in flags(in_time, "tables")
    within = column(tmp_path / "effects", SPECS.replace("x2", "x2 | city"))
    assert said not in flags(within, "tables")


def test_what_is_not_reproduced(tmp_path):
    one = column(tmp_path, least_squares=reproducing(x1=(0.506, 0.2)), design=design(83))
    assert flags(one) == [
        "not reproduced: 0.506 does not print as 0.50",
        "standard error not reproduced: 0.2, printed 0.1",
        "sample differs: 83 rows, printed 84",
    ]
    within = column(tmp_path, least_squares=reproducing(x1=(0.504, 0.104)), design=design())
    assert flags(within) == []


def test_a_standard_error_from_another_number_says_from_which(tmp_path):
    rows = "T1,1,x1,0.50,,5.00,***,,,,84,,y,\nT1,1,x2,-0.20,,,,-0.40,0.00,,84,,y,\n"
    one = column(
        tmp_path, rows=rows, least_squares=reproducing(x1=(0.5, 0.3), x2=(-0.2, 0.3)), design=design()
    )
    assert flags(one) == [
        "standard error not reproduced: 0.3, 0.1 from the printed t-value",
        "standard error from t-value",
    ]
    assert "standard error from interval" in flags(one, term="x2")


@pytest.mark.parametrize(
    ("error", "same"),
    [(0.095, True), (0.105, True), (0.0949, False), (0.1051, False), (None, None)],
)
def test_a_standard_error_is_compared_within_its_rounding(tmp_path, error, same):
    """0.10 is printed for anything from 0.095 to 0.105."""
    printed = column(tmp_path).printed[0]
    assert error_reproduced(error, printed) is same


@pytest.mark.parametrize(("df", "few"), [(5, True), (9, True), (10, True), (10.5, False), (11, False)])
def test_few_clusters_at_ten_degrees_of_freedom(tmp_path, df, few):
    one = column(tmp_path, least_squares=reproducing(df, x1=(0.5, 0.1)), design=design(clusters=True))
    expected = [f"few clusters: t with {df:g} degrees of freedom"] if few else []
    assert flags(one) == expected
    assert flags(replace(one, design=design())) == []  # no clusters
    rows = ROWS.replace(",84,", ",,")
    tables = column(tmp_path / "tables", SPECS + f"df = {df}\n", rows)
    assert [f for f in flags(tables, "tables") if "few clusters" in f] == expected


def test_clusters_of_unknown_number(tmp_path):
    said = "number of clusters not known: t read on rows less coefficients; give [tables] df"
    one = column(tmp_path / "a", CLUSTERED)
    assert said in flags(one, "tables")
    assert said not in flags(one, "panel")
    assert said not in flags(column(tmp_path / "b", CLUSTERED + "df = 20\n"), "tables")
    assert said not in flags(column(tmp_path / "c"), "tables")


def test_assumptions_are_listed_for_their_term(tmp_path):
    one = column(tmp_path, assumption_flags={"x1": ("rests on rho = 0", "weak instruments")})
    assert flags(one) == ["rests on rho = 0", "weak instruments"]
    assert flags(one, term="x2") == []


def test_flat_priors_at_tables(tmp_path):
    said = "flat prior: no printed standard deviations to scale it"
    one = column(tmp_path, units={"x1": None, "x2": 1.0})
    assert said in flags(one, "tables")
    assert said not in flags(one, "tables", term="x2")
    assert said not in flags(one, "tables", term=CONSTANT)
    assert said not in flags(one, "panel")


@pytest.mark.parametrize(
    ("sd", "unit", "expected"),
    [
        (0.5, 1.0, []),
        (UP, 1.0, ["prior-driven: posterior sd is 50% of the prior's"]),
        (0.8, 1.0, ["prior-driven: posterior sd is 80% of the prior's"]),
        (0.8, 2.0, []),
        (0.8, None, []),
    ],
)
def test_a_posterior_above_half_of_its_prior_is_driven_by_it(tmp_path, sd, unit, expected):
    """The default prior of a standardised slope is normal(0, 1)."""
    one = column(tmp_path, units={"x1": unit})
    assert flags(one, judged=posterior(sd=sd)) == expected


@pytest.mark.parametrize(("driven", "sd"), [(True, 0.1), (False, 0.9)])
def test_robustness_to_priors_decides_where_it_was_run(tmp_path, driven, sd):
    found = {"T1.1": {"priors": {"terms": {"x1": {"prior_driven": driven}}}}}
    said = flags(column(tmp_path), judged=posterior(sd=sd), robustness=found)
    assert said == (["prior-driven: see robustness to priors"] if driven else [])


@pytest.mark.parametrize(
    ("low", "high", "factor", "expected"),
    [
        (0.1, 0.9, 0.35, ["Bayes factor for no effect: 0.35, under the prior whose interval excludes 0"]),
        (-0.9, -0.1, 0.999, ["Bayes factor for no effect: 1, under the prior whose interval excludes 0"]),
        (0.1, 0.9, 1.0, []),
        (0.0, 0.9, 0.35, []),
        (-0.1, 0.9, 0.35, []),
        (0.1, 0.9, None, []),
    ],
)
def test_an_interval_without_0_and_a_bayes_factor_for_0_part(tmp_path, low, high, factor, expected):
    said = flags(column(tmp_path), judged=posterior(low=low, high=high, bayes_factor_10=factor))
    assert said == expected


def test_lost_stars(tmp_path):
    lost = column(tmp_path, rows=ROWS.replace("***", "unknown"))
    assert flags(lost) == ["stars unknown: lost in the scan"]


def test_synthetic_panels_are_called_so(tmp_path):
    one = column(tmp_path)
    real, made = (SimpleNamespace(synthetic=s, sha256="") for s in (False, True))
    assert flags(one, panel=real) == []
    assert flags(one, panel=made) == flags(one, "twin") == ["SYNTHETIC panel"]


def test_all_flags_of_one_coefficient_come_in_the_order_of_the_list(tmp_path):
    rows = "T1,1,x1,0.50,,5.00,unknown,,,,84,,y,\n"
    ols = reproducing(4.0, x1=(0.6, 0.3))
    one = column(
        tmp_path,
        rows=rows,
        least_squares=ols,
        design=design(83, clusters=True),
        assumption_flags={"x1": ("r",)},
        widening={"x1": Widening(1.0, 2.0, 5, 1.5)},
    )
    one = replace(one, with_effects=one, unjudged={"x1": "u"})
    said = flags(one, "twin", judged=posterior(sd=0.9))
    first = [text.split(":")[0].split(" ")[0] for text in said]
    assert first == [
        "judged", "not", "not", "standard", "sample", "judged", "few", "r", "prior-driven", "prior",
        "stars", "standard", "SYNTHETIC",
    ]  # fmt: skip
    assert len(FLAGS) == 22


def ensemble(mean, sd, low=None, high=None, again=None):
    mean, sd = np.array(mean, float), np.array(sd, float)
    low, high = (np.array(v, float) if v else mean + s * sd for v, s in ((low, -1.96), (high, 1.96)))
    return Ensemble(mean, sd, low, high, np.array(again if again else mean, float))


@pytest.mark.parametrize(("sd", "identified"), [(2.0**0.5, True), (1.415, True), (1.414, False)])
def test_more_than_half_of_the_variance_between_twins_is_not_identified(tmp_path, sd, identified):
    """Means -1 and 1 have the standard deviation sqrt 2."""
    printed = column(tmp_path).printed[0]
    over = ensemble([-1, 1], [sd, sd])
    assert over.share_between == pytest.approx(2 / (2 + sd**2))
    said = [
        f for f in twin_flags(over, printed, Claim(0.5)) if f.startswith("not identified by the tables: 50%")
    ]
    assert bool(said) is not identified


def test_twins_say_how_many_give_each_verdict_and_reproduce(tmp_path):
    printed = column(tmp_path).printed[0]
    over = ensemble([0.5] * 3, [1.0] * 3, [0.1, 0.1, -0.1], [0.9, 0.9, 0.9], [0.5, 0.5, 0.6])
    assert verdicts(over, Claim(0.5)) == {"holds": 2, "uncertain": 1}
    assert twin_flags(over, printed, Claim(0.5)) == [
        "holds in 2 of 3 panels", "uncertain in 1 of 3 panels", "reproduced in 2 of 3 twins",
    ]  # fmt: skip
    alike = ensemble([0.5] * 3, [1.0] * 3, [0.1] * 3, [0.9] * 3, [0.5] * 3)
    assert twin_flags(alike, printed, Claim(0.5)) == ["holds in 3 of 3 panels"]
    lost = ensemble([0.5] * 2, [1.0] * 2, [0.1] * 2, [0.9] * 2, [0.5, np.nan])
    assert twin_flags(lost, printed, Claim(0.5)) == ["holds in 2 of 2 panels"]
    assert twin_flags(None, printed, Claim(0.5)) == []
    assert twins_record(None, Claim(0.5)) is None
    assert {*(twins_record(over, Claim(0.5)) or {})} == {
        "n", "between_sd", "within_sd", "share_between", "lowest_mean", "highest_mean", "verdicts",
    }  # fmt: skip


def test_on_twins_the_estimate_that_prints_as_the_paper_s_is_the_reproduced_one(tmp_path):
    import xarray as xr

    drawn = tree({"x1": 0.5, "x2": -0.2})
    names = ("mean", "sd", "low", "high", "reproduced")
    for again, expected in (
        ((0.7, 0.5), (0.5, True)),
        ((0.7, 0.6), (0.7, False)),
        ((np.nan, 0.6), (None, None)),
    ):
        values = {name: (("twin", "term"), np.array([[v] for v in again])) for name in names}
        drawn["twins"] = xr.DataTree(xr.Dataset(values, {"term": ["x1"]}))
        one = column(tmp_path, tree=drawn)
        found = reproduced(one, one.printed[0])
        assert (found["estimate"], found["within_rounding"]) == expected
        assert found["std_error"] is None


def test_a_record_of_twins_says_how_far_they_differ():
    """Means 0.3, 0.5 and 0.7, each with sd 0.1: variance 0.04 between and 0.01 within, a share of 0.8."""
    mean = np.array([0.3, 0.5, 0.7])
    over = Ensemble(mean, np.full(3, 0.1), mean - 0.35, mean + 0.35, np.full(3, 0.5))
    assert twins_record(over, Claim(0.5)) == {
        "n": 3, "between_sd": pytest.approx(0.2), "within_sd": pytest.approx(0.1),
        "share_between": pytest.approx(0.8), "lowest_mean": 0.3, "highest_mean": 0.7,
        "verdicts": {"holds": 2, "uncertain": 1},
    }  # fmt: skip
