"""The studies' pages in a real browser: alone, quiet and quick."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

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
