"""The rule of the verdicts: each word, each boundary, and the rule as data."""

import itertools
import json

import numpy as np
import pytest

from posterity.analyses.judge.verdict import RULE, VERDICTS, rule, toward_printed, verdict

ABOVE, BELOW = np.nextafter(0.5, 1), np.nextafter(0.5, 0)


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
        (0.0, 0.1, 0.2, "uncertain"),
        (0.0, -0.2, -0.1, "uncertain"),
        (np.nan, 0.1, 0.2, "uncertain"),
        (0.5, np.nan, np.nan, "uncertain"),
    ],
)
def test_words(published, low, high, expected):
    assert verdict(published, low, high) == expected


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        (0.1, 0.5, "holds"),  # the interval ends at the printed value
        (0.1, ABOVE, "holds"),
        (0.1, BELOW, "shrinks"),
        (0.5, 0.5, "holds"),
        (0.0, 0.5, "uncertain"),  # the interval ends at 0
        (5e-324, 0.5, "holds"),
        (-5e-324, 0.5, "uncertain"),
        (0.0, 0.4, "uncertain"),
        (5e-324, 0.4, "shrinks"),
        (-0.4, 0.0, "uncertain"),
        (-0.4, -5e-324, "reverses"),
        (-0.4, 5e-324, "uncertain"),
    ],
)
def test_boundaries_on_either_side_of_zero(sign, near, far, expected):
    low, high = sorted((sign * near, sign * far))
    assert verdict(sign * 0.5, low, high) == expected


def test_ends_are_measured_in_the_direction_of_print():
    assert toward_printed(2.0, -1.0, 3.0) == {"low": -1.0, "high": 3.0}
    assert toward_printed(-2.0, -1.0, 3.0) == {"low": -3.0, "high": 1.0}
    assert toward_printed(0.0, -1.0, 3.0) == {"low": 0.0, "high": 0.0}


def by_hand(published, low, high):
    """The rule in words, written without its table."""
    if published == 0 or low <= 0 <= high:
        return "uncertain"
    if (low > 0) != (published > 0):
        return "reverses"
    return "shrinks" if max(abs(low), abs(high)) < abs(published) else "holds"


def read_from_json(data, published, low, high):
    """As a script reads the rule that the page carries."""
    sign = (published > 0) - (published < 0)
    ends = dict(zip(("low", "high"), sorted((sign * low, sign * high)), strict=True))
    tests = {"<": float.__lt__, ">": float.__gt__, ">=": float.__ge__}
    for row in data["verdicts"]:
        if all(
            tests[c["relation"]](ends[c["end"]], c["times_printed"] * abs(published)) for c in row["when"]
        ):
            return row["verdict"]
    raise AssertionError


def test_the_rule_as_data_says_the_same():
    data = json.loads(json.dumps(rule()))
    grid = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
    for published, low, high in itertools.product(grid, repeat=3):
        if low <= high:
            expected = by_hand(published, low, high)
            assert verdict(published, low, high) == expected
            assert read_from_json(data, published, low, high) == expected


def test_every_verdict_of_the_rule_is_known():
    assert [name for name, _ in RULE] == ["holds", "shrinks", "reverses", "uncertain"]
    assert RULE[-1][1] == ()
    assert {*VERDICTS} == {name for name, _ in RULE} | {"not reproduced"}
