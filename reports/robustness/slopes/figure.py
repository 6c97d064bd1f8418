"""Figures of slopes by group: separate and partially pooled slopes, and the slopes of all entities."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...drawing.canvas import BLUE, ORANGE, beside, box, canvas, heading, legend
from ...drawing.figures import INK, QUIET, RULE, SIZE, WIDTH
from ...rows import Row, shorten

GREEN = "#009E73"
STEP, GAP, TITLE = 0.13, 0.1, 0.5
MARKS = {
    "printed": ("apart, published", INK, "D", "white"),
    "apart": ("apart, posterior", ORANGE, "s", ORANGE),
    "pooled": ("pooled, all slopes differ", BLUE, "o", BLUE),
    "only": ("pooled, only this slope differs", GREEN, "^", GREEN),
}
FITTED = ("apart", "pooled", "only")


def regions(
    title: str, term: dict[str, Any], published: dict[str, dict[str, Row]], label: str, synthetic: bool
) -> Figure:
    """Forests: for each grouping the slopes of its groups, and below them the differences."""
    forests = [_forest(group, published[group["by"]]) for group in term["groups"]]
    heights = [sum(_tall(marks) for _, marks in forest) for forest in forests]
    body = sum(heights) + TITLE * len(forests) + 0.1
    figure = canvas(body, f"{title} by group", label, synthetic)
    top, left = 0.28, 2.35
    for group, forest, height in zip(term["groups"], forests, heights, strict=True):
        axes = box(figure, left, top, WIDTH - left - 0.25, height)
        heading(axes, f"by {group['by']}, {group['way']}", 70)
        y = 0.0
        for name, marks in forest:
            tall = _tall(marks)
            beside(axes, -0.02, y + tall / 2, shorten(name, 40), fontsize=7.4)
            for i, (name_of_mark, (mean, low, high)) in enumerate(marks):
                _, colour, marker, face = MARKS[name_of_mark]
                at = y + GAP / 2 + STEP * (i + 0.5)
                axes.plot([low, high], [at, at], color=colour, linewidth=1.8, solid_capstyle="butt")
                axes.plot([mean], [at], marker, color=colour, markerfacecolor=face, markersize=4.2)
            y += tall
            axes.axhline(y, color=RULE, linewidth=0.5, zorder=0)
        axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
        axes.set_ylim(height, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        top += height + TITLE
    drawn_marks = {mark for forest in forests for _, marks in forest for mark, _ in marks}
    used = [k for k in MARKS if k in drawn_marks]
    handles = [
        Line2D(
            [],
            [],
            color=MARKS[k][1],
            marker=MARKS[k][2],
            markerfacecolor=MARKS[k][3],
            linewidth=1.8,
            markersize=4.2,
        )
        for k in used
    ]
    style = {"fontsize": 7.4, "handlelength": 1.6, "columnspacing": 1.0}
    legend(figure, handles, [MARKS[k][0] for k in used], 0.3, **style)
    return figure


Marks = list[tuple[str, tuple[float, float, float]]]


def _tall(marks: Marks) -> float:
    return STEP * len(marks) + GAP


def _forest(group: dict[str, Any], published: dict[str, Row]) -> list[tuple[str, Marks]]:
    printed = published if group["way"] == "as published" else {}
    forest = []
    for i, name in enumerate(group["names"]):
        marks: Marks = []
        span = printed[name].span("published") if name in printed else None
        if span is not None and span.ends is not None:
            marks.append(("printed", (span.mean, *span.ends)))
        marks += [(mark, tuple(group[mark][i][:3])) for mark in FITTED if group[mark][i]]
        forest.append((f"{name} ({group['sizes'][i]})", marks))
    for difference in group["differences"]:
        marks = [(mark, tuple(difference[mark][:3])) for mark in FITTED if difference[mark]]
        forest.append((" − ".join(shorten(name, 17) for name in difference["of"]), marks))
    return forest


def caterpillar(title: str, term: dict[str, Any], entity: str, label: str, synthetic: bool) -> Figure:
    """The slope of every entity in order, partially pooled; over twins, of every rank."""
    entities = term["entities"]
    rows, names = entities["rows"], entities["names"]
    height = max(1.2, 0.115 * len(rows))
    figure = canvas(height + 0.3, f"{title} by {entity}, partially pooled", label, synthetic)
    left = 1.7 if names else 1.0
    axes = box(figure, left, 0.0, WIDTH - left - 0.25, height)
    for y, (mean, low, high) in enumerate(rows):
        axes.plot([low, high], [y, y], color=BLUE, linewidth=1.6, solid_capstyle="butt", alpha=0.6)
        axes.plot([mean], [y], "o", color=BLUE, markersize=3)
        if names or y in (0, len(rows) - 1):
            text = names[y] if names else ("lowest" if y == 0 else "highest")
            beside(axes, -0.015, y, shorten(text, 26), fontsize=6.8)
    mean, low, high = entities["common"][:3]
    axes.axvspan(low, high, color=ORANGE, alpha=0.15, linewidth=0)
    axes.axvline(mean, color=ORANGE, linewidth=1.0)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    figure.text(
        0.1 / WIDTH,
        1 - 0.36 / figure.get_figheight(),
        f"band: mean of all {entity} slopes, 95%"
        + ("" if names else f" · {entity} in order, mean over SYNTHETIC twins"),
        fontsize=SIZE,
        color=QUIET,
    )
    return figure
