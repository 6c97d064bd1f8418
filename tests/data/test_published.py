"""Printed numbers: rounding arithmetic, and the transcriptions against facts of the papers."""

import pytest

import posterity as po
from posterity.data.published import NUMBERS, Printed, half_unit, within_rounding

from ..there import there


@pytest.mark.parametrize(
    ("text", "half"), [("0.205", 5e-4), ("12", 0.5), ("1.000", 5e-4), ("10.91", 5e-3), ("0.1", 0.05)]
)
def test_half_a_unit_of_the_last_place(text, half):
    assert half_unit(text) == pytest.approx(half, rel=1e-12)


def test_rounding_is_inclusive():
    assert within_rounding(0.2055, "0.205")
    assert within_rounding(0.2045, "0.205")
    assert not within_rounding(0.20551, "0.205")


def test_standard_error_from_t_keeps_both_roundings():
    printed = {p.id: p for p in po.load("bashlai-2026").file.published}
    low, high = there(printed["T5.6.RCY"].std_error_interval())  # -0.007 (-0.59)
    assert low == pytest.approx(0.0065 / 0.595)
    assert high == pytest.approx(0.0075 / 0.585)


def number(**text):
    text = {**dict.fromkeys(NUMBERS, ""), "estimate": "0.2", **text}
    return Printed(table="T1", column="1", term="x", stars="", outcome="", note="", text=text)


@pytest.mark.parametrize(
    "text", [{"t_value": "0.0"}, {"t_value": "-0.00"}, {"estimate": "0.000", "t_value": "2.1"}, {}]
)
def test_no_standard_error_where_rounding_hides_it(text):
    row = number(**text)
    assert (row.std_error_interval(), row.std_error, row.std_error_source) == (None, None, None)


def test_standard_error_of_an_interval_is_positive():
    low, high = number(ci_low="0.2", ci_high="0.2").std_error_interval()
    assert 0 < low < high == pytest.approx(0.05 / 1.959964, rel=1e-6)


# Cells read from the papers by eye, independent of the transcription.
LIU_LI = {
    "T3.sd.NqP": "0.067",
    "T3.max.Eco": "12.15",
    "T4.2.NqP": "0.205",
    "T4.6._cons": "0.705",
    "T5.1.NqP": "0.201",
    "T6.1.NqP": "0.193",
    "T7.1.NqP": "0.229",
    "T8.1.IV1": "15.706",
    "T8.3.Sargan_p": "0.1427",
    "T9.5.Pub": "2.182",
    "T11.Cp2.threshold1": "0.2511",
    "T11.Cp1.F1_crit1": "40.5052",
    "T12.1.NqP_regime3": "0.655",
}
BASHLAI = {
    "T3.max.RCY": "11.716",
    "T4.VIF.NQP": "2.811",
    "T5.4.NQP": "1.010",
    "T5.2.R2": "0.005",
    "T6.2.NQP": "0.438",
}


@pytest.mark.parametrize(("study", "cells"), [("liu-li-2025", LIU_LI), ("bashlai-2026", BASHLAI)])
def test_cells_of_the_papers(study, cells):
    printed = {p.id: p for p in po.load(study).file.published}
    assert {name: printed[name].text["estimate"] for name in cells} == cells


def test_tables_6_and_7_are_told_apart_by_n():
    printed = {p.id: p for p in po.load("liu-li-2025").file.published}
    assert (printed["T6.1.NqP"].n, printed["T7.1.NqP"].n) == (286, 330)


def test_adjusted_r2_recomputed_from_r2():
    """bashlai Table 5: 1 - (1 - R2)(n - 1)/(n - k - 1) prints as the paper's adjusted R2."""
    file = po.load("bashlai-2026").file
    printed = {p.id: p for p in file.published}
    for column in "3456":
        k = len(file.spec[f"T5.{column}"].parsed.terms)
        r2 = printed[f"T5.{column}.R2"].estimate
        adjusted = 1 - (1 - r2) * 109 / (110 - k - 1)
        assert abs(adjusted - printed[f"T5.{column}.adj_R2"].estimate) < 0.0055


def test_every_regression_column_has_a_specification():
    expected = {
        "liu-li-2025": [*(f"T4.{i}" for i in range(1, 7)),
                        *(f"T{t}.{i}" for t in (5, 6, 7) for i in (1, 2, 3)),
                        *(f"T8.{i}" for i in range(1, 5)), *(f"T9.{i}" for i in range(1, 7)),
                        "T10.RD-Cp", "T10.RD-Cp1", "T10.Pub-Cp", "T10.Pub-Cp2", "T11.Cp2", "T11.Cp1", "T12.1",
                        "T12.2"],
        "bashlai-2026": [*(f"T5.{i}" for i in range(1, 7)), "T6.1", "T6.2"],
    }  # fmt: skip
    for name, ids in expected.items():
        assert set(po.load(name).file.spec) == set(ids)


def test_indicator_directions():
    """Directions by the papers' counts: 43 and 18 indicators (two of trade in the text), burdens negative."""
    import pandas as pd

    for name, rows, negative in (("liu_li_2025", 43, 6), ("bashlai_2026", 18, 4)):
        folder = po.load(name.replace("_", "-")).file.published_path.parent
        table = pd.read_csv(folder / "indicators.csv", keep_default_na=False)
        assert len(table) == rows
        assert (table["direction"] == "-").sum() == negative
        assert set(table["direction"]) == {"+", "-"}
