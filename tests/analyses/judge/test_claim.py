"""Whether a printed coefficient claims an effect: by its own t, else by its stars."""

import pytest
from scipy import stats

from posterity.analyses.judge.claim import claim_of
from posterity.analyses.judge.verdict import Claim

from .stubs import SPECS, column, reproducing


def claims(folder, *rows):
    made = "".join(f"T1,1,{name},{numbers}\n" for name, numbers in zip(("x1", "x2"), rows, strict=False))
    one = column(folder, SPECS, made)
    return [claim_of(one, p) for p in one.printed]


@pytest.mark.parametrize(("estimate", "effect"), [(0.21, True), (-0.21, True), (0.19, False), (-0.19, False)])
def test_a_printed_error_decides_at_five_per_cent(tmp_path, estimate, effect):
    (found,) = claims(tmp_path, f"{estimate},0.10,,***,,,,84,,y,")
    assert found == Claim(estimate, effect)
    assert found.name == ("effect" if effect else "null")


def test_the_reference_is_the_columns_own(tmp_path):
    """|t| = 2.5: significant on many degrees of freedom, not on 4."""
    one = column(tmp_path, SPECS, "T1,1,x1,0.25,0.10,,,,,,84,,y,\n")
    assert claim_of(one, one.printed[0]).effect
    few = column(
        tmp_path, SPECS, "T1,1,x1,0.25,0.10,,,,,,84,,y,\n", least_squares=reproducing(df=4, x1=(0.25, 0.1))
    )
    assert stats.t.ppf(0.975, 4) > 2.5
    assert not claim_of(few, few.printed[0]).effect


def test_without_an_error_stars_decide_and_where_there_are_none_an_effect_is_claimed(tmp_path):
    both = claims(tmp_path / "a", "0.5,,,*,,,,84,,y,", "0.2,,,none,,,,84,,y,")
    assert [c.effect for c in both] == [True, False]
    blank = claims(tmp_path / "b", "0.5,,,*,,,,84,,y,", "0.2,,,,,,,84,,y,")
    assert [c.effect for c in blank] == [True, False]
    (alone,) = claims(tmp_path / "c", "0.5,,,,,,,84,,y,")
    assert alone.effect
    lost = claims(tmp_path / "d", "0.5,,,*,,,,84,,y,", "0.2,,,unknown,,,,84,,y,")
    assert lost[1].effect
