"""The audit of Liu and Li against arithmetic done here, from digits typed from the paper's tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.audit import audit

from .findings import one

# Liu and Li (2025), Tables 4 to 7 and 9: estimate, standard error and stars, typed from the columns with
# fixed effects.
CELLS = """
.205 .041 2|-.030 .013 0|.114 .157 0|-.005 .017 0|.135 .064 0|.353 .306 0|.002 .026 0|.028 .171 0|.024 .029 0
.387 .120 2|.170 .078 0|.070 .535 0|.038 .008 2|-.070 .009 3|.221 .145 0|-.040 .002 2|.431 .080 2|\
.092 .052 0|.705 .121 3
.201 .025 3|.862 .239 2|.242 .061 2|.134 .554 0|.067 .021 2|1.072 .241 2
.193 .047 2|.145 .268 0|.312 .093 2|-.568 .467 0|.046 .013 2|1.035 .139 3
.229 .056 2|.238 .254 0|.402 .094 2|-.001 .456 0|.059 .014 2|.609 .199 1
2.949 1.817 0|.131 .019 3|.034 .006 2|.252 .246 0|.231 .043 2|.049 .004 3|-.076 .445 0|.023 .008 1|.260 .064 2
.156 .038 2|2.182 .528 2|-.214 .259 0|-.015 .020 0|2.344 .191 3|.097 .044 0
""".replace("\n", "|").split("|")  # fmt: skip


@pytest.fixture(scope="module")
def liu():
    return audit(po.load("liu-li-2025"))


def possible(df):
    """Cells whose printed stars t(df) can give with estimate and error anywhere in their rounding boxes."""
    count = 0
    for cell in filter(None, CELLS):
        e, s, stars = map(float, cell.split())
        ends = [(abs(e) - 5e-4) / (s + 5e-4), (abs(e) + 5e-4) / (s - 5e-4)]
        low, high = (sum(2 * stats.t.sf(t, df) < p for p in (0.1, 0.05, 0.01)) for t in ends)
        count += low <= stars <= high
    return count


def test_stars_of_the_effects_columns_need_three_degrees_of_freedom(liu):
    by_hand = {df: possible(df) for df in (1, 2, 3, 4, 5, 10, 29, 283)}
    assert max(by_hand, key=lambda df: by_hand[df]) == 3
    assert by_hand[3] == 51
    assert len(list(filter(None, CELLS))) == 52
    f = one(liu, "implied_df", "T4.2.NqP", "T5.1.NqP", "T6.1.NqP", "T7.1.NqP", "T9.2.NqP")
    assert (f.value, f.status) == (3, "only_if")
    assert len(f.where) == 52
    assert f"{by_hand[3]} with t(3); {by_hand[4]} with t(4); {by_hand[5]} with t(5)" in f.arithmetic


def test_groups_of_one_table_are_told_apart_by_their_columns(liu):
    """T4 has pooled columns (1, 3 and 5) and columns with effects, whose stars fit another distribution."""
    plain, clustered = one(liu, "implied_df", "T4.1.NqP"), one(liu, "implied_df", "T4.2.NqP")
    assert plain.statement.startswith(
        "T4.1, T4.3 and T4.5: the stars fit the residual degrees of freedom of the columns"
    )
    assert clustered.statement.startswith("T4.2, T4.4, T4.6, T5, T6, T7 and T9: ")
    assert one(liu, "implied_df", "T8.4.NqP").statement.startswith("T8: ")


def test_one_cell_cannot_have_its_stars(liu):
    # T4.6 Eco: -0.040 (0.002), two stars; even (0.0395/0.0025) = 15.8 has p < 0.01 under t(3)
    assert 2 * stats.t.sf(0.0395 / 0.0025, 3) < 0.01
    found = [f for f in liu if f.rule == "stars" and f.status == "impossible"]
    assert [f.where for f in found] == [("T4.6.Eco",)]
    assert "scan error" in found[0].statement


def test_instrument_and_threshold_tables_exclude_three_degrees_of_freedom(liu):
    # T8.4: 0.082 (0.037), **: at most 0.0825/0.0365 = 2.26 < 3.18, the 5% point of t(3).
    assert stats.t.ppf(0.975, 3) > 0.0825 / 0.0365
    assert "so do 10 or more" in one(liu, "implied_df", "T8.4.NqP").statement
    # T12.2: 0.114 (0.028), ***: at most 0.1145/0.0275 = 4.16 < 5.84
    assert stats.t.ppf(0.995, 3) > 0.1145 / 0.0275
    assert "so do 5 or more" in one(liu, "implied_df", "T12.2.NqP_regime2").statement
    assert (
        "exclude the few clusters"
        in one(liu, "claim", "T8.4.NqP", "T12.2.NqP_regime2", status="only_if").statement
    )


def test_simple_r2_is_adjusted(liu):
    # T4.5: 0.184 (0.059), N 330, R2 0.026. R2 = t2/(t2 + 328) lies in 0.0282 to 0.0294; the adjusted R2 lies
    # in 0.0252 to 0.0265.
    ends = [t * t / (t * t + 328) for t in (0.1835 / 0.0595, 0.1845 / 0.0585)]
    assert min(ends) > 0.0265
    less = [1 - (1 - r) * 329 / 328 for r in ends]
    assert less[0] < 0.0265
    assert less[1] > 0.0255
    assert one(liu, "r2_t", "T4.5.NqP", "T4.5.R2").status == "only_if"
    assert one(liu, "r2_t", "T4.1.NqP", "T4.1.R2").status == "consistent"


def test_threshold_columns_have_another_r2(liu):
    # T12.1 holds every regressor of T4.4 and more, same N: 0.926 < 0.990; T12.2 against T4.6: 0.657 < 0.970
    assert one(liu, "nested_r2", "T4.4.R2", "T12.1.R2").status == "only_if"
    assert one(liu, "nested_r2", "T4.6.R2", "T12.2.R2").status == "only_if"


def test_common_prosperity_is_a_weighted_sum(liu):
    # rows of T3 and T4: whole, first, second; least squares on the printed digits
    rows = np.array([
        [0.230, 0.207, 0.258], [1.000, 1.655, 0.184], [0.205, 0.339, 0.038], [0.114, 0.028, 0.221],
        [0.407, 0.387, 0.431], [0.135, 0.170, 0.092], [0.353, 0.070, 0.705],
    ])  # fmt: skip
    w, *_ = np.linalg.lstsq(rows[:, 1:], rows[:, 0])
    assert np.abs(rows[:, 1:] @ w - rows[:, 0]).max() < 0.002
    f = one(liu, "weighted_sum", "T4.1.NqP", "T4.4.Tax", "T8.2.NqP")
    assert f.value == pytest.approx(w[0], abs=0.002)
    assert w.sum() == pytest.approx(1, abs=0.002)
    assert "add up to 1" in f.statement
    # winsorised: 0.555 * 0.402 + 0.445 * 0.059 = 0.249, printed 0.229
    assert one(liu, "weighted_sum", "T7.1.NqP").status == "only_if"


def test_the_two_halves_of_prosperity_are_negatively_correlated(liu):
    w1, w2 = 0.5548, 0.4450
    r = (0.078**2 - (w1 * 0.145) ** 2 - (w2 * 0.073) ** 2) / (2 * w1 * w2 * 0.145 * 0.073)
    f = one(liu, "correlation", "T3.sd.Cp", "T3.sd.Cp1", "T3.sd.Cp2")
    assert f.value == pytest.approx(r, abs=0.01)
    assert r == pytest.approx(-0.28, abs=0.01)


def test_mediation_adds_up_and_exceeds_the_total(liu):
    # T9.2: 0.131 + 2.171 * 0.034 = 0.2048, and the total T4.2 is 0.205.
    # T9.6: -0.015 + 0.023 * 2.344 = 0.0389, and the total T4.6 is 0.038.
    assert abs(0.131 + 2.171 * 0.034 - 0.205) < 0.001
    assert one(liu, "mediation_identity", "T9.2.NqP", "T9.1.NqP", "T4.2.NqP").status == "consistent"
    f = one(liu, "mediation_identity", "T9.6.NqP", "T4.6.NqP", status="only_if", words="T10")
    assert f.value == pytest.approx(((-0.07285 + 0.04237) / -2 + 0.038) / 0.038, abs=0.02)
    assert f.value > 1
    assert not [x for x in liu if x.rule == "mediation_identity" and x.status == "impossible"]


def test_bootstrap_intervals_are_wider_than_the_printed_errors(liu):
    ratios = [
        (0.23411 - 0.02769) / 2 / 1.959964 / 0.019, (0.39750 - 0.06548) / 2 / 1.959964 / 0.043,
        (0.25041 - 0.06083) / 2 / 1.959964 / 0.038, (0.04237 + 0.07285) / 2 / 1.959964 / 0.020,
    ]  # fmt: skip
    f = one(liu, "interval", "T10.RD-Cp.direct", "T9.2.NqP", "T10.Pub-Cp2.direct")
    assert f.value == pytest.approx(max(ratios), rel=1e-3)
    assert f"{min(ratios):.1f} to {max(ratios):.1f} times" in f.statement
    # the same coefficient has ** in T10 and *** in T9
    assert one(liu, "interval", "T10.RD-Cp.direct", "T9.2.NqP", words="different stars").status == "only_if"
    # indirect, RD to Cp: Sobel's error 0.0336, the interval's (0.11311 - 0.03497)/3.92 = 0.0199
    sobel = math.hypot(2.171 * 0.006, 0.034 * 0.911)
    assert one(liu, "interval", "T10.RD-Cp.indirect").value == pytest.approx(
        (0.11311 - 0.03497) / 3.919928 / sobel, rel=1e-3
    )


def test_constants_with_effects_belong_to_a_base_category(liu):
    b = np.array([0.205, -0.030, 0.114, -0.005, 0.407, 0.135])
    means = np.array([0.121, 7.601, 0.608, 10.91, 0.083, 0.389])
    slack = 0.0005 * (1 + np.abs(means).sum() + np.abs(b).sum()) + 0.0045 * 0.005
    assert abs(0.230 - b @ means - 0.353) > slack
    assert one(liu, "through_means", "T4.2._cons").status == "only_if"


def test_instrumented_error_is_smaller_than_the_plain_one(liu):
    assert one(liu, "instrument", "T8.2.NqP", "T4.2.NqP").value == pytest.approx(0.032 / 0.041)
    assert not [f for f in liu if f.rule == "instrument" and "T8.3.NqP" in f.where]  # 0.084 > 0.076
    # F of two instruments from their t: (t1^2 + t2^2 - 2 r t1 t2)/(2 (1 - r^2)) is 78.79 at r = -0.37
    t1, t2, r = 15.706 / 1.773, 0.257 / 0.052, -0.3726
    assert (t1**2 + t2**2 - 2 * r * t1 * t2) / (2 * (1 - r**2)) == pytest.approx(78.79, abs=0.2)
    assert "-0.37" in one(liu, "first_stage", "T8.1.F").arithmetic


def test_shared_indicators(liu):
    assert "Forest Coverage" in one(liu, "shared_indicators", "T4.6", words="Cp2 and NqP").statement
    for words, column in (
        ("RD (", "T9.3"),
        ("Pub (", "T9.6"),
        ("Eco (", "T4.2"),
        ("IV1 (", "T8.2"),
        ("IV2 (", "T8.2"),
    ):
        assert one(liu, "shared_indicators", column, words=words).status == "only_if"


def test_claims_of_liu_li(liu):
    assert "winsorised" in one(liu, "claim", "T7.1.NqP", words="trimmed").statement
    assert one(liu, "claim", words="highly trained people").status == "impossible"
    # T4.5: 0.184 (0.059): p < 0.05 under t(328), p > 0.05 under t(3)
    assert stats.t.ppf(0.975, 3) > 0.1845 / 0.0585
    assert one(liu, "claim", "T4.5.NqP", words="5% at least").status == "only_if"
    assert (
        one(liu, "claim", "T12.1.NqP_regime1", "T12.1.NqP_regime3", words="regime to regime").status
        == "consistent"
    )


def test_sample_sizes(liu):
    assert [f.value for f in liu if f.rule == "sample_size"][:3] == [30 * 11, 26 * 11, 30 * 10]
    assert {f.status for f in liu if f.rule in ("sample_size", "bounds", "threshold")} == {"consistent"}
