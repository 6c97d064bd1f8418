"""Hansen's estimator against the facts of his own data, and against least squares on every candidate."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design
from posterity.data.study.spec import Spec
from posterity.models.frequentist import hansen
from posterity.models.frequentist.hansen import intervals, scale_of_f, search
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.thresholds.regimes import Regimes, regime_design, regimes, room, thinned

from ..threshold_panels import panel

Firms = tuple[Design, np.ndarray]


@pytest.fixture(scope="module")
def firms(shared) -> Firms:
    """565 US firms, 1974 to 1987: the data of Hansen (1999)."""
    frame = pd.read_csv(shared("hansen1999.csv"))
    frame.index += 1
    whole = Panel.of(frame, entity="id", time="year", source="hansen1999.csv")
    design = build_design(whole, Spec(formula="i ~ q1 + q2 + q3 + d1 + qd1 + c1 | id"))
    return design, whole.frame["d1"].to_numpy(float)


@pytest.fixture(scope="module")
def grid(firms: Firms) -> Regimes:
    return regimes(*firms, "c1", "d1", share=0.01, grid=400)


# Computed by the maker of the data's README with plain least squares on Hansen's 400-point grid.
def test_search_gives_the_facts_of_hansens_data(grid) -> None:
    found = search(grid, 3)
    np.testing.assert_allclose(found.sse, [17.86110, 17.78165, 17.72513, 17.71202], atol=6e-6)
    np.testing.assert_allclose(found.f, [32.82, 23.42, 5.44], atol=5e-3)
    assert found.scale == 7345
    np.testing.assert_allclose(found.thresholds[0], [0.0157])
    np.testing.assert_allclose(found.thresholds[1], [0.0157, 0.54072])
    np.testing.assert_allclose(found.thresholds[2][2], 0.1396, atol=5e-5)


def test_all_candidates_move_the_second_threshold_only(firms: Firms) -> None:
    found = search(regimes(*firms, "c1", "d1", share=0.01), 2)
    np.testing.assert_allclose(found.thresholds[1], [0.0157, 0.54003])
    np.testing.assert_allclose(found.f, [32.82, 24.0], atol=0.02)


def test_likelihood_ratio_intervals_of_hansens_data(grid) -> None:
    found = search(grid, 2)
    (first,) = intervals(grid, found, 1)
    assert (round(first.low, 4), round(first.high, 4)) == (0.0145, 0.0181)
    second = intervals(grid, found, 2)[1]
    assert (round(second.low, 2), round(second.high, 2)) == (0.52, 0.91)
    assert first.cut == pytest.approx(7.3523, abs=1e-4)  # Hansen (1999), table 1 of the limit law: 7.35


def test_slopes_errors_and_regimes_of_hansens_data(grid) -> None:
    design = regime_design(grid, search(grid, 2).thresholds[1])
    names = [f"c1_regime{j}" for j in (1, 2, 3)]
    columns = [design.terms.index(name) for name in names]
    assert [int((np.searchsorted([0.0157, 0.54072], grid.q) == j).sum()) for j in range(3)] == [
        966,
        6418,
        526,
    ]
    conventional, white = least_squares(design, "iid"), least_squares(design, "hetero")
    np.testing.assert_allclose(conventional.coef[columns], [0.0593, 0.0930, 0.0385], atol=5e-5)
    np.testing.assert_allclose(conventional.std_error[columns], [0.0054, 0.0054, 0.0112], atol=5e-5)
    # White's own errors have no small-sample factor n / (n - k); linearmodels' have
    without = white.std_error[columns] * np.sqrt(white.df / white.n)
    np.testing.assert_allclose(without, [0.0131, 0.0105, 0.0280], atol=5e-5)


@pytest.mark.parametrize(
    ("name", "p", "critical"),
    [
        ("hansen", (0.0, 0.012), (12.5, 17.0)),  # about 0.003 and 14
        ("normal", (0.05, 0.12), (33.0, 43.0)),  # 0.08 and 35 to 38
        ("rademacher", (0.05, 0.16), (31.0, 41.0)),  # 0.14
    ],
)
def test_bootstraps_disagree_on_hansens_data(grid, name, p, critical) -> None:
    """One threshold, 300 repetitions: which bootstrap is taken decides what is concluded."""
    test = hansen.bootstrap_test(grid, 1, name, 300, seed=1)
    assert test.f == pytest.approx(32.82, abs=0.005)
    assert p[0] <= test.p_value <= p[1]
    assert critical[0] <= test.critical[1] <= critical[1]


def test_xthreg_scales_f_by_rows_less_periods(firms: Firms) -> None:
    """Stata's xthreg prints 35.2 on these data, which is rows less periods (7,896), to 0.2%."""
    found = search(regimes(*firms, "c1", "d1", share=0.01, grid=400), 1, scale="xthreg")
    assert found.scale == scale_of_f(firms[0], "xthreg") == 7896
    assert found.f[0] == pytest.approx(35.20, rel=3e-3)


def _sse(design: Design) -> float:
    fit = least_squares(design)
    return (1 - fit.r2) * float(((design.y - design.y.mean()) ** 2).sum())


@pytest.mark.parametrize("effects", ["entity", "time", "both", "neither"])
@pytest.mark.parametrize("gaps", [False, True])
def test_search_is_least_squares_on_every_candidate(effects, gaps) -> None:
    """One threshold, and two given the first, by linearmodels on one design after another."""
    design, q = panel(effects=effects, gaps=gaps)
    found = regimes(design, q, "x0", "q", share=0.2)
    result = search(found, 2)
    one = {value: _sse(regime_design(found, np.array([value]))) for value in found.candidates}
    first = min(one, key=lambda value: one[value])
    assert result.thresholds[0][0] == first
    np.testing.assert_allclose(result.sse[:2], [_sse(design), one[first]], rtol=1e-9)

    def best(other: float) -> tuple[float, float]:
        pairs = [
            np.sort([other, value])
            for value, rows in zip(found.candidates, found.below, strict=True)
            if abs(rows - found.below[found.candidates == other][0]) >= found.least
        ]
        errors = [_sse(regime_design(found, pair)) for pair in pairs]
        low, high = pairs[int(np.argmin(errors))]
        return float(low if high == other else high), min(errors)

    second, _ = best(first)
    refined, least = best(second)
    np.testing.assert_allclose(result.thresholds[1], [refined, second])
    assert result.sse[2] == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("bootstrap", ["hansen", "normal", "rademacher"])
def test_size_of_the_test_under_the_null(bootstrap) -> None:
    """Independent normal errors and no threshold: each bootstrap rejects at 10% about as often as it says."""
    design, q = panel(entities=25, times=6, change=0.0, seed=3)
    rng = np.random.default_rng(5)
    p = []
    for seed in range(120):
        drawn = replace(design, y=design.X.sum(axis=1) + rng.normal(size=design.n))
        p.append(hansen.bootstrap_test(regimes(drawn, q, "x0", "q", grid=25), 1, bootstrap, 99, seed).p_value)
    assert 0.02 <= np.mean(np.array(p) <= 0.1) <= 0.2


def test_one_seed_one_answer() -> None:
    found = regimes(*panel(), "x0", "q")
    first, again, other = (hansen.bootstrap_test(found, 2, "hansen", 50, seed=s).sample for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_candidates_leave_every_regime_its_share() -> None:
    design, q = panel(gaps=True)
    found = regimes(design, q, "x0", "q", share=0.2)
    assert found.least == int(np.ceil(0.2 * design.n))
    assert room(found) == design.n // found.least - 1
    for pair in combinations(range(len(found.candidates)), 2):
        sizes = np.bincount(np.searchsorted(found.candidates[list(pair)], q), minlength=3)
        assert found.admissible(np.array([pair]))[0] == (sizes >= found.least).all()


def test_fewer_candidates_keep_the_likely_ones_and_the_prior() -> None:
    found = regimes(*panel(), "x0", "q")
    m = len(found.candidates)
    likely = np.where(np.arange(m) == 5, 0.9, 0.1 / m)
    few, share = thinned(found, 8, likely, np.ones(m))
    assert len(few.candidates) == 8
    assert {found.candidates[i] for i in (0, 5, m - 1)} <= set(few.candidates)
    assert share.sum() == m
    whole, ones = thinned(found, m, likely, np.ones(m))
    assert whole is found
    assert (ones == 1).all()


def test_bad_input_is_one_sentence() -> None:
    design, q = panel()
    gap = np.where(np.arange(len(q)) == 3, np.nan, q)
    cases = [
        (np.full(len(q), 0.3), 1, r"'q' is constant \(0\.3\)"),
        (gap, 1, rf"'q' is missing in 1 of {design.n} rows, first in {design.rows[3]}"),
        ((q > 0) * 1.0, 2, r"1 candidate values .* room for 1 of the 2 thresholds"),
        ((np.arange(len(q)) == 0) * 1.0, 1, "0 candidate values .* room for 0 of the 1 threshold"),
    ]
    for values, thresholds, message in cases:
        with pytest.raises(InputError, match=message) as caught:
            regimes(design, values, "x0", "q", thresholds=thresholds)
        assert str(caught.value).count(". ") == 0
    found = regimes(design, q, "x0", "q")
    with pytest.raises(InputError, match="regime would be empty"):
        regime_design(found, np.array([q.max() + 1]))
    with pytest.raises(InputError, match="'x9' is not a regressor"):
        regimes(design, q, "x9", "q")
