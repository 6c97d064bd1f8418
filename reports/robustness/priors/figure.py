"""Figures of robustness to priors: sensitivity, tipping prior, Bayes factors, the multiverse of priors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, canvas, heading, legend
from ...drawing.figures import INK, QUIET, RULE, SIZE, WIDTH
from ...rows import shorten

ABREAST = 3
CURVE, FACTOR, BETWEEN, BELOW, KEY = 1.05, 0.6, 0.1, 0.6, 0.16
STRIP = 0.3
FACTORS = 3.0  # Bayes factors are drawn from 10^-3 to 10^3
GROUPS = {
    "width": ("width", BLUE, "o"),
    "tail": ("tail", "#009E73", "s"),
    "centre": ("centre", "#CC79A7", "v"),
    "flat": ("flat", INK, "+"),
    "belief": ("sceptic, enthusiast, other papers", ORANGE, "D"),
    "around": ("all around the slope", GREY, "x"),
}


@dataclass(frozen=True)
class Focus:
    """The slope of a column that is shown, with the records of `analyses.robustness.priors`."""

    id: str
    term: str
    record: dict[str, Any]

    @property
    def title(self) -> str:
        return f"{self.id} {self.term}"


def curves(shown: list[Focus], title: str, evidence: str, simulated: bool) -> Figure:
    """For each column, posterior and Bayes factor against the spread of a normal prior about 0."""
    cell = CURVE + FACTOR + BETWEEN + BELOW
    deep = -(-len(shown) // ABREAST)
    made = canvas(KEY + deep * cell, title, evidence, simulated)
    _key(made, _CURVE_KEY)
    width = WIDTH / ABREAST
    for number, focus in enumerate(shown):
        left, top = (number % ABREAST) * width + 0.52, KEY + (number // ABREAST) * cell
        _sensitivity(box(made, left, top, width - 0.64, CURVE), focus)
        _factor(box(made, left, top + CURVE + BETWEEN, width - 0.64, FACTOR), focus)
    return made


_CURVE_KEY = [
    ("posterior mean and 95%", {"color": BLUE, "linewidth": 2}),
    ("tipping prior", {"color": ORANGE, "linewidth": 1.4}),
    ("this run's prior", {"color": QUIET, "linewidth": 1, "linestyle": ":"}),
    ("published", {"color": INK, "linewidth": 0.9, "linestyle": "--"}),
]


def _key(made: Figure, entries: list[tuple[str, dict[str, Any]]]) -> None:
    handles = [Line2D([], [], markersize=4, **style) for _, style in entries]
    legend(made, handles, [label for label, _ in entries], 0.28, handlelength=1.8, columnspacing=1.3)


def _sensitivity(axes: Axes, focus: Focus) -> None:
    curve, record = focus.record["curve"], focus.record
    heading(axes, focus.title, 27)
    axes.fill_between(curve["scale"], curve["q2.5"], curve["q97.5"], color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(curve["scale"], curve["mean"], color=BLUE, linewidth=1.5)
    axes.axhline(0, color=QUIET, linewidth=0.8)
    reach = max(map(abs, (*curve["q2.5"], *curve["q97.5"])))
    if abs(record["published"]) <= 1.6 * reach:
        axes.axhline(record["published"], color=INK, linewidth=0.9, linestyle="--")
    _scale_axis(axes, focus)
    axes.tick_params(axis="x", labelbottom=False)


def _factor(axes: Axes, focus: Focus) -> None:
    curve = focus.record["curve"]
    factor = np.clip(curve["log10_bf10"], -FACTORS, FACTORS + 0.3)
    axes.axhspan(-FACTORS, 0, color=RULE, alpha=0.35, linewidth=0)
    axes.plot(curve["scale"], factor, color=INK, linewidth=1.3)
    axes.axhline(0, color=QUIET, linewidth=0.8)
    axes.set_ylim(-FACTORS * 0.7, FACTORS + 0.3)
    axes.yaxis.set_major_locator(FixedLocator([-2, 0, 2]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: {-2: "1/100", 0: "1", 2: "100"}[round(v)]))
    _scale_axis(axes, focus)
    unit = "s.d. of the prior" if focus.record["standardised"] else "s.d. of the prior, paper's units"
    axes.set_xlabel(unit, fontsize=SIZE, color=QUIET, labelpad=1)


def _scale_axis(axes: Axes, focus: Focus) -> None:
    scales, tipping = focus.record["curve"]["scale"], focus.record["tipping"]
    axes.set_xscale("log")
    axes.set_xlim(scales[0], scales[-1])
    if focus.record["standardised"]:
        axes.xaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.axvline(focus.record["run_scale"], color=QUIET, linewidth=1, linestyle=":")
    axes.xaxis.set_minor_locator(NullLocator())
    if tipping is not None and tipping["scale"] <= scales[-1]:
        axes.axvline(max(tipping["scale"], scales[0]), color=ORANGE, linewidth=1.4)


def strip(shown: list[Focus], title: str, evidence: str, simulated: bool) -> Figure:
    """For each column, posterior means under every prior, and the farthest ends of their 95% intervals."""
    made = canvas(KEY + len(shown) * STRIP + 0.4, title, evidence, simulated)
    used = {m["group"] for f in shown for m in f.record["multiverse"]}
    groups = [name for name in GROUPS if name in used]
    marks: dict[str, Any] = {"linestyle": "", "markerfacecolor": "none"}
    _key(made, [(GROUPS[g][0], {"color": GROUPS[g][1], "marker": GROUPS[g][2], **marks}) for g in groups])
    axes = box(made, 1.75, KEY, WIDTH - 3.35, len(shown) * STRIP)
    extent = 0.0
    for at, focus in enumerate(shown):
        unit = focus.record["published"] or focus.record["unit"]
        run, lines = focus.record["run"], focus.record["multiverse"]
        low, high = min(m["q2.5"] for m in lines) / unit, max(m["q97.5"] for m in lines) / unit
        axes.plot([low, high], [at, at], color=GREY, linewidth=0.7, zorder=1)
        axes.plot([run["q2.5"] / unit, run["q97.5"] / unit], [at, at], color=BLUE, alpha=0.3, linewidth=11,
                  solid_capstyle="butt", zorder=1)  # fmt: skip
        extent = max(extent, *(abs(run[q] / unit) for q in ("q2.5", "q97.5")))
        for number, group in enumerate(groups):
            _, colour, marker = GROUPS[group]
            means = [m["mean"] / unit for m in lines if m["group"] == group]
            level = at + 0.56 * (number + 0.5) / len(groups) - 0.28
            axes.plot(
                means,
                [level] * len(means),
                marker,
                color=colour,
                markersize=3.2,
                markerfacecolor="none",
                markeredgewidth=0.9,
                linestyle="",
                zorder=2,
            )
        beside(axes, -0.03, at, shorten(focus.title, 25))
        beside(axes, 1.03, at, shorten(counted(focus.record["verdicts"]), 26))
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=0)
    axes.axvline(1, color=INK, linewidth=0.8, linestyle="--", zorder=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    reach = min(max(extent * 1.15, 1.3), 6.0)
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, -reach), min(high, reach))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("multiples of the published estimate (dashed)", fontsize=SIZE, color=QUIET)
    return made


def counted(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in verdicts.items())
