"""Rounding intervals against numbers worked out by hand, and against random points inside."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posterity.data.intervals import Interval, total
from posterity.data.study.claims import Claim

ENDS = st.floats(-50, 50).map(lambda x: round(x, 3))
BOXES = st.tuples(ENDS, ENDS).map(lambda e: Interval(min(e), max(e)))


def test_printed_digits_give_half_a_unit_either_side():
    box = Interval.printed("0.205")
    assert (box.low, box.high) == pytest.approx((0.2045, 0.2055))
    assert Interval.printed("12") == Interval(11.5, 12.5)
    assert Interval.printed("-0.00") == Interval(-0.005, 0.005)


def test_liu_li_slope_over_its_error():
    # T4.5: 0.184 (0.059), by hand: 0.1835/0.0595 = 3.084, 0.1845/0.0585 = 3.154
    t = Interval.printed("0.184") / Interval.printed("0.059")
    assert (t.low, t.high) == pytest.approx((3.0840, 3.1538), abs=1e-4)


def test_division_by_an_interval_around_zero_is_the_whole_line():
    assert Interval(1, 2) / Interval(-1, 1) == Interval(-math.inf, math.inf)
    assert Interval(1, 2) / Interval(0, 2) == Interval(0.5, math.inf)


def test_square_is_not_the_product_with_itself():
    assert Interval(-1, 2).square() == Interval(0, 4)
    assert Interval(-1, 2) * Interval(-1, 2) == Interval(-2, 4)
    assert Interval(-1, 4).sqrt() == Interval(0, 2)
    with pytest.raises(ValueError, match="no square root"):
        Interval(-2, -1).sqrt()


def test_meeting():
    assert Interval(0, 1).meet(Interval(0.5, 2)) == Interval(0.5, 1)
    assert Interval(0, 1).meet(Interval(2, 3)) is None
    assert Interval(0, 0.1 + 0.2).meets(Interval(0.3, 1))
    assert not Interval(0, 0.299).meets(Interval(0.3, 1))
    assert total([Interval(0, 1), Interval(2, 3)]) == Interval(2, 4)
    with pytest.raises(ValueError, match="empty"):
        Interval(1, 0)


@given(BOXES, BOXES, st.floats(0, 1), st.floats(0, 1))
def test_results_hold_every_point(a, b, u, v):
    x, y = a.low + u * a.width, b.low + v * b.width
    for found, value in (
        (a + b, x + y),
        (a - b, x - y),
        (a * b, x * y),
        (abs(a), abs(x)),
        (a.square(), x * x),
    ):
        assert found.low - 1e-9 <= value <= found.high + 1e-9
    if not b.low <= 0 <= b.high and abs(y) > 1e-6:
        assert (a / b).low - 1e-6 <= x / y <= (a / b).high + 1e-6
    assert np.isclose((-a).low, -a.high)


def test_claims_are_complete():
    assert Claim(kind="maximum", of=["T4.VIF.*"], value="2.101", text="largest").value == "2.101"
    for keys, words in (
        ({"kind": "maximum", "of": ["a"]}, "needs 'value'"),
        ({"kind": "increasing", "of": ["a", "b"], "value": "1"}, "takes no 'value'"),
        ({"kind": "sign", "of": ["a"], "value": "1"}, "is '\\+' or '-'"),
        ({"kind": "ratio", "of": ["a"], "value": "1"}, "at least 2 cells"),
        ({"kind": "mean", "of": ["a"], "value": "about 2"}, "pattern"),
    ):
        with pytest.raises(ValueError, match=words):
            Claim.model_validate({"text": "x", **keys})
