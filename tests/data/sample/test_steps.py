"""Transformations against hand computation and SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats.mstats import winsorize

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.outline import Outline
from posterity.data.sample.steps import apply_steps, linear
from posterity.data.sample.steps.select import kept_group
from posterity.data.study.spec import Spec, Step


@pytest.fixture
def panel():
    frame = pd.DataFrame(
        {
            "city": list("aaaabbbb"),
            "year": [1, 2, 3, 4] * 2,
            "x": [1.0, np.nan, 3.0, np.nan, 10.0, 20.0, np.nan, 50.0],
        }
    )
    return Panel.of(frame, entity="city", time="year", source="test")


def values(panel, step):
    after, notes = apply_steps(panel, [step], ["x"])
    return after.frame["x"].to_numpy(), notes[0]


def test_interpolation_fills_inner_gaps_only_and_is_flagged(panel):
    got, note = values(panel, Step(interpolate=True))
    np.testing.assert_allclose(got, [1, 2, 3, np.nan, 10, 20, 35, 50])
    assert note.startswith("INTERPOLATED: 2 ")


def test_lag_stays_within_entities(panel):
    got, _ = values(panel, Step(lag={"x": 1}))
    np.testing.assert_allclose(got, [np.nan, 1, np.nan, 3, np.nan, 10, 20, np.nan])


def test_lag_over_a_gap_in_time_is_missing():
    frame = pd.DataFrame({"c": list("aabb"), "t": [1, 3, 1, 2], "x": [1.0, 2.0, 3.0, 4.0]})
    after, _ = apply_steps(Panel.of(frame, entity="c", time="t", source="test"), [Step(lag={"x": 1})], ["x"])
    np.testing.assert_allclose(after.frame["x"], [np.nan, np.nan, np.nan, 3.0])


def test_standardise(panel):
    got, _ = values(panel, Step(standardise=True))
    assert np.nanmean(got) == pytest.approx(0)
    assert np.nanstd(got, ddof=1) == pytest.approx(1)


def test_winsorise_agrees_with_scipy_at_whole_ranks():
    x = np.random.default_rng(0).normal(size=101)
    frame = pd.DataFrame({"c": ["a"] * 51 + ["b"] * 50, "t": [*range(51), *range(50)], "x": x})
    panel = Panel.of(frame, entity="c", time="t", source="test")
    after, _ = apply_steps(panel, [Step(winsorise=(0.05, 0.95))], ["x"])
    np.testing.assert_allclose(after.frame["x"], winsorize(x, limits=(0.05, 0.05)))


def test_drop_and_keep(panel):
    for step in (Step(drop={"city": ["a"]}), Step(keep={"city": "b"})):
        after, _ = apply_steps(panel, [step], ["x"])
        assert set(after.frame["city"]) == {"b"}
    with pytest.raises(InputError, match=r"never holds 'B'.*Did you mean 'b'"):
        apply_steps(panel, [Step(drop={"city": ["B"]})], ["x"])


def test_listwise_deletion_is_reported_by_row(frame):
    frame.loc[[3, 10], "x1"] = np.nan
    frame.index += 2
    panel = Panel.of(frame, entity="city", time="year", source="test")
    design = build_design(panel, Spec(formula="y ~ x1 + x2 | city + year"))
    assert design.dropped == (5, 12)
    assert design.n == len(frame) - 2


@pytest.mark.parametrize("step", [Step(standardise=True), Step(winsorise=(0.1, 0.9)), Step(interpolate=True)])
def test_a_key_among_the_regressors_stays_a_key(frame, step):
    panel = Panel.of(frame, entity="city", time="year", source="test")
    design = build_design(panel, Spec(formula="y ~ x1 + year | city", steps=[step]))
    same = build_design(
        Panel.of(frame.assign(trend=frame["year"]), entity="city", time="year", source="test"),
        Spec(formula="y ~ x1 + trend | city", steps=[step]),
    )
    assert design.times == tuple(range(2000, 2007))
    np.testing.assert_array_equal(design.X, same.X)
    np.testing.assert_array_equal(design.time, same.time)


def test_winsorising_says_how_many_values_it_pulls_in(panel):
    """Of 1, 3, 10, 20 and 50 the quantiles 0.25 and 0.75 are 3 and 20, outside which two values lie."""
    got, note = values(panel, Step(winsorise=(0.25, 0.75)))
    np.testing.assert_allclose(got, [3, np.nan, 3, np.nan, 10, 20, np.nan, 20])
    assert note == "winsorised at 0.25 and 0.75: 2 values pulled in"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], True),
        ([Step(keep={"city": "b"})], True),
        ([Step(drop={"city": "b"}), Step(lag={"x": 1}), Step(interpolate=True)], True),
        ([Step(standardise=True)], False),
        ([Step(keep={"city": "b"}), Step(winsorise=(0.1, 0.9))], False),
    ],
)
def test_steps_by_each_variable_s_distribution_break_linear_relations(steps, expected):
    assert linear(steps) is expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], None),
        ([Step(keep={"region": "east"})], ("region", "east")),
        ([Step(interpolate=True), Step(keep={"size": 2})], ("size", "2")),
        ([Step(keep={"region": "east"}), Step(interpolate=True)], None),
        ([Step(keep={"region": ["east", "west"]})], None),
        ([Step(keep={"region": "east", "size": 2})], None),
        ([Step(drop={"region": "east"})], None),
    ],
)
def test_a_subsample_is_one_group_that_the_last_step_keeps(steps, expected):
    assert kept_group(steps) == expected


def test_of_an_unknown_sample_only_the_names_of_its_columns_are_known():
    unknown = Outline("city", "year", ("a",), 0, range(2), groups={"region": {"a": "east"}}).unknown()
    assert (unknown.entity, unknown.time) == ("city", "year")
    assert [unknown.count(name) for name in ("city", "year", "region")] == [None] * 3
