"""The rule of the verdicts: each word, each boundary, and the rule as data."""

import itertools
import json

import numpy as np
import pytest

from posterity.analyses.judge.verdict import (
    RULE,
    VERDICTS,
    Claim,
    precise,
    rule,
    toward_printed,
    under_two_laws,
    verdict,
)

TINY = 5e-324


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        (0.5, 0.3, 0.7, "holds"),
        (0.5, 0.6, 0.9, "holds"),
        (0.5, 0.1, 0.3, "shrinks"),
        (0.5, 0.9, 1.5, "grows"),
        (0.5, -0.1, 0.6, "uncertain"),
        (0.5, -0.1, 9.6, "uncertain"),
        (0.5, -0.6, -0.1, "reverses"),
        (-0.5, -0.7, -0.3, "holds"),
        (-0.5, -0.3, -0.1, "shrinks"),
        (-0.5, -1.5, -0.9, "grows"),
        (-0.5, 0.1, 0.2, "reverses"),
        (0.0, 0.1, 0.2, "uncertain"),
        (0.0, -0.2, -0.1, "uncertain"),
        (np.nan, 0.1, 0.2, "uncertain"),
        (0.5, np.nan, np.nan, "uncertain"),
    ],
)
def test_words_for_a_claimed_effect(published, low, high, expected):
    assert verdict(Claim(published), low, high) == expected


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        (0.5, -0.1, 0.6, "null stands"),
        (0.5, 0.0, 0.6, "null stands"),
        (0.5, -0.6, 0.0, "null stands"),
        (0.5, TINY, 0.6, "emerges"),
        (0.5, -0.6, -TINY, "emerges"),
        (-0.5, -0.6, -TINY, "emerges"),
        (-0.5, TINY, 0.6, "emerges"),
        (0.0, -0.1, 0.1, "null stands"),
        (0.0, 0.1, 0.2, "emerges"),
        (0.0, -0.2, -0.1, "emerges"),
    ],
)
def test_words_for_a_claimed_null(published, low, high, expected):
    assert verdict(Claim(published, effect=False), low, high) == expected


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        (0.25, 0.25, "holds"),  # the middle is half of the printed value
        (0.25 - 1e-15, 0.25 - 1e-15, "shrinks"),
        (1.0, 1.0, "holds"),  # the middle is its double
        (1.0 + 1e-15, 1.0 + 1e-15, "grows"),
        (0.0, 0.5, "uncertain"),  # the interval ends at 0
        (TINY, 0.5, "holds"),
        (-TINY, 0.5, "uncertain"),
        (TINY, 0.4, "shrinks"),
        (-0.4, 0.0, "uncertain"),
        (-0.4, -TINY, "reverses"),
        (-0.4, TINY, "uncertain"),
    ],
)
def test_boundaries_on_either_side_of_zero(sign, near, far, expected):
    low, high = sorted((sign * near, sign * far))
    assert verdict(Claim(sign * 0.5), low, high) == expected


def test_points_are_measured_in_the_direction_of_print():
    assert toward_printed(Claim(2.0), -1.0, 3.0) == {"low": -1.0, "middle": 1.0, "high": 3.0}
    assert toward_printed(Claim(-2.0), -1.0, 3.0) == {"low": -3.0, "middle": -1.0, "high": 1.0}
    assert toward_printed(Claim(0.0), -1.0, 3.0) == {"low": 0.0, "middle": 0.0, "high": 0.0}
    assert toward_printed(Claim(0.0, False), -1.0, 3.0) == {"low": -1.0, "middle": 1.0, "high": 3.0}


def test_a_null_is_precise_strictly_within_a_tenth_on_both_sides():
    assert precise(-0.0999, 0.0999, 1.0)
    assert not precise(-0.1, 0.05, 1.0)
    assert not precise(-0.05, 0.1, 1.0)
    assert precise(-0.1, 0.15, 2.0)
    assert not precise(0.0, 0.0, None)


def by_hand(claim, low, high):
    """The rule in words, written without its table."""
    zero = low <= 0 <= high
    if not claim.effect:
        return "null stands" if zero else "emerges"
    if claim.published == 0 or zero:
        return "uncertain"
    if (low > 0) != (claim.published > 0):
        return "reverses"
    size = abs((low + high) / 2 / claim.published)
    return "shrinks" if size < 0.5 else "grows" if size > 2 else "holds"


def read_from_json(data, claim, low, high):
    """As a script reads the rule that the page carries."""
    sign = (claim.published > 0) - (claim.published < 0) or int(not claim.effect)
    near, far = sorted((sign * low, sign * high))
    points = {"low": near, "middle": (near + far) / 2, "high": far}
    tests = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}
    for row in data[claim.name]:
        if all(
            tests[c["relation"]](points[c["point"]], c["times_printed"] * abs(claim.published))
            for c in row["when"]
        ):
            return row["verdict"]
    raise AssertionError


def test_the_rule_as_data_says_the_same():
    data = json.loads(json.dumps(rule()))
    grid = (-2.0, -1.0, -0.5, -0.125, 0.0, 0.125, 0.5, 1.0, 2.0)
    for effect, published, low, high in itertools.product((True, False), grid, grid, grid):
        if low <= high:
            claim = Claim(published, effect)
            expected = by_hand(claim, low, high)
            assert verdict(claim, low, high) == expected
            assert read_from_json(data, claim, low, high) == expected


def test_every_verdict_of_the_rule_is_known():
    names = {name for rows in RULE.values() for name, _ in rows}
    assert [rows[-1][1] for rows in RULE.values()] == [(), ()]
    assert {*VERDICTS} == names | {"not reproduced"}


@pytest.mark.parametrize(
    ("effect", "first", "second", "expected"),
    [
        (True, (0.3, 0.7), (0.1, 0.2), "holds"),  # the size is the first law's
        (True, (0.3, 0.7), (-0.1, 0.7), "uncertain"),
        (True, (-0.1, 0.7), (0.3, 0.7), "uncertain"),
        (True, (0.3, 0.7), (-0.7, -0.3), "uncertain"),
        (True, (-0.7, -0.3), (-0.2, -0.1), "reverses"),
        (True, (-0.1, 0.7), (-0.2, 0.1), "uncertain"),
        (False, (0.3, 0.7), (0.1, 0.2), "emerges"),
        (False, (0.3, 0.7), (-0.7, -0.3), "null stands"),
        (False, (0.3, 0.7), (0.0, 0.2), "null stands"),
        (False, (-0.3, 0.7), (-0.1, 0.2), "null stands"),
    ],
)
def test_two_laws_must_settle_one_sign(effect, first, second, expected):
    assert under_two_laws(Claim(0.5, effect), first, second) == expected
