"""Plots that go on where ArviZ's end, and what notebooks show."""

from __future__ import annotations

from html.parser import HTMLParser

import matplotlib
import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.data.display import MOST, display
from posterity.reports.rows import rows_of

from ...there import there
from ..conftest import SCRIPT


@pytest.fixture(autouse=True)
def agg():
    matplotlib.use("agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def collection(pc):
    from arviz_plots import PlotCollection

    assert isinstance(pc, PlotCollection)
    return pc


def drawn_at(pc, visual, **sel):
    """x positions of a visual."""
    artist = pc.viz[visual]["coef"].sel(**sel).item()
    if hasattr(artist, "get_offsets"):
        return np.asarray(artist.get_offsets())[:, 0]
    return np.asarray(artist.get_xdata(), float)


def test_forest_draws_the_published_numbers_below_their_posteriors(tables_fit):
    import arviz as az

    pc = collection(po.plot_forest(tables_fit, SCRIPT))
    assert drawn_at(pc, "published", specification="T1.1") == pytest.approx([0.8])
    ends = drawn_at(pc, "published_interval", specification="T1.1")
    # t with 64 - 5 degrees of freedom of scipy.stats.t.ppf(0.975, 59) = 2.00100, standard error 0.05
    assert ends == pytest.approx([0.8 - 2.00100 * 0.05, 0.8 + 2.00100 * 0.05], abs=1e-5)
    pc.coords = {"column": "forest"}
    az.add_bands(pc, [(-0.1, 0.1)])  # users go on from there


def test_forest_of_a_pooled_column_shows_it_with_effects_too(panel_fit):
    pc = collection(po.plot_forest(panel_fit, SCRIPT))
    assert pc.viz["point_estimate"]["coef"]["specification"].to_numpy().tolist() == [
        "T1.1",
        "T1.1 with effects",
    ]


def test_forest_draws_judged_intervals_that_were_widened(widened_fit, tables_fit):
    pc = collection(po.plot_forest(widened_fit, SCRIPT))
    row = next(row for row in rows_of(widened_fit) if row.widened)
    ends = drawn_at(pc, "judged_interval", specification="T1.1 with effects")
    assert ends == pytest.approx(there(there(row.judged_span).ends))
    assert "judged_interval" not in po.plot_forest(tables_fit, SCRIPT).viz.children


def test_posterior_has_the_published_estimate_as_line_and_its_interval_as_band(panel_fit):
    pc = collection(po.plot_posterior(panel_fit, "T1.1"))
    assert drawn_at(pc, "ref_line", term=SCRIPT, ref_dim=0) == pytest.approx([0.8, 0.8])
    assert "ref_band" in pc.viz.children


def test_prior_draws_are_the_prior_in_the_papers_units(panel_fit):
    pc = collection(po.plot_prior_posterior(panel_fit, "T1.1"))
    one = panel_fit.specs["T1.1"]
    prior = pc.data["coef"].sel(group="prior", term=SCRIPT)
    assert float(prior.std()) == pytest.approx(one.units[SCRIPT], rel=0.05)  # slope ~ normal(0, 1)
    assert float(prior.mean()) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("make", [po.plot_posterior, po.plot_prior_posterior])
def test_an_unknown_column_is_told(panel_fit, make):
    with pytest.raises(po.InputError, match=r"'T1\.2' was not fitted"):
        make(panel_fit, "T1.2")


def test_an_unknown_term_and_flat_priors_are_told(tables_fit):
    with pytest.raises(po.InputError, match="no fitted column of hostile has the term 'x'"):
        po.plot_forest(tables_fit, "x")
    with pytest.raises(po.InputError, match=r"every prior of T1\.1 is flat"):
        po.plot_prior_posterior(tables_fit, "T1.1")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)


def test_notebooks_show_names_as_text_and_say_what_it_rests_on(study, panel_fit, tables_fit):
    shown = {
        "study": study._repr_html_(),
        "panel": panel_fit.panel._repr_html_(),
        "panel fit": panel_fit._repr_html_(),
        "tables fit": tables_fit._repr_html_(),
    }
    for html in shown.values():
        parser = Tags()
        parser.feed(html)
        assert parser.tags <= {"p", "b", "br", "table", "tr", "th", "td"}
        assert "alert(1)" in html
    assert "SYNTHETIC panel" in shown["study"]
    assert "SYNTHETIC panel: panel-SYNTHETIC.csv" in shown["panel"]
    assert "evidence: panel - SYNTHETIC" in shown["panel fit"]
    assert "evidence: tables (printed numbers alone)" in shown["tables fit"]


def test_a_comparison_is_a_data_frame(tables_fit):
    table = po.compare(tables_fit)
    assert isinstance(table, pd.DataFrame)
    assert type(table[["id"]]) is pd.DataFrame
    assert len(table) == 10
    assert table._repr_html_() == tables_fit._repr_html_()
    assert "0.8*** (0.05)" in table._repr_html_()


def test_long_tables_are_cut_and_say_so():
    html = display("x", [], ["a"], [(k,) for k in range(MOST + 3)])
    assert html.count("<tr>") == MOST + 1
    assert "3 more rows" in html
