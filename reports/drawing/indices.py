"""Figures of composite indices: weights with intervals, and association built in by shared indicators."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...analyses.indices.built_in_association import BuiltInAssociation
from ..rows import shorten
from .canvas import beside, legend
from .figures import INK, QUIET, RULE, SIZE, WIDTH

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#9a9a9a"
ROW, HEAD, FOOT = 0.17, 0.62, 0.5
DIMENSION, BETWEEN, LEFT = 0.2, 0.6, 2.1
LABEL = 34
SYNTHETIC = "SYNTHETIC"


def weights_figure(
    weights: pd.DataFrame, indices: list[str], title: str, caption: str, synthetic: bool
) -> Figure:
    """Weights of each index with 95% intervals: one axis for each index, in two stacks.

    Parameters
    ----------
    weights : `analyses.indices.index.weights_table`
    """
    stacks: list[list[pd.DataFrame]] = [[], []]
    for name in indices:
        shorter = min(stacks, key=lambda stack: sum(_depth(t) + BETWEEN for t in stack))
        shorter.append(weights[weights["index"] == name])
    depth = max(sum(_depth(t) + BETWEEN for t in stack) for stack in stacks)
    figure = captioned_figure(HEAD + depth + FOOT, title, caption, SYNTHETIC * synthetic)
    for number, stack in enumerate(stacks):
        top = HEAD
        for table in stack:
            axes = axes_at(figure, number * WIDTH / 2 + LEFT, top, WIDTH / 2 - LEFT - 0.15, _depth(table))
            _draw_weights(axes, table)
            top += _depth(table) + BETWEEN
    return figure


def _draw_weights(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_ylim(_depth(table), 0)
    several = table["dimension"].nunique() > 1
    y = 0.0
    for dimension, part in table.groupby("dimension", sort=False):
        if several:
            beside(axes, -0.04, y + DIMENSION / 2, shorten(str(dimension), LABEL), fontweight="bold")
            y += DIMENSION
        twice = part["indicator"].duplicated(keep=False)
        for row, double in zip(part.to_dict("records"), twice, strict=True):
            middle = y + ROW / 2
            name = row["column"].replace("_", " ") if double else row["indicator"]
            text = shorten(name, LABEL) + ("" if row["direction"] == "+" else " (−)")
            beside(axes, -0.04, middle, text, fontsize=SIZE - 1)
            axes.plot(
                [row["q2.5"], row["q97.5"]], [middle] * 2, color=BLUE, linewidth=2.0, solid_capstyle="butt"
            )
            axes.plot([float(row["weight"])], [middle], "o", color=BLUE, markersize=3.6)
            y += ROW
    axes.axvline(1 / len(table), color=QUIET, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
    axes.set_xlim(left=min(0.0, float(table["q2.5"].min())))
    index = str(table["index"].iloc[0])
    axes.set_title(index, loc="left", fontsize=9, fontweight="bold", color=INK, pad=4, parse_math=False)
    _plain(axes)


def _depth(table: pd.DataFrame) -> float:
    dimensions = table["dimension"].nunique()
    return len(table) * ROW + (dimensions * DIMENSION if dimensions > 1 else 0)


def built_in_figure(results: list[BuiltInAssociation], title: str, synthetic: bool = False) -> Figure:
    """Coefficients simulated without any link, with shared indicators and without, beside the printed one."""
    rows = [r for r in results if r.published is not None]
    how = _once(one.how for one in rows)
    caption = (
        f"SIMULATED, {len(rows[0].shared):,} panels for each column. {how} "
        + "Points: medians; thick lines: 50%, thin: 95% of simulations. In columns without effects, trends"
        " common to all entities associate the indices too; the difference of blue and grey is sharing."
    )
    lines = len(textwrap.wrap(caption, 118))
    depth = 0.46 * len(rows)
    figure = captioned_figure(
        HEAD + 0.2 + depth + 0.35 + 0.15 * lines + 0.2,
        title,
        caption,
        f"SIMULATED, {SYNTHETIC}" if synthetic else "SIMULATED",
    )
    axes = axes_at(figure, 1.75, HEAD + 0.2, WIDTH - 3.75, depth)
    axes.set_ylim(len(rows), 0)
    for number, one in enumerate(rows):
        for offset, values, colour in ((0.3, one.unshared, GREY), (0.52, one.shared, BLUE)):
            low, left, median, right, high = np.quantile(values, [0.025, 0.25, 0.5, 0.75, 0.975])
            axes.plot([low, high], [number + offset] * 2, color=colour, linewidth=1.0)
            axes.plot(
                [left, right], [number + offset] * 2, color=colour, linewidth=3.2, solid_capstyle="butt"
            )
            axes.plot([median], [number + offset], "o", color=colour, markersize=4.2, markeredgecolor="white")
        axes.plot(
            [one.published or 0.0],
            [number + 0.76],
            "D",
            color="black",
            markerfacecolor="white",
            markersize=4.6,
        )
        text = f"{one.spec_id}  {one.term} on {one.outcome}"
        beside(axes, -0.03, number + 0.5, shorten(text, 27))
        names = ", ".join(name.replace("_", " ") for name in one.names) or "nothing"
        wrapped = "\n".join(textwrap.wrap(names, 30))
        beside(axes, 1.03, number + 0.5, wrapped, fontsize=SIZE - 1, color=QUIET, linespacing=1.1)
        if number:
            axes.axhline(number, color=RULE, linewidth=0.6, zorder=0)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=0)
    axes.text(
        1.03,
        -0.12,
        "shared",
        transform=axes.get_yaxis_transform(),
        fontsize=SIZE,
        fontweight="bold",
        color=QUIET,
        va="bottom",
    )
    handles = [
        Line2D([], [], color=BLUE, marker="o", linewidth=3.2, markersize=4.2, markeredgecolor="white"),
        Line2D([], [], color=GREY, marker="o", linewidth=3.2, markersize=4.2, markeredgecolor="white"),
        Line2D([], [], color="black", marker="D", markerfacecolor="white", linewidth=0, markersize=4.6),
    ]
    legend(figure, handles, ["shared indicators, no link", "every indicator its own", "printed"], 0.28)
    _plain(axes)
    return figure


def _once(texts: Iterable[str]) -> str:
    """The sentences of several texts, each once."""
    sentences = (sentence.strip(" .") for text in texts for sentence in text.split(". "))
    return ". ".join(dict.fromkeys(sentences)) + "."


def captioned_figure(height: float, title: str, caption: str, stamp: str) -> Figure:
    """A figure of this height in inches with a title, a caption at the foot and a stamp in the corner."""
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(
        0.1 / WIDTH,
        1 - 0.1 / height,
        shorten(title, 84),
        va="top",
        fontsize=10,
        fontweight="bold",
        color=INK,
        parse_math=False,
    )
    figure.text(0.1 / WIDTH, 0.1 / height, "\n".join(textwrap.wrap(caption, 118)), va="bottom", fontsize=SIZE,
                color=QUIET, parse_math=False, linespacing=1.25)  # fmt: skip
    figure.text(
        1 - 0.1 / WIDTH,
        1 - 0.08 / height,
        stamp,
        va="top",
        ha="right",
        fontweight="bold",
        color="#9c3d00",
        fontsize=18 if len(stamp) < 10 else 12,
    )
    if SYNTHETIC in stamp:
        figure.text(
            0.5,
            0.5,
            SYNTHETIC,
            va="center",
            ha="center",
            rotation=30,
            fontsize=54,
            fontweight="bold",
            color=ORANGE,
            alpha=0.14,
            zorder=0,
        )
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, depth: float) -> Axes:
    """Axes at inches from the left and the top."""
    height = figure.get_figheight()
    axes = figure.add_axes((left / WIDTH, 1 - (top + depth) / height, width / WIDTH, depth / height))
    axes.patch.set_alpha(0)
    return axes


def _plain(axes: Axes) -> None:
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=3))
    axes.tick_params(axis="x", labelsize=SIZE, color=QUIET, labelcolor=QUIET, length=3)
    for edge in ("left", "right", "top"):
        axes.spines[edge].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
