"""Picture of a mediation: its paths, its effects at rho = 0, and the indirect effect as rho moves."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....analyses.run.results import SpecFit
from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, heading
from ...drawing.figures import INK, QUIET, SIZE
from ...rows import number, shorten
from ..mechanisms import ROW, Printed, decimals_of

PATHS = ("direct", "indirect", "total")


def draw(made: Figure, top: float, one: SpecFit, printed: Printed) -> None:
    """One column: the paths, their effects at rho = 0, and the indirect effect as rho moves."""
    _paths(box(made, 0.1, top, 2.35, ROW), one)
    _effects(box(made, 3.2, top, 1.5, ROW), one, printed)
    _moving(box(made, 5.25, top, 1.8, ROW), one)


def _paths(axes: Axes, one: SpecFit) -> None:
    found = one.mechanism or {}
    outcome = str(one.view.spec.parsed.outcome)
    heading(axes, f"{one.id}: {found['treatment']} to {outcome}", 32)
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 6)
    nodes = {
        "x": (1.1, 1.0, found["treatment"]),
        "m": (5.0, 4.9, found["mediator"]),
        "y": (8.9, 1.0, outcome),
    }
    arrow = {"arrowstyle": "-|>", "shrinkA": 13, "shrinkB": 13, "linewidth": 1.3}
    for start, end, name, where, colour in (
        ("x", "m", "a", (1.5, 3.7), BLUE),
        ("m", "y", "b", (8.5, 3.7), BLUE),
        ("x", "y", "direct", (5.0, 1.75), ORANGE),
    ):  # fmt: skip
        axes.annotate("", nodes[end][:2], nodes[start][:2], arrowprops={**arrow, "color": colour})
        part = found[name]
        d = decimals_of(part)
        text = (
            f"{number(part['mean'], d)}\n[{number(part['q2.5'], d)}, {number(part['q97.5'], d)}]"
            if name != "direct"
            else f"direct {number(part['mean'], d)}"
        )
        axes.text(*where, text, ha="center", va="center", fontsize=SIZE - 1, color=colour, parse_math=False)
    for x, y, label in nodes.values():
        axes.text(
            x, y, shorten(label, 12), ha="center", va="center", fontsize=SIZE, color=INK, parse_math=False,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": GREY},
        )  # fmt: skip


def _effects(axes: Axes, one: SpecFit, printed: Printed) -> None:
    found = one.mechanism or {}
    heading(axes, "effects at rho = 0", 26)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    boot = list(found["bootstrap"].items())
    for at, (name, colour) in enumerate(zip(PATHS, (ORANGE, BLUE, INK), strict=True)):
        part = found[name]
        axes.plot([part["q2.5"], part["q97.5"]], [at, at], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([part["mean"]], [at], "o", color=colour, markersize=4)
        for step, (_, replicated) in enumerate(boot if name != "total" else [], 1):
            low, high = replicated[name]["q2.5"], replicated[name]["q97.5"]
            axes.plot([low, high], [at + 0.16 * step] * 2, color=GREY, linewidth=0.9)
        row = printed.get((one.id, name)) or (
            printed.get((one.id, found["treatment"])) if name == "direct" else None
        )
        span = row.span("published") if row else None
        if span is not None:
            axes.plot([span.mean], [at - 0.2], "D", color="black", markerfacecolor="white", markersize=3.6)
            if span.ends:
                axes.plot(span.ends, [at - 0.2] * 2, color="black", linewidth=0.9, zorder=1)
        beside(axes, -0.06, at, name, color=colour)
    axes.set_ylim(2.75, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    units = ", ".join(unit for unit, _ in boot)
    axes.set_xlabel(
        f"grey: bootstrap by\n{shorten(units, 34)}", fontsize=SIZE - 1, color=QUIET, parse_math=False
    )


def _moving(axes: Axes, one: SpecFit) -> None:
    found, along = one.mechanism or {}, one.tree["sensitivity"]
    heading(axes, "indirect effect by rho", 40)
    at = along["rho"].to_numpy()
    mean, low, high = along["indirect"].transpose("summary", "rho").to_numpy()
    zero, change = found["vanishing_rho"]["mean"], found["changes_at"]["indirect"]
    reach = min(0.95, max(0.45, 1.5 * abs(zero)))
    seen = abs(at) <= reach + 1e-9
    axes.fill_between(at[seen], low[seen], high[seen], color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(at[seen], mean[seen], color=BLUE, linewidth=1.5)
    axes.axhline(0, color=QUIET, linewidth=0.8)
    axes.axvline(0, color=QUIET, linewidth=0.6, linestyle=":")
    if abs(zero) <= reach:
        axes.plot([zero], [0], "o", color=ORANGE, markersize=4.5, zorder=4)
        axes.text(
            0.98 if zero > 0 else 0.02,
            0.95,
            f"0 at rho = {number(zero, 2)}",
            ha="right" if zero > 0 else "left",
            va="top",
            fontsize=SIZE,
            color=ORANGE,
            transform=axes.transAxes,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    if change is not None and abs(change) <= reach:
        axes.axvline(change, color=ORANGE, linewidth=0.8, linestyle="--")
    axes.set_xlabel(
        "rho (dashed: where the 95% band\nstarts or ceases to contain 0)", fontsize=SIZE - 1, color=QUIET
    )
