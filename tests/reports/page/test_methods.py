"""The bibliography: only what a fit used, each with its DOI."""

import re
from dataclasses import replace

from posterity.analyses.run.results import Widening
from posterity.reports.kinds import KINDS
from posterity.reports.page.methods import entries, references, used
from posterity.reports.page.page import page
from posterity.reports.robustness import PARTS


def test_every_entry_is_whole():
    for key, text in entries().items():
        (year,) = re.findall(r"year = \{(\d{4})\}", text)
        assert year in key
        for field in ("author", "title", "journal", "volume"):
            assert f"{field} = {{" in text, (key, field)
        assert ("doi = {" in text) != ("url = {" in text), key
        assert text.count("{") == text.count("}")
    dois = re.findall(r"doi = \{(.*)\}", "\n".join(entries().values()))
    assert len(dois) == len(set(dois)) == len(entries()) - 1  # Survey Methodology gave no DOIs in 2002
    assert all(re.fullmatch(r"10\.\d{4,9}/\S+", doi) for doi in dois)


def test_printed_numbers_need_no_methods_of_panels(tables_fit):
    assert set(used(tables_fit)) == {
        "abrilpla2023pymc", "dickey1971weighted", "andrews2019identification", "vanzwet2021significance",
        "vanzwet2021statistical", "gelman2014beyond", "kumar2019arviz", "vehtari2024psis",
    }  # fmt: skip


def test_a_panel_is_cited_by_what_was_done_to_it(panel_fit):
    found = set(used(panel_fit))
    assert {"mundlak1978pooling", "harville1977variance", "geweke1989importance"} <= found
    assert not found & {key for kind in KINDS.values() for key in kind.methods}
    one = panel_fit.specs["T1.1"]
    sampled = replace(panel_fit, specs={"T1.1": replace(one, engine="nuts", with_effects=None)})
    assert {"hoffman2014nuts", "vehtari2021rhat"} <= set(used(sampled))
    assert "mundlak1978pooling" not in used(sampled)


def test_every_key_has_an_entry():
    keys = {key for kind in KINDS.values() for key in kind.methods}
    keys |= {key for part in PARTS.values() for key in part.methods}
    assert keys <= set(entries())


def test_accents_are_letters_in_the_page_and_tex_in_bibtex(panel_fit):
    by_key = {r.key: r for r in references(panel_fit)}
    assert "Vehtari et al. (2024). Pareto Smoothed Importance Sampling." in by_key["vehtari2024psis"].short
    assert not any("{" in r.short or "\\" in r.short for r in by_key.values())
    html = page(panel_fit)
    assert "@article{mundlak1978pooling," in html
    assert "https://doi.org/10.2307/1913646" in html


def test_what_compared_and_widened_errors_is_cited_where_it_did(panel_fit, widened_fit, tables_fit):
    both = {"bell2002bias", "muller2013risk"}
    assert both <= set(used(widened_fit))
    assert not both & set(used(tables_fit))
    one = panel_fit.specs["T1.1"]
    smaller = replace(one.with_effects, widening={"x": Widening(1.0, 0.9, 8)})
    fit = replace(panel_fit, specs={"T1.1": replace(one, with_effects=smaller)})
    assert both & set(used(fit)) == {"bell2002bias"}
    html = page(widened_fit)
    assert '<a href="https://doi.org/10.3982/ECTA9097" rel="noreferrer">doi:10.3982/ECTA9097</a>' in html
    assert "Müller (2013)." in html
    assert 'href="https://www150.statcan.gc.ca/n1/en/catalogue/12-001-X20020029058"' in html
