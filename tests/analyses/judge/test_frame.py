"""What a notebook shows of the comparison: a row an estimate, numbers short, nothing where there is none."""

import re

import pytest

from posterity.analyses.judge.frame import COLUMNS, _row, compare, frame_of
from posterity.analyses.judge.records import estimates

from .stubs import column, fit_of

RECORD = {
    "id": "T1.1.x1", "published_estimate": 0.5, "published_std_error": 0.12345, "published_stars": "***",
    "posterior_mean": 0.41234, "posterior_q2.5": 0.3, "posterior_q97.5": 0.51239, "with_effects_mean": None,
    "with_effects_q2.5": None, "with_effects_q97.5": None, "judged_q2.5": 0.25,
    "judged_q97.5": 0.55, "verdict": "holds", "flags": "SYNTHETIC panel",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({}, 0, "T1.1.x1"),
        ({}, 1, "0.5*** (0.123)"),
        ({"published_stars": "unknown"}, 1, "0.5 (0.123)"),
        ({"published_stars": None}, 1, "0.5 (0.123)"),
        ({"published_std_error": None}, 1, "0.5***"),
        ({"published_std_error": float("nan")}, 1, "0.5***"),
        ({}, 2, "0.412 [0.3, 0.512]"),
        ({}, 3, ""),
        (
            {"with_effects_mean": 0.1, "with_effects_q2.5": -0.2, "with_effects_q97.5": 0.4},
            3,
            "0.1 [-0.2, 0.4]",
        ),
        ({}, 4, "[0.25, 0.55]"),
        ({}, 5, "holds"),
        ({"verdict": None}, 5, "stopped"),
        ({}, 6, "SYNTHETIC panel"),
    ],
)
def test_cells_of_a_row(changes, place, text):
    assert _row(RECORD | changes)[place] == text


def test_a_notebook_shows_every_estimate_under_its_headings(tmp_path):
    shown = compare(fit_of(column(tmp_path)))
    html = shown._repr_html_()
    headings = re.findall(r"<th[^>]*>(.*?)</th>", html)
    assert headings == list(COLUMNS)
    assert [name for name in ("T1.1.x1", "T1.1.x2", "T1.1._cons") if name in html] == list(shown["id"])
    assert f"3 estimates, {shown.shape[1]} columns" in html
    assert shown.attrs == {"study": "mine", "evidence": fit_of(column(tmp_path)).evidence_label}


def test_what_twins_add_stands_in_columns_of_its_own(tmp_path):
    (first, *others) = estimates(fit_of(column(tmp_path)))
    twins = {"n": 20, "between_sd": 0.1, "share_between": 0.4, "verdicts": {"holds": 20}}
    frame = frame_of([first | {"twins": twins}, *others])
    assert [name for name in frame if name.startswith("twins_")] == [
        "twins_n", "twins_between_sd", "twins_share_between",
    ]  # fmt: skip
    assert frame.loc[0, "twins_n"] == 20
