"""Pictures of a model multiverse: the specification curve, and the shares of its spread.

The curve is that of Simonsohn, Simmons and Nelson (2020), doi:10.1038/s41562-020-0912-z, with posterior
intervals in place of confidence intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ....models.errors import LAWS
from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, canvas, legend
from ...drawing.figures import INK, QUIET, RULE, SIZE, WIDTH
from ...rows import Row, shorten

COLOURS = {"effects": BLUE, "controls": ORANGE, "prior": "#CC79A7", "sample": "#E69F00", "errors": "#56B4E9",
           "twins": "#009E73", "interactions": "#d9d9d9"}  # fmt: skip
LEFT, RIGHT, UP, LINE = 1.95, 0.12, 2.3, 0.118
BAR = 0.2


class Bar(NamedTuple):
    """One model as a bar: mean, ends of the interval, its level of each factor, and which group it is of."""

    mean: float
    low: float
    high: float
    levels: dict[str, str]
    group: str


def bars_of(term: dict[str, Any], printed: Sequence[Row], errors: str) -> list[Bar]:
    """Members, error models and the paper's own columns, sorted by mean; `errors` are those of the column."""
    levels = term["levels"]
    names = list(levels)
    own = {name: labels[0] for name, labels in levels.items()} | {"errors": "Gaussian"}
    found = []
    for *at, mean, low, high in term["members"]:
        mine = {name: levels[name][i] for name, i in zip(names, at, strict=True)}
        group = "own" if not any(at) and LAWS[errors].additive else "member"
        found.append(Bar(mean, low, high, mine | {"errors": "Gaussian"}, group))
    for error in term["errors"]:
        mean, low, high = error["at"]
        group = "own" if error["name"] == errors else "errors"
        found.append(Bar(mean, low, high, own | {"errors": LAWS[error["name"]].label}, group))
    for row in printed:
        span = row.span("published")
        if span is not None and span.ends is not None:
            found.append(Bar(span.mean, *span.ends, {"paper": f"{row.spec_id}"}, "paper"))
    return sorted(found, key=lambda bar: bar[:3])


def curve(
    study: str,
    spec: str,
    term: dict[str, Any],
    printed: Sequence[Row],
    errors: str,
    label: str,
    synthetic: bool,
) -> Figure:
    """Posteriors as bars in order of their means; below them which choice each was made with."""
    bars = bars_of(term, printed, errors)
    rows = {name: list(labels) for name, labels in term["levels"].items() if len(labels) > 1}
    if term["errors"]:
        rows["errors"] = ["Gaussian", *(LAWS[e["name"]].label for e in term["errors"])]
    paper = [bar.levels["paper"] for bar in bars if bar.group == "paper"]
    lines = sum(map(len, rows.values())) + len(rows) + (len(paper) + 1 if paper else 0)
    down = LINE * lines
    figure = canvas(
        UP + 0.12 + down, f"{study} {spec}: {term['term']} over {term['count']} models", label, synthetic
    )
    wide = WIDTH - LEFT - RIGHT
    _posteriors(box(figure, LEFT, 0.0, wide, UP), bars, term["term"])
    _choices(box(figure, LEFT, UP + 0.12, wide, down), bars, rows | ({"paper": paper} if paper else {}))
    _key(figure, bars)
    return figure


def limits(bars: Sequence[Bar]) -> tuple[float, float]:
    """Limits of the axis: 0, and all bars but the outermost fiftieth of members.

    No bar reaches so far out that the others would be flat.
    """
    low = min(0.0, sorted(bar.low for bar in bars)[len(bars) // 50])
    high = max(0.0, sorted(bar.high for bar in bars)[-1 - len(bars) // 50])
    named, span = [bar for bar in bars if bar.group != "member"], high - low
    lowest, highest = min([low, *(bar.low for bar in named)]), max([high, *(bar.high for bar in named)])
    return max(lowest, low - span), min(highest, high + span)


def _posteriors(axes: Axes, bars: Sequence[Bar], term: str) -> None:
    for x, bar in enumerate(bars):
        sure = bar.low > 0 or bar.high < 0
        colour, width, z = {
            "paper": (INK, 1.6, 4),
            "own": (ORANGE, 2.6, 5),
            "errors": ("#009E73", 1.6, 3),
            "member": (BLUE if sure else "#a9a9a9", 1.3, 2),
        }[bar.group]
        axes.plot([x, x], [bar.low, bar.high], color=colour, linewidth=width, solid_capstyle="butt", zorder=z,
                  alpha=0.55 if bar.group == "member" else 1)  # fmt: skip
        style = {"paper": ("D", 4.0, "white"), "own": ("o", 5.0, ORANGE), "errors": ("s", 3.0, "#009E73"),
                 "member": ("o", 1.6, colour)}[bar.group]  # fmt: skip
        axes.plot(
            [x],
            [bar.mean],
            style[0],
            markersize=style[1],
            color=colour,
            markerfacecolor=style[2],
            zorder=z + 1,
        )
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    low, high = limits(bars)
    room = 0.06 * (high - low)
    axes.set_ylim(low - room, high + room)
    for x, bar in enumerate(bars):
        for cut, end, head in (
            (bar.low < low - room, low - room, "v"),
            (bar.high > high + room, high + room, "^"),
        ):
            if cut:
                axes.plot([x], [end], head, color=INK, markersize=4, clip_on=False, zorder=6)
    axes.set_xlim(-1.5, len(bars) + 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylabel(shorten(f"coefficient of {term}", 34), fontsize=SIZE, color=QUIET, parse_math=False)


def _choices(axes: Axes, bars: Sequence[Bar], rows: dict[str, list[str]]) -> None:
    y = 0.0
    for name, labels in rows.items():
        y += 1
        title = "the paper's columns" if name == "paper" else name
        beside(axes, -0.01, y - 0.55, title, fontsize=6.8, fontweight="bold")
        for label in labels:
            axes.axhline(y + 0.5, color=RULE, linewidth=0.4, zorder=0)
            at = [x for x, bar in enumerate(bars) if bar.levels.get(name) == label]
            if name == "paper":
                axes.plot(at, [y + 0.5] * len(at), "D", color=INK, markersize=3.2, markerfacecolor="white")
            else:
                axes.plot(at, [y + 0.5] * len(at), "|", color=BLUE, markersize=5.5, markeredgewidth=0.9)
            mine = [x for x in at if bars[x].group == "own"]
            axes.plot(mine, [y + 0.5] * len(mine), "o", color=ORANGE, markersize=4.2)
            beside(axes, -0.01, y + 0.5, shorten(label, 36), fontsize=6.8, color=QUIET)
            y += 1
    axes.set_ylim(y, 0)
    axes.set_xlim(-1.5, len(bars) + 0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in ("left", "bottom"):
        axes.spines[edge].set_visible(False)


def _key(figure: Figure, bars: Sequence[Bar]) -> None:
    def line(colour: str, marker: str, face: str) -> Line2D:
        return Line2D(
            [], [], color=colour, marker=marker, markerfacecolor=face, markersize=4.2, linewidth=1.6
        )

    every = {
        "own": (line(ORANGE, "o", ORANGE), "the column's own model"),
        "member": (line(BLUE, "o", BLUE), "95% excludes 0 (grey: contains 0)"),
        "errors": (line("#009E73", "s", "#009E73"), "other errors"),
        "paper": (line(INK, "D", "white"), "as published"),
    }
    used = [every[group] for group in every if any(bar.group == group for bar in bars)]
    handles, labels = zip(*used, strict=True)
    legend(figure, handles, labels, handlelength=1.8, columnspacing=1.2)


def shares(study: str, terms: Sequence[tuple[str, dict[str, Any]]], label: str, synthetic: bool) -> Figure:
    """Where the variation of each coefficient comes from: shares of variance, and standard deviations."""
    body = BAR * len(terms) + 0.55
    figure = canvas(body, f"{study}: where the spread over models comes from", label, synthetic)
    left, right = 1.35, 1.95
    axes = box(figure, left, 0.12, WIDTH - left - right, BAR * len(terms))
    used: dict[str, None] = {}
    for y, (spec, term) in enumerate(terms):
        found = term["spread"]
        start = 0.0
        for name, share in [*found["alone"].items(), ("interactions", found["interactions"])]:
            used[name] = None
            axes.barh(
                y,
                share,
                left=start,
                height=0.72,
                color=COLOURS[name],
                edgecolor="white",
                linewidth=0.5,
                hatch="////" if name == "interactions" else None,
            )
            start += share
        beside(axes, -0.015, y, shorten(f"{spec} {term['term']}", 22))
        spread = f"{found['sd']:.2g} over models, {found['within']:.2g} within"
        beside(axes, 1.02, y, spread, color=QUIET, fontsize=7)
    axes.set_ylim(len(terms) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("share of the variance of posterior means over models", fontsize=SIZE, color=QUIET)
    axes.spines["left"].set_visible(False)
    handles = [
        Patch(facecolor=COLOURS[name], hatch="////" if name == "interactions" else None, edgecolor="white")
        for name in used
    ]
    legend(figure, handles, list(used), handlelength=1.2, columnspacing=1.2)
    figure.text(
        1 - 0.1 / WIDTH,
        1 - 0.38 / figure.get_figheight(),
        "standard deviation",
        ha="right",
        va="center",
        fontsize=7,
        color=GREY,
    )
    return figure
