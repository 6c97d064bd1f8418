"""What a page of printed numbers says first, and its part about the winner's curse."""

from __future__ import annotations

import json
import re

import pytest

import posterity as po
from posterity.analyses.audit import Finding
from posterity.models.printed.selection import BETA_P
from posterity.models.printed.tables import PrintedEstimate
from posterity.reports.page.audit import Audit, Group
from posterity.reports.page.page import page
from posterity.reports.page.sections import sections
from posterity.reports.printed.answer import consistency, left_open, points, tipping_priors
from posterity.reports.printed.print_probabilities import PLACES, given_print
from posterity.reports.printed.tipping_priors import convinces, fragile_sentence
from posterity.reports.printed.winners_curse import at_used, lines_of, place_in_words, section, surviving
from posterity.reports.rows import rows_of


@pytest.fixture(scope="module")
def bashlai():
    return po.fit(po.load("bashlai-2026"), evidence="tables", draws=50)


def audit_with(**counts: int) -> Audit:
    one = Finding("stars", ("T1.1.x",), "consistent", "said", "1 = 1")
    return Audit([Group(status, [one] * n) for status, n in counts.items()])


def test_consistency_counts_what_fails_and_what_needs_a_convention():
    assert consistency(audit_with(impossible=1, only_if=2, consistent=4)) == (
        "1 of 7 checks of what is printed fails, 2 pass under a convention that the paper does not state."
    )
    assert consistency(audit_with(impossible=3, only_if=1)).startswith(
        "3 of 4 checks of what is printed fail, 1 passes"
    )
    assert consistency(audit_with(consistent=2)) == "none of 2 checks of what is printed fail."
    assert consistency(Audit([])) == "nothing printed can be checked against another number."
    assert consistency(Audit([], "claim 1: no such id.")) == "not audited: claim 1: no such id."


def test_tipping_priors_and_what_is_left_open_in_words():
    assert tipping_priors(1, 3).startswith("1 of 3 significant coefficients leaves a reader in doubt")
    assert tipping_priors(0, 1).startswith("none of 1 significant coefficient leave")
    assert left_open(2, 3).endswith("favours print, 2 of 3 exclude 0.")
    assert left_open(0, 0) == "whether effects survive other samples, effects or errors."
    assert "contain 0: T1.x and" not in fragile_sentence(["T1.x"], 3)
    assert fragile_sentence([], 3).startswith("Each of the 3 significant coefficients convinces")


def test_a_normal_estimate_convinces_from_the_closed_form_on():
    """With k = z / 1.96 and a prior of k standard errors, z k / sqrt(1 + k^2) > 1.96: k^2 > (1 + sqrt 5) / 2.

    That is z > 2.493, or p < 0.013, the threshold of intrinsic credibility (Matthews 2018).
    """
    assert not convinces(PrintedEstimate("x", 0.249, (0.1, 0.1), 1e9, None))
    assert convinces(PrintedEstimate("x", -0.25, (0.1, 0.1), 1e9, 3.0))


def test_the_first_screen_begins_with_them_at_tables_evidence_alone(bashlai, panel_fit):
    rows = rows_of(bashlai)
    first = page(bashlai, rows, sections=sections(bashlai, rows)).split('class="counts"')[0]
    names = [p.name for p in points(bashlai, rows)]
    assert names == ["Consistency", "Tipping priors", "Left open"]
    at = [first.index(f">{name}</a>") for name in names]
    assert at == sorted(at)
    assert at[-1] < first.index("published coefficients")
    assert points(panel_fit, rows_of(panel_fit)) == []
    assert section(panel_fit, rows_of(panel_fit)) is None


def test_every_place_of_the_slider_stands_in_the_page_and_the_first_is_that_of_the_record(tables_fit):
    rows = rows_of(tables_fit)
    part = section(tables_fit, rows)
    assert part is not None
    found = re.search(r'id="curse-data">(.*?)</script>', part.body)
    assert found is not None
    data = json.loads(found[1])
    lines, places = lines_of(tables_fit, rows)
    used = at_used(tables_fit, places)
    assert (data["used"], places[used], len(data["places"])) == (used, BETA_P, len(PLACES))
    assert data["surviving"] == sorted(data["surviving"])
    assert data["surviving"][used] == surviving([n for n in lines if n.curse["significant"]], used)
    for line in lines:
        record = line.curse["selection"]
        one = line.places[used]
        assert one.posterior == pytest.approx([record[k] for k in ("mean", "q2.5", "q97.5")])
        assert one.unbiased == pytest.approx(
            [record["median_unbiased"][k] for k in ("estimate", "q2.5", "q97.5")]
        )
        assert [*line.cells(used)] == data["rows"][line.row.id][used]
    assert "<script>alert" not in part.body.replace('<script type="application/json"', "")


def test_without_selection_an_estimate_is_as_printed():
    one = PrintedEstimate("x", 0.3, (0.1, 0.1), 12.0, None)
    last = given_print(one, po.load("bashlai-2026").spec("T5.1").priors({})["slope"], (0.1, 1.0))[-1]
    assert last.unbiased[0] == pytest.approx(0.3)
    assert last.posterior == pytest.approx(last.unbiased, rel=1e-2)
    assert (place_in_words(1.0), place_in_words(BETA_P)) == ("1: print does not select", "1 in 30")


def test_a_headline_for_the_first_screen(bashlai):
    part = section(bashlai, rows_of(bashlai))
    assert part is not None
    assert part.headline.startswith("The winner's curse: of 16 coefficients printed significant at 5%, 16 ")
