"""Figures say what they rest on, and no name can break them."""

from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from posterity.reports.drawing.figure_files import forest_plots
from posterity.reports.drawing.figures import JUDGED, drawn, forest, overview
from posterity.reports.page.equations import equation_svg, mathtext, models_used
from posterity.reports.rows import evidence_label, rows_of, synthetic

from ...there import there


def texts(figure: Figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text))


@pytest.mark.parametrize("which", ["tables_fit", "panel_fit"])
@pytest.mark.parametrize("draw", [forest, overview])
def test_every_figure_shows_its_evidence(which, draw, request):
    fit = request.getfixturevalue(which)
    label, simulated = evidence_label(fit), synthetic(fit)
    words = texts(draw(rows_of(fit), "title", label, simulated))
    assert label in words
    assert ("SYNTHETIC" in words.replace(label, "")) == simulated


def test_every_estimate_is_drawn_with_its_verdict(tables_fit):
    rows = rows_of(tables_fit)
    figure = forest(rows, "title", "evidence: tables (printed numbers alone)")
    verdicts = [
        t.get_text() for ax in figure.axes for t in ax.texts if t.get_text() in {r.verdict for r in rows}
    ]
    assert sorted(verdicts) == sorted(r.verdict for r in rows)


def test_coefficients_of_very_different_size_get_axes_of_their_own(tables_fit):
    first, second = (r for r in rows_of(tables_fit) if r.table == "T2")
    small = {
        "posterior": {**second.record["posterior"], "mean": 2e-4, "q2.5": 1e-4, "q97.5": 3e-4},
        "term": first.term,
    }
    tiny = replace(second, record=second.record | small, outcome="y")
    titles = [ax.get_title(loc="left") for ax in forest([first, tiny], "title", "evidence").axes]
    assert len(titles) == 2
    assert titles[1].endswith("on y")


def test_a_row_without_any_interval_is_drawn(tables_fit):
    row = rows_of(tables_fit)[0]
    lost = row.record["posterior"] | {"mean": None, "q2.5": None, "q97.5": None}
    bare = row.record["published"] | {"std_error": None}
    assert forest(
        [replace(row, record=row.record | {"posterior": lost, "published": bare})], "title", "evidence"
    ).axes


def test_no_label_is_smaller_than_eight_points(panel_fit):
    figure = forest(rows_of(panel_fit), "title", "evidence: panel - SYNTHETIC", True)
    sizes = [t.get_fontproperties().get_size_in_points() for t in figure.findobj(Text) if t.get_text()]
    assert min(sizes) >= 8
    assert figure.get_figwidth() <= 7.5


@pytest.mark.parametrize("form", ["png", "svg"])
def test_two_drawings_have_the_same_bytes(panel_fit, form):
    rows = rows_of(panel_fit)

    def make():
        return forest(rows, "title", "evidence: panel - SYNTHETIC", True)

    assert drawn(make, form) == drawn(make, form)


def test_forest_plots_are_named_after_tables(tables_fit, panel_fit):
    assert [p.name for p in forest_plots(tables_fit, rows_of(tables_fit))] == ["overview", "T1", "T2"]
    assert [p.name for p in forest_plots(panel_fit, rows_of(panel_fit))] == ["T1"]
    assert forest_plots(tables_fit, []) == []


def test_equations_of_every_model_can_be_drawn(tables_fit, panel_fit):
    from posterity.models.kinds import effects

    found = [*models_used(tables_fit), *models_used(panel_fit)]
    assert [m.name for m in found] == ["tables", "pooled", "mundlak"]
    for latex in (*(m.latex for m in found), *effects.EQUATION.values()):
        assert equation_svg(latex).startswith(b"<?xml")


def test_text_in_equations_keeps_its_blanks():
    assert mathtext(r"s \in \text{a b}") == r"$s \in \mathrm{a\ b}$"
    with pytest.raises(ValueError, match="nosuchcommand"):
        equation_svg(r"\nosuchcommand x")


def lines_of(figure):
    return [(line, [float(x) for x in line.get_xdata()]) for ax in figure.axes for line in ax.lines]


@pytest.mark.parametrize("draw", [forest, overview])
def test_the_judged_interval_is_a_thin_line_on_an_axis_that_holds_it(widened_fit, draw):
    row = next(r for r in rows_of(widened_fit) if r.widened)
    low, high = there(there(row.judged_span).ends)
    figure = draw([row], "title", "evidence", True)
    (thin,) = [line for line, x in lines_of(figure) if x == [low, high]]
    (thick,) = [
        line for line, x in lines_of(figure) if x == list(there(there(row.span("with_effects")).ends))
    ]
    assert thin.get_linewidth() < thick.get_linewidth() / 2
    assert thin.get_color() == thick.get_color()
    (axes,) = figure.axes
    assert axes.get_xlim()[0] < low < high < axes.get_xlim()[1]
    assert [t.get_text() for legend in figure.legends for t in legend.get_texts()].count(JUDGED) == 1


def test_where_nothing_was_widened_there_is_one_line_and_no_legend_of_it(tables_fit):
    for row in rows_of(tables_fit):
        figure = forest([row], "title", "evidence")
        assert JUDGED not in texts(figure)
        assert sum(x == list(there(there(row.span("posterior")).ends)) for _, x in lines_of(figure)) == 1
