"""The studies' pages in a real browser: alone, quiet, quick, and with a slider that says what Python says."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from PIL import Image

from posterity.analyses.judge.diagnostics import LIMITS
from posterity.analyses.judge.verdict import SIGN_LOST
from posterity.reports.page.explore import SCALES, SHIFTS, at, dials, moved
from posterity.reports.page.page import page
from posterity.reports.page.sections import sections

from ..robustness.test_parts import AT, SHOCKS, cluster_records
from .conftest import STUDIES

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
FIRST_SCREEN = 2000


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_page_opens_alone_at_once_and_never_scrolls_sideways(opened, pages, name, viewport):
    tab = opened(pages(name).address, viewport)
    taken: list[float] = []
    while not taken or (len(taken) < 5 and taken[-1] >= FIRST_SCREEN):  # a busy machine is no slow page
        tab.reload()
        while not tab.evaluate("performance.getEntriesByType('paint').length"):
            tab.wait_for_timeout(20)  # the page's policy forbids what wait_for_function evaluates
        taken.append(
            tab.evaluate(
                "Math.max(performance.getEntriesByType('paint').at(-1).startTime,"
                " performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd)"
            )
        )
    assert min(taken) < FIRST_SCREEN, taken
    assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert tab.locator(".answer").bounding_box()["y"] < viewport["height"]
    said = tab.locator(".points div")  # of printed numbers alone this comes first, and fills a phone's screen
    seen = said.last if viewport == PHONE and said.count() else tab.locator(".cell").first
    assert seen.bounding_box()["y"] < viewport["height"]


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_without_scripts_all_but_the_slider_is_there(opened, pages, viewport):
    tab = opened(pages("bashlai-2026").address, viewport, java_script_enabled=False)
    assert tab.locator("#explore-off").is_visible()
    assert not tab.locator("#explorer").is_visible()
    assert tab.locator("figure img").first.is_visible()
    assert tab.locator(".estimates").first.is_visible()


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


def test_a_widened_interval_is_a_thin_line_that_stays_on_its_track(opened, pages):
    tab = opened(pages("munnell-1990").address)
    track = tab.locator(".track").first.bounding_box()
    boxes = [line.bounding_box() for line in tab.locator(".track b.thin").all()]
    assert len(boxes) == 12
    for box in boxes:
        assert track["x"] - 0.5 <= box["x"] < box["x"] + box["width"] <= track["x"] + track["width"] + 0.5
        assert box["height"] <= 2
    assert tab.locator("#explore-figure line.judged").count() == 2
    assert opened(pages("bashlai-2026").address).locator(".thin, line.judged").count() == 0


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


@pytest.mark.parametrize("name", STUDIES)
def test_no_table_is_cut_on_a_laptop(opened, pages, name):
    tab = opened(pages(name).address)
    cut = tab.evaluate(
        "[...document.querySelectorAll('main details')].forEach(d => { d.open = true }),"
        "[...document.querySelectorAll('.scroll:has(table)')].filter(e => e.scrollWidth > e.clientWidth)"
        ".map(e => e.getAttribute('aria-label'))"
    )
    assert cut == []


def test_the_widest_table_is_not_cut_on_a_laptop(opened, pages, tmp_path):
    """Tests over twins beside three posteriors, of five decimals."""
    one = pages("munnell-1990")
    row = next(row for row in one.rows if row.spec_id == "T1.2")
    models = {"independent": AT, "shocks": AT | SHOCKS, "slopes": AT}
    records = cluster_records(row.term, models, [200, 200, 200, 216])
    records["terms"][0]["tests"] = {"t": [4.95, 5.06], "p_value": [0.0151, 0.0161], "wild": [0.0371, 0.0791]}
    fit = replace(one.fit, robustness={row.spec_id: {"clusters": records}})
    address = tmp_path / "wide.html"
    address.write_text(page(fit, one.rows, [], "", sections(fit, one.rows)), encoding="utf-8")
    part = opened(address.as_uri()).locator("#clusters .scroll:has(table)")
    assert part.evaluate("e => e.scrollWidth <= e.clientWidth")


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


def test_verdicts_filter_cells_and_rows(opened, pages):
    one = pages("munnell-1990")
    tab = opened(one.address)
    button = tab.locator(".counts button", has_text="uncertain")
    expected = sum(r.verdict == "uncertain" and not r.constant for r in one.rows)
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert tab.locator(".estimates tr[id]:visible").count() == expected
    assert tab.locator(".verdicts .cell:not(.dimmed)").count() == expected
    assert tab.inner_text("#shown") == f"{expected} of {len(one.rows)} coefficients shown"
    button.press("Enter")
    assert tab.locator(".estimates tr[id]:visible").count() == len(one.rows)


def test_a_cell_tells_its_numbers_and_leads_to_its_row(opened, pages):
    one = pages("liu-li-2025")
    tab = opened(one.address)
    cell = tab.locator('.verdicts .cell[href="#T9.4.NqP"]')
    legend = tab.inner_html("#tip")
    cell.focus()
    row = next(r for r in one.rows if r.id == "T9.4.NqP")
    told = tab.inner_text("#tip")
    assert told == cell.get_attribute("aria-label")
    assert row.printed in told
    assert row.interval("posterior") in told
    other = tab.locator('.verdicts .cell[href="#T4.2.NqP"]')
    other.hover()
    assert tab.inner_text("#tip") == other.get_attribute("aria-label")
    tab.mouse.move(5, 5)
    assert tab.inner_text("#tip") == told  # still in focus
    cell.blur()
    assert tab.inner_html("#tip") == legend
    cell.focus()
    assert not tab.locator("#T9\\.4\\.NqP").is_visible()  # its table is folded
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(100)
    assert tab.locator("#T9\\.4\\.NqP").is_visible()


def test_every_table_comes_as_a_file(opened, pages):
    tab = opened(pages("munnell-1990").address)
    tables = tab.locator("main table").count()
    assert tab.locator(".csv").count() == tables
    with tab.expect_download() as download:
        tab.locator("details.table .csv").first.click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename.endswith(".csv")
    lines = text.splitlines()
    assert lines[0].startswith("term,verdict,published,")
    assert any(line.startswith("log_pcap,uncertain,") for line in lines)
    assert "prior" not in text.split("P(>")[0]


def test_folded_parts_are_printed(opened, pages):
    tab = opened(pages("liu-li-2025").address, java_script_enabled=False)
    row = tab.locator("#T4\\.2\\.NqP")
    assert not row.is_visible()
    tab.emulate_media(media="print")
    assert row.is_visible()
    assert not tab.locator(".contents").is_visible()


def test_headings_do_not_skip_and_every_control_has_a_name(opened, pages):
    tab = opened(pages("liu-li-2025").address)
    levels = tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = tab.evaluate(
        "[...document.querySelectorAll('button,select,input,summary,a')].filter(e =>"
        " !(e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim())).length"
    )
    assert nameless == 0


def test_the_keyboard_reaches_the_answer_first_and_shows_where_it_is(opened, pages):
    tab = opened(pages("bashlai-2026").address)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.focus("#explore-scale")
    tab.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"scale 0\.\d+", tab.get_attribute("#explore-scale", "aria-valuetext"))
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("selector", ["details.table .scroll:has(table)", "figure .scroll"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_goes_on_beyond_the_edge_has_a_shadow_there(opened, pages, selector, scheme):
    """Grey in the outermost column of pixels, over white; none at the end, none in print."""
    tab = opened(pages("munnell-1990").address, PHONE, color_scheme=scheme)
    part = tab.locator(selector).first

    def edge():
        picture = np.asarray(Image.open(io.BytesIO(part.screenshot())).convert("L"))
        return np.median(picture[:, -1])

    assert part.evaluate("e => e.scrollWidth > e.clientWidth")
    assert edge() < 235
    part.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    assert edge() == 255
    tab.emulate_media(media="print", color_scheme=scheme)
    assert part.evaluate("e => getComputedStyle(e).backgroundImage") == "none"
