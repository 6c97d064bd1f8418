"""The sliders of the studies' pages in a real browser say what Python says."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from posterity.analyses.judge.diagnostics import LIMITS
from posterity.analyses.judge.verdict import SIGN_LOST
from posterity.reports.page.explore import SCALES, SHIFTS, at, dials, moved

from .conftest import STUDIES

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
FIRST_SCREEN = 2000


def move(tab, slider, steps):
    """By keyboard, as a reader without a mouse does."""
    tab.focus(slider)
    for _ in range(abs(steps)):
        tab.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")


@pytest.mark.parametrize(
    ("name", "scale", "centre"),
    [("munnell-1990", -14, 3), ("munnell-1990", 9, -6), ("liu-li-2025", -16, 0), ("liu-li-2025", -12, -4),
     ("bashlai-2026", 6, 5)],
)  # fmt: skip
def test_the_slider_says_what_python_says(opened, pages, name, scale, centre):
    """Mean, interval, P(> 0), verdict and reliability, for the first and the last coefficient."""
    one = pages(name)
    made, _ = dials(one.fit, one.rows)
    tab = opened(one.address)
    for dial in (made[0], made[-1]):
        tab.select_option("#explore-which", dial.row.id)
        move(tab, "#explore-scale", scale)
        move(tab, "#explore-centre", centre)
        prior = at(dial.prior, SHIFTS[SHIFTS.index(0) + centre], SCALES[SCALES.index(1) + scale])
        found = moved(dial, prior)
        shown = {
            key: tab.locator(f"#explore-{key}-now").get_attribute("data-value")
            for key in ("mean", "interval", "positive", "ess", "k")
        }
        assert float(shown["mean"]) == pytest.approx(found.mean, rel=1e-6)
        assert [float(v) for v in shown["interval"].split(",")] == pytest.approx(
            [found.low, found.high], rel=1e-6
        )
        assert float(shown["positive"]) == pytest.approx(found.prob_positive, abs=1e-6)
        assert float(shown["ess"]) == pytest.approx(found.ess, rel=1e-3)
        assert float(shown["k"]) == pytest.approx(found.k_hat, abs=1e-6)
        told = tab.inner_text("#explore-verdict-now")
        assert told == (found.verdict if found.reliable else "not told")
        if found.reliable:
            assert tab.inner_text("#explore-mean-now") == dial.row.number(found.mean)
            low, high = dial.row.number(found.low), dial.row.number(found.high)
            assert tab.inner_text("#explore-interval-now") == f"[{low}, {high}]"


@pytest.mark.parametrize("name", STUDIES)
def test_at_rest_the_slider_says_what_the_table_says(opened, pages, name):
    one = pages(name)
    tab = opened(one.address)
    for dial in dials(one.fit, one.rows)[0][:12]:
        tab.select_option("#explore-which", dial.row.id)
        shown = dial.row.interval(dial.row.judged)
        for side in ("used", "now"):
            told = [tab.inner_text(f"#explore-{key}-{side}") for key in ("mean", "interval")]
            assert " ".join(told) == shown
            assert tab.inner_text(f"#explore-verdict-{side}") == dial.row.verdict


def test_the_slider_of_print_shows_what_the_page_carries(opened, pages):
    tab = opened(pages("bashlai-2026").address)
    data = json.loads(tab.locator("#curse-data").text_content())
    row_id, cells = next(iter(data["rows"].items()))
    row = tab.locator(f'tr[data-curse="{row_id}"]')
    assert tab.locator("#curse-place").is_visible()
    assert row.locator("td.now").all_text_contents() == cells[data["used"]]
    for place in (0, len(data["places"]) - 1):
        tab.locator("#curse-place").fill(str(place))
        assert row.locator("td.now").all_text_contents() == cells[place]
        assert tab.locator("#curse-now").text_content() == data["places"][place]
        assert tab.locator("#curse-count b").text_content() == str(data["surviving"][place])


def test_a_prior_that_changes_a_verdict_is_said_to(opened, pages):
    one = pages("liu-li-2025")
    dial = next(d for d in dials(one.fit, one.rows)[0] if d.row.id == "T6.3.NqP")
    tab = opened(one.address)
    tab.select_option("#explore-which", "T6.3.NqP")
    assert "With the prior as used: holds" in tab.inner_text("#explore-status")
    move(tab, "#explore-scale", -30)
    found = moved(dial, at(dial.prior, 0.0, SCALES[10]))
    assert (found.reliable, found.verdict) == (True, "uncertain")
    assert "changes from holds to uncertain" in tab.inner_text("#explore-status")
    tab.click("#explore-reset")
    assert tab.inner_text("#explore-verdict-now") == "holds"


def test_the_verdict_told_is_that_of_the_rule_which_the_page_carries(opened, pages, tmp_path):
    """With the rule's last word and the first bound of its `holds` changed, so is what the slider says."""
    text = Path(url2pathname(urlsplit(pages("liu-li-2025").address).path)).read_text(encoding="utf-8")
    first, other = (
        json.dumps({"point": "low", "relation": "\\u003e", "times_printed": bound}, separators=(",", ":"))
        for bound in (SIGN_LOST, 1e6)
    )
    first, other = first.replace("\\\\", "\\"), other.replace("\\\\", "\\")
    assert (text.count(first), text.count('"verdict":"uncertain","when"')) == (4, 1)
    changed = tmp_path / "changed.html"
    text = text.replace(first, other).replace('"verdict":"uncertain","when"', '"verdict":"in doubt","when"')
    changed.write_text(text, encoding="utf-8")
    tab = opened(changed.as_uri())
    tab.select_option("#explore-which", "T6.3.NqP")
    move(tab, "#explore-scale", -1)
    assert "changes from holds to in doubt" in tab.inner_text("#explore-status")


def test_where_draws_cannot_tell_nothing_is_told(opened, pages):
    one = pages("munnell-1990")
    dial = dials(one.fit, one.rows)[0][0]
    found = moved(dial, at(dial.prior, SHIFTS[0], SCALES[0]))
    assert found.ess < LIMITS.ess or found.k_hat > LIMITS.k_hat
    tab = opened(one.address)
    tab.select_option("#explore-which", dial.row.id)
    move(tab, "#explore-scale", -40)
    move(tab, "#explore-centre", -40)
    assert tab.inner_text("#explore-mean-now") == tab.inner_text("#explore-interval-now") == "–"
    assert tab.inner_text("#explore-verdict-now") == "not told"
    assert '--prior "slope=normal(-2, 0.01)"' in tab.inner_text("#explore-status")
    assert "refused" in tab.get_attribute("#explorer", "class")
