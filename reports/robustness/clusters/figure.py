"""Picture of tests and posteriors with clusters: 95% intervals of each coefficient side by side."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, canvas, legend
from ...drawing.figures import INK, QUIET, RULE, WIDTH
from ...rows import shorten

GREEN = "#009E73"
STEP, GAP = 0.14, 0.12
MARKS = {
    "robust": ("cluster-robust t", INK, "D"),
    "wild": ("wild cluster bootstrap", GREY, "s"),
    "independent": ("posterior, errors independent", ORANGE, "o"),
    "shocks": ("posterior, shocks of clusters", BLUE, "o"),
    "slopes": ("posterior, slopes differ by cluster", GREEN, "o"),
}


def intervals(title: str, blocks: list[tuple[str, dict[str, Any]]], label: str, made_up: bool) -> Figure:
    """One block of intervals for each coefficient; an arrow ends an interval that has no end."""
    marks = [_marks(term) for _, term in blocks]
    height = sum(STEP * len(mine) + GAP for mine in marks)
    figure = canvas(height + 0.75, title, label, made_up)
    left = 1.5
    axes = box(figure, left, 0.45, WIDTH - left - 0.25, height)
    finite = [v for mine in marks for _, ends in mine for v in ends if v is not None]
    low, high = min(*finite, 0.0), max(*finite, 0.0)
    room = 0.06 * (high - low)
    y = 0.0
    for (spec, term), mine in zip(blocks, marks, strict=True):
        tall = STEP * len(mine) + GAP
        beside(axes, -0.02, y + tall / 2, shorten(f"{spec} {term['term']}", 26), fontsize=7.6)
        for i, (name, (mean, start, end)) in enumerate(mine):
            _, colour, marker = MARKS[name]
            at = y + GAP / 2 + STEP * (i + 0.5)
            for open_end, place, head in ((start is None, low - room, "<"), (end is None, high + room, ">")):
                if open_end:
                    axes.plot([place], [at], head, color=colour, markersize=4)
            axes.plot([low - room if start is None else start, high + room if end is None else end], [at, at],
                      color=colour, linewidth=1.8, solid_capstyle="butt")  # fmt: skip
            axes.plot([mean], [at], marker, color=colour, markersize=4)
        y += tall
        axes.axhline(y, color=RULE, linewidth=0.5, zorder=0)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.set_ylim(height, 0)
    axes.set_xlim(low - 1.5 * room, high + 1.5 * room)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    used = [k for k in MARKS if any(name == k for mine in marks for name, _ in mine)]
    handles = [
        Line2D([], [], color=MARKS[k][1], marker=MARKS[k][2], linewidth=1.8, markersize=4) for k in used
    ]
    style = {"fontsize": 7.4, "ncols": 3, "handlelength": 1.6, "columnspacing": 1.0}
    legend(figure, handles, [MARKS[k][0] for k in used], 0.3, **style)
    return figure


def _marks(term: dict[str, Any]) -> list[tuple[str, tuple[float, float | None, float | None]]]:
    made: list[tuple[str, tuple[float, float | None, float | None]]] = [
        (name, tuple(term[name])) for name in ("robust", "wild")
    ]
    return made + [(name, (at["mean"], at["low"], at["high"])) for name, at in term["posterior"].items()]
