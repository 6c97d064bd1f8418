"""The two-page summary: what it says, and that its files are whole."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import posterity as po
from posterity.analyses.robustness import robust
from posterity.analyses.run.results import Request
from posterity.reports.drawing.text_page import TextPage, pieces
from posterity.reports.files.summary import brief_of, key_figure, markdown, telling, text
from posterity.reports.files.summary_pdf import summary_pdf
from posterity.reports.page import words
from posterity.reports.page.headlines import headlines
from posterity.reports.page.highlights import highlights
from posterity.reports.page.widening import BRACKETS
from posterity.reports.rows import rows_of

FAMILY = ("STIXGeneral", "DejaVu Sans")


@pytest.fixture(scope="module")
def briefs(tables_fit, panel_fit):
    return {
        fit.evidence: brief_of(fit, rows_of(fit), "posterity run <hostile>")
        for fit in (tables_fit, panel_fit)
    }


def test_pdf_has_two_pages_with_embedded_fonts_and_the_same_bytes_again(briefs):
    content = summary_pdf(briefs["panel"])
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", content)) == 2
    fonts = re.findall(rb"/FontDescriptor \d+ 0 R|/CharProcs", content)
    assert fonts
    assert b"CreationDate" not in content
    assert summary_pdf(briefs["panel"]) == content


def test_pdf_names_fonts_that_it_embeds(briefs):
    """Each simple or composite font has a font file or drawn glyphs: no viewer substitutes."""
    content = summary_pdf(briefs["tables"])
    streams = b"".join(
        zlib.decompressobj().decompress(s) if s[:1] == b"x" else s
        for s in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
    )
    everything = content + streams
    descriptors = len(re.findall(rb"/Type /FontDescriptor", everything))
    files = len(re.findall(rb"/FontFile[23]? \d+ 0 R", everything))
    drawn = len(re.findall(rb"/CharProcs \d+ 0 R", everything))
    assert descriptors == files + drawn > 0


def test_summary_says_what_the_page_says(briefs, tables_fit, panel_fit):
    for fit in (tables_fit, panel_fit):
        brief = briefs[fit.evidence]
        rows = rows_of(fit)
        assert brief.answer == words.answer(rows)
        assert [s for s in brief.headlines if "columns is shown" not in s] == headlines(fit, rows)
        assert sum(brief.counts.values()) == sum(not r.constant for r in rows)
        assert len(brief.rows) + brief.omitted == sum(not r.constant for r in rows)
    assert briefs["panel"].synthetic
    assert "SYNTHETIC" in markdown(briefs["panel"]).split("## Published")[0]
    assert "SYNTHETIC" not in markdown(briefs["tables"]).replace("SYNTHETIC.csv", "")


def test_brackets_of_the_summary_hold_judged_intervals(widened_fit, briefs):
    rows = rows_of(widened_fit)
    brief = brief_of(widened_fit, rows, "")
    row = next(row for row in rows if row.widened)
    written = markdown(brief)
    assert text(row.interval("with_effects")) in written
    assert text(row.widened_from) not in written
    assert BRACKETS in written
    assert len(re.findall(rb"/Type /Page\b", summary_pdf(brief))) == 2
    assert BRACKETS not in markdown(briefs["tables"])


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def test_markdown_shows_names_as_text(briefs):
    for brief in briefs.values():
        parser = Tags()
        written = markdown(brief)
        parser.feed(written)
        assert parser.tags == []
        table = [line for line in written.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert text("a|b_*x*\n`c`") == r"a\|b\_\*x\* \`c\`"


def test_the_table_keeps_what_does_not_hold(tables_fit):
    rows = rows_of(tables_fit)
    rows[-1].record["verdict"] = "reverses"
    try:
        kept = telling(rows, 3)
    finally:
        rows[-1].record["verdict"] = "holds"
    assert len(kept) == 3
    assert rows[-1] in kept
    assert [rows.index(r) for r in kept] == sorted(rows.index(r) for r in kept)


def test_the_key_figure_shows_one_term_on_one_outcome(tables_fit):
    shown = key_figure(rows_of(tables_fit))
    assert len({(r.term, r.outcome) for r in shown}) == 1
    assert len(shown) > 1


def watched(monkeypatch):
    """Every page that is written on, with the height and the text of each line."""
    lines, write = [], TextPage.write

    def writing(self, x, y, text, size, **style):
        lines.append((self, y, text))
        write(self, x, y, text, size, **style)

    monkeypatch.setattr(TextPage, "write", writing)
    return lines


def test_a_summary_of_many_rows_and_long_words_stays_on_its_pages(briefs, monkeypatch):
    brief, written = briefs["tables"], watched(monkeypatch)
    many = replace(
        brief,
        rows=brief.rows * 9,
        figure=brief.figure * 12,
        headlines=brief.headlines * 2,
        title="长名字" * 80,
    )
    assert len(re.findall(rb"/Type /Page\b", summary_pdf(many))) == 2
    kept = [line for line in written if line[0].scale == 1.0]  # what was tried larger had no room
    assert len({text for _, _, text in kept if re.fullmatch("[12] of 2", text)}) == 2
    assert min(page.height - y for page, y, _ in kept) > 0.4


def test_short_content_is_set_larger_and_ends_at_the_foot(briefs, monkeypatch):
    written = watched(monkeypatch)
    brief = briefs["tables"]
    short = replace(brief, rows=[row for row in brief.rows if row.term == "=cmd|x"])
    assert len(re.findall(rb"/Type /Page\b", summary_pdf(short))) == 2
    page, y, _ = next(line for line in reversed(written) if line[2] == "checksums")
    assert page.scale > 1
    assert 0.75 < page.height - y < 1.0


def test_text_is_not_cut_where_smaller_type_has_room_for_it(briefs, monkeypatch):
    """A model of five lines at full size, of more than the three that a page without room gives it."""
    written = watched(monkeypatch)
    brief = briefs["tables"]
    rows = [row for row in brief.rows if row.term == "=cmd|x"]
    long = " ".join(f"word{k}" for k in range(120)) + " end."
    summary_pdf(replace(brief, rows=rows, models=[("pooled", long)]))
    last = written[-1][0]
    kept = [text for page, _, text in written if page is last]
    assert any(text.endswith("end.") for text in kept)
    written.clear()
    summary_pdf(replace(brief, rows=brief.rows * 4, models=[("pooled", long)] * 9))
    kept = [text for page, _, text in written if page is written[-1][0]]
    assert not any(text.endswith("end.") for text in kept)


def test_robustness_is_told_for_the_key_figure():
    """T4.2 of liu-li-2025: 0.205 / 0.041 = 5 on 3 degrees of freedom; scipy.stats.t.sf(5, 3) * 2 = 0.0154."""
    fit = po.fit(po.load("liu-li-2025"), only=["T4.2", "T6.1"], evidence="tables", draws=200)
    tried = robust(fit, Request("tables"), ("clusters",))
    assert set(tried.robustness) == {"T4.2", "T6.1"}
    told = brief_of(tried, rows_of(tried), "").robustness
    assert (
        told[0]
        == "T4.2, NqP. Few clusters: the printed t has p 0.015 on 3 degrees of freedom, < 0.001 on the normal"
        " law."
    )
    assert len(told) == 2


def test_influence_is_told_with_the_units_that_change_the_verdict(tables_fit):
    row = key_figure(rows_of(tables_fit))[0]

    def unit(name, verdict):
        return {"name": name, "verdict": [verdict]}

    influence = {
        "terms": [row.term],
        "whole": {"verdict": ["holds"]},
        "units": [unit("A", "holds"), unit("B", "uncertain")],
    }
    fit = replace(tables_fit, robustness={row.spec_id: {"samples": {"influence": influence}}})
    (told,) = highlights(fit, [row])
    assert told.endswith("Samples: no longer holds without B.")


def test_a_summary_of_no_coefficient_still_comes(briefs):
    bare = replace(briefs["tables"], rows=[], figure=[], counts={})
    assert len(re.findall(rb"/Type /Page\b", summary_pdf(bare))) == 2


def test_lines_break_at_blanks_and_between_chinese_characters():
    assert pieces("one two") == ["one ", "two"]
    assert pieces("共同 x富") == ["共", "同 ", "x", "富"]
    page = TextPage(FAMILY)
    lines = page.wrapped("word " * 40 + "x" * 300, 3.0, 9)
    assert len(lines) > 5
    assert all(page.measure(line, 9) <= 3.0 for line in lines)
    assert "".join(lines).replace(" ", "") == ("word" * 40) + "x" * 300


def test_pages_without_a_chinese_font_still_come(briefs, monkeypatch):
    from posterity.reports.drawing import fonts

    monkeypatch.setattr(fonts, "_cjk_fonts", list)
    fonts.style.cache_clear()
    try:
        assert summary_pdf(briefs["panel"]).startswith(b"%PDF-")
    finally:
        fonts.style.cache_clear()
