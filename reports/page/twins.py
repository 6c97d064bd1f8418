"""What twins show: how much of a posterior's variance lies between twins, and how much within one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...analyses.judge.interval import judged_fit
from ...analyses.judge.over_twins import NOT_IDENTIFIED
from ...analyses.run.fits import Fit
from ...analyses.run.twin_mixture import Ensemble, of_term
from ..drawing.canvas import beside
from ..drawing.figure_files import FigureFile, Section
from ..drawing.figures import INK, QUIET, RULE, SIZE, WIDTH, stamp
from ..rows import Row, evidence_label, number, plural, shorten
from .templating import rendered

BLUE, ORANGE = "#0072B2", "#D55E00"
ROW, MOST = 0.22, 40


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about twins; None at other evidence."""
    if fit.evidence != "twin":
        return None
    shown = [(row, over) for row, over in _ensembles(fit, rows) if not row.constant]
    label = evidence_label(fit)
    figure_file = _figure_file(fit, shown, label)
    lines = [
        {
            "id": row.id,
            "published": row.printed,
            "posterior": row.interval(row.judged),
            "between": number(over.between, row.decimals + 1),
            "within": number(over.within, row.decimals + 1),
            "share": f"{over.share_between:.0%}",
            "open": over.share_between > NOT_IDENTIFIED,
            "verdicts": ", ".join(f"{name} in {n}" for name, n in row.record["twins"]["verdicts"].items()),
        }
        for row, over in shown
    ]
    count = len(shown[0][1].mean) if shown else 0
    body = rendered(
        "twins.html", lines=lines, figure_file=figure_file, count=count, label=label, share=NOT_IDENTIFIED
    )
    return Section("twins", "Twins", body, (figure_file,) if figure_file else ())


def _ensembles(fit: Fit, rows: list[Row]) -> Iterator[tuple[Row, Ensemble]]:
    for row in rows:
        over = of_term(judged_fit(fit.specs[row.spec_id], row.term), row.term)
        if over is not None:
            yield row, over


def _figure_file(fit: Fit, shown: list[tuple[Row, Ensemble]], label: str) -> FigureFile | None:
    """Twins' posterior means against the interval that one such panel would leave, in published units."""
    drawable = [(row, over) for row, over in shown if row.record["published"]["estimate"]][:MOST]
    if not drawable:
        return None

    def make() -> Figure:
        height = 1.15 + ROW * len(drawable)
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasAgg(figure)
        stamp(figure)
        axes = figure.add_axes((0.2, 0.42 / height, 0.62, 1 - 1.15 / height))
        axes.patch.set_alpha(0)
        for at, (row, over) in enumerate(drawable):
            unit = row.record["published"]["estimate"]
            part = row.record[row.judged]
            axes.plot(
                [part["q2.5"] / unit, part["q97.5"] / unit], [at, at], color=BLUE, linewidth=0.9, zorder=1
            )
            centre, reach = over.mean.mean() / unit, 1.96 * over.within / abs(unit)
            axes.plot(
                [centre - reach, centre + reach],
                [at, at],
                color=BLUE,
                linewidth=4,
                alpha=0.35,
                zorder=2,
                solid_capstyle="butt",
            )
            axes.plot(over.mean / unit, [at] * len(over.mean), "|", color=ORANGE, markersize=7, zorder=3)
            beside(axes, -0.02, at, shorten(row.id, 24))
            beside(axes, 1.02, at, f"{over.share_between:.0%} between")
        axes.axvline(0, color=RULE, linewidth=1, zorder=0)
        axes.axvline(1, color=INK, linewidth=0.8, linestyle=":", zorder=0)
        axes.set_ylim(len(drawable) - 0.5, -0.5)
        low, high = axes.get_xlim()
        axes.set_xlim(max(low, -4), min(high, 6))
        axes.set_yticks([])
        axes.tick_params(axis="x", labelsize=SIZE, color=QUIET, labelcolor=QUIET, length=3)
        axes.set_xlabel("multiples of the published estimate", fontsize=SIZE, color=QUIET)
        for edge in ("left", "right", "top"):
            axes.spines[edge].set_visible(False)
        key = "ticks: posterior means of twins · thick: 95% within one panel · thin: mixture"
        head: dict[str, Any] = {"x": 0.1 / WIDTH, "va": "top", "parse_math": False}
        figure.text(y=1 - 0.1 / height, s=f"{fit.study.name}: what the tables leave open", fontsize=10,
                    fontweight="bold", **head)  # fmt: skip
        figure.text(y=1 - 0.42 / height, s=key, fontsize=SIZE, color=QUIET, **head)
        return figure

    alt = (
        f"For {plural(len(drawable), 'coefficient')}, the posterior means of SYNTHETIC twins, the 95%"
        " interval that one panel would leave, and the interval of the mixture, in multiples of the"
        f" published estimate. {label}."
    )
    return FigureFile.of("twins", None, "what the tables leave open", alt, make)
