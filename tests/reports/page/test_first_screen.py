"""What a page says first: whether all columns are there, what is impossible, what the tables leave open."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import posterity as po
from posterity.reports.files.summary import brief_of
from posterity.reports.page import words
from posterity.reports.page.audit import section as audited
from posterity.reports.page.first_screen import key_figure, left_out, open_sentence
from posterity.reports.page.headlines import headlines
from posterity.reports.page.page import page
from posterity.reports.page.widening import sentence
from posterity.reports.rows import rows_of

from ...there import there


@pytest.fixture(scope="module")
def bashlai():
    return po.fit(po.load("bashlai-2026"), evidence="tables", draws=50)


def test_a_page_of_some_columns_says_so_and_how_all_are_had(panel_fit, tables_fit):
    command = "posterity priors s --only T1.1 --draws 50 --only 'T 2'"
    sentence, whole = left_out(panel_fit, command)
    assert sentence == "1 of the study's 3 columns is shown here. For all of them:"
    assert whole == "posterity priors s --draws 50"
    first = page(panel_fit, command=command).split('class="verdicts"')[0]
    assert f"{sentence} <code>{whole}</code>".replace("'", "&#39;") in first
    assert brief_of(panel_fit, rows_of(panel_fit), command).headlines[0] == f"{sentence} {whole}"
    assert left_out(tables_fit, command) == ("", "")
    columns = dict(list(tables_fit.specs.items())[:2])
    assert left_out(replace(tables_fit, specs=columns, skipped={"T2.1": "prints no error"}), "") == ("", "")


def test_what_the_audit_holds_impossible_leads_to_it(bashlai):
    """By hand: bashlai-2026 prints 2.811 beside "the largest VIF is 2.101", z-scores with means of 0.4."""
    rows = rows_of(bashlai)
    part = audited(bashlai, rows)
    assert part.headline.startswith("2 audit findings are impossible as printed: ")
    assert "all variables were standardised" in part.headline
    assert "the largest VIF is 2.101" in part.headline
    first = page(bashlai, rows, sections=[part]).split('id="estimates"')[0]
    assert '<li><a href="#audit">2 audit findings are impossible as printed</a>: Said: all' in first
    assert part.headline in brief_of(bashlai, rows, "", [part]).headlines


def test_nothing_impossible_needs_no_headline():
    fit = po.fit(po.load("munnell-1990"), evidence="tables", only=["T1.1"], draws=50)
    assert audited(fit, rows_of(fit)).headline == ""


def test_one_coefficient_survives_and_several_do(bashlai):
    rows = rows_of(bashlai)
    assert open_sentence(rows).endswith("cannot tell whether they survive entity effects.")
    assert open_sentence(rows[:1]) == "The tables cannot tell whether it survives entity effects."


def test_constants_that_do_not_reproduce_are_called_so(panel_fit):
    row = rows_of(panel_fit)[0]
    failed = {**row.record, "reproduced": {**row.record["reproduced"], "within_rounding": False}}
    row = replace(row, record=failed)
    for term, why in (("_cons", " (all constants, whose normalisation is a convention)"), (row.term, "")):
        said = headlines(panel_fit, [replace(row, record={**failed, "term": term})])
        assert f"1 of 1 printed estimates do not reproduce within their rounding{why}: {row.id}." in said


def test_a_finding_on_a_doubtful_print_says_so():
    """By hand: two stars beside -0.040 (0.002) in T4.6 of liu-li-2025, where the print is hard to read."""
    fit = po.fit(po.load("liu-li-2025"), evidence="tables", only=["T4.6"], draws=50)
    said = audited(fit, rows_of(fit)).headline
    assert "gives ***. (That reading of the print is in doubt.) Said:" in said


def test_holds_is_said_of_verdicts_alone(bashlai):
    """An interval contains 0; only a coefficient holds."""
    text = page(bashlai)
    assert not re.search(r"\bholds? 0|survives? state|does not survive", text)
    assert "the interval contains 0." in text


def test_stars_that_are_counted_elsewhere_are_not_counted_again(tables_fit, panel_fit):
    """Of ten coefficients with three stars, four are pooled and given effects; one may be not reproduced."""
    rows = [row for row in rows_of(tables_fit) if row.spec_id != "T1.1"]

    def said(found):
        return next(s for s in headlines(panel_fit, found) if "with stars" in s)

    none = "coefficients printed with stars has a 95% interval that contains 0."
    assert said(rows) == f"None of 6 {none}"
    pooled = [replace(row, record=row.record | {"verdict": "holds"}) for row in rows_of(panel_fit)]
    assert said([*pooled, *rows]) == f"None of the other 6 {none}"
    lost = replace(rows[0], record={**rows[0].record, "verdict": "not reproduced"})
    assert said([lost, *rows[1:]]) == f"None of 5 judged {none}"


def test_coefficients_without_an_error_are_named_and_statistics_are_not(tables_fit, panel_fit, bashlai):
    """bashlai-2026 prints N, R2 and adj_R2 in every column, and an error beside every coefficient."""
    assert words.unread(bashlai) == words.unread(tables_fit) == words.unread(panel_fit) == ""
    one = tables_fit.specs["T1.2"]
    fit = replace(tables_fit, specs=tables_fit.specs | {"T1.2": replace(one, printed=one.printed[:-1])})
    said = (
        "1 more coefficient is printed without a standard error, t or interval, so that nothing can be said"
        " of it: =cmd|x (T1.2)."
    )
    assert words.unread(fit) == said
    assert f"<p>{said}</p>" in page(fit)


def test_a_widened_interval_is_said_with_its_reason_and_its_ratio(widened_fit, tables_fit):
    """By hand: one slope of four has twice the model's error."""
    rows = rows_of(widened_fit)
    assert sentence(rows) == (
        "For 1 of 4 coefficients the verdict looks at an interval that is wider than the posterior's own,"
        " because the standard error clustered by 省份 is 2.00 times the model's. Within one 省份, errors are"
        " correlated over time or have unequal variances beyond what the model allows, so that the model's"
        " own standard error is too small."
    )
    assert headlines(widened_fit, rows)[0] == sentence(rows)
    assert sentence(rows[:1]).startswith("For the coefficient the verdict")
    other = replace(rows[1], record=rows[1].record | {"judged": rows[0].record["judged"] | {"factor": 1.234}})
    said = sentence([rows[0], other])
    assert said.startswith("For all 2 coefficients")
    assert "clustered by 省份 is 1.23 to 2.00 times" in said
    assert sentence(rows_of(tables_fit)) == ""


def test_the_page_shows_both_intervals_where_they_differ(widened_fit, tables_fit):
    row = next(row for row in rows_of(widened_fit) if row.widened)
    text = page(widened_fit)
    assert f'{row.interval("with_effects")}<br><span class="error">own {row.widened_from}</span>' in text
    assert f"posterior, with effects {row.interval('with_effects')} (widened from {row.widened_from})" in text
    assert "The judged 95% interval excludes 0" in text
    text = page(tables_fit)
    assert not re.search("judged 95%|Judged|widened from|>own ", text)
    assert "The posterior&#39;s central 95% interval excludes 0" in text


def test_the_key_figure_has_a_thin_line_beyond_the_thick_one(widened_fit, tables_fit):
    """In per cent of a track from -1 to 2.5 times the printed 0.8."""
    bar = next(bar for bar in key_figure(rows_of(widened_fit)).bars if bar.cell.row.widened)
    for piece, span in (
        (bar.judged, bar.cell.row.judged_span),
        (bar.own, bar.cell.row.span("with_effects")),
    ):
        low, high = (100 * (end / 0.8 + 1) / 3.5 for end in there(there(span).ends))
        drawn = there(piece)
        assert drawn.left == pytest.approx(max(low, 0), abs=0.01)
        assert drawn.left + drawn.width == pytest.approx(min(high, 100), abs=0.02)
    assert there(bar.judged).width > there(bar.own).width
    assert all(bar.own is None for bar in key_figure(rows_of(tables_fit)).bars)


def test_what_only_the_widening_makes_uncertain_is_said_to_be(panel_fit):
    row = rows_of(panel_fit)[0]
    clear = row.record["with_effects"] | {"mean": 0.5, "q2.5": 0.1, "q97.5": 0.9}
    wider = {"q2.5": -0.2, "q97.5": 1.2, "law": "gaussian", "factor": 1.7, "df": 7}
    judged = replace(
        row, record=row.record | {"verdict": "uncertain", "with_effects": clear, "judged": wider}
    )
    said = next(s for s in headlines(panel_fit, [judged]) if s.startswith("Pooled"))
    assert "is uncertain under 省份 and year effects only because its interval was widened" in said
    assert said.endswith("posterior 0.5000 [−0.2000, 1.2000].")


def test_coefficients_that_the_laws_of_errors_part_are_named(panel_fit):
    rows = rows_of(panel_fit)
    assert not any("laws of errors" in told for told in headlines(panel_fit, rows))
    for row, flag in zip(
        rows, ("rests on the law of errors: …", "laws of errors disagree beyond chance: …"), strict=False
    ):
        row.record["flags"].append(flag)
    first, second = (told for told in headlines(panel_fit, rows) if "law" in told or "AR(1)" in told)
    assert first.endswith(f"excludes 0, so that its sign is not settled: {rows[0].term} ({rows[0].spec_id}).")
    assert f"For 1 coefficient they differ by more than chance: {rows[1].term} ({rows[1].spec_id})." in second
