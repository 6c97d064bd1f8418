"""Figure of an instrument column: intervals side by side, and the coefficient as exclusion is relaxed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....analyses.run.results import SpecFit
from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, heading
from ...drawing.figures import QUIET, SIZE
from ...rows import number
from ..mechanisms import ROW, Printed

LEAST, MOST = 0.1, 1.0


def draw(made: Figure, top: float, one: SpecFit, printed: Printed) -> None:
    """One column: intervals beside one another, and the coefficient as exclusion is given up."""
    _intervals(box(made, 1.55, top, 2.15, ROW), one, printed)
    _giving_up(box(made, 4.35, top, 2.7, ROW), one)


def _intervals(axes: Axes, one: SpecFit, printed: Printed) -> None:
    found = one.mechanism or {}
    ((term, part),) = found["endogenous"].items()
    heading(axes, f"{one.id}: {term} on {one.view.spec.parsed.outcome}", 44)
    row = printed.get((one.id, term))
    span = row.span("published") if row else None
    own, stage = part["posterior"], part["two_stage"]
    spans: list[tuple[str, str, float | None, list[tuple[float | None, float | None]]]] = []
    if span is not None:
        spans.append(("published", "black", span.mean, [span.ends] if span.ends else []))
    spans += [
        ("2SLS", GREY, stage["estimate"], [(stage["q2.5"], stage["q97.5"])]),
        ("Anderson–Rubin", GREY, None, [(low, high) for low, high in found["anderson_rubin"] or []]),
        ("posterior", BLUE, own["mean"], [(own["q2.5"], own["q97.5"])]),
        ("near exclusion", ORANGE, part["prior_on_exclusion"]["mean"],
         [(part["prior_on_exclusion"]["q2.5"], part["prior_on_exclusion"]["q97.5"])]),
    ]  # fmt: skip
    ends = [e for *_, pieces in spans for piece in pieces for e in piece if e is not None] + [0.0]
    low, high = min(ends), max(ends)
    margin = 0.06 * (high - low)
    for at, (name, colour, point, pieces) in enumerate(spans):
        for left, right in pieces:
            a, b = (low - margin if left is None else left), (high + margin if right is None else right)
            axes.plot([a, b], [at, at], color=colour, linewidth=2.0, solid_capstyle="butt", clip_on=False)
            for missing, end, mark in ((left is None, a, "<"), (right is None, b, ">")):
                if missing:
                    axes.plot([end], [at], mark, color=colour, markersize=5, clip_on=False)
        if point is not None:
            face = "white" if name == "published" else colour
            axes.plot(
                [point],
                [at],
                "D" if name == "published" else "o",
                color=colour,
                markerfacecolor=face,
                markersize=4,
            )
        elif not pieces:
            axes.text(0.5 * (low + high), at, "empty", ha="center", va="center", fontsize=SIZE, color=colour)
        beside(axes, -0.04, at, name, color=colour)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=0)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(len(spans) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    f, critical = found["effective_f"], found["effective_f_critical"]
    axes.set_xlabel(
        f"effective F {number(f, 1)}, critical {number(critical, 1)}{': weak' if f < critical else ''}",
        fontsize=SIZE - 1, color=ORANGE if f < critical else QUIET,
    )  # fmt: skip


def _giving_up(axes: Axes, one: SpecFit) -> None:
    along, change = one.tree["exclusion"], ((one.mechanism or {})["changes_at"] or {}).get("all")
    heading(axes, "if instruments act directly", 44)
    sd = along["sd"].to_numpy()
    reach = float(np.clip(2.5 * change if change else 0.3, LEAST, MOST))
    seen = sd <= reach * 1.4
    mean, low, high = along["coef"].sel(allowed="all").transpose("summary", "sd").to_numpy()
    axes.fill_between(sd[seen], low[seen], high[seen], color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(sd[seen], mean[seen], color=BLUE, linewidth=1.5)
    for end in along["union"].transpose("end", "sd").to_numpy():
        axes.plot(sd[seen], end[seen], color=GREY, linewidth=0.9, linestyle="--")
    axes.axhline(0, color=QUIET, linewidth=0.8)
    axes.set_xlim(0, reach)
    inside = sd <= reach
    bottom, top = min(0.0, np.nanmin(low[inside])), max(0.0, np.nanmax(high[inside]))
    axes.set_ylim(bottom - 0.1 * (top - bottom), top + 0.2 * (top - bottom))
    if change is not None and change <= reach:
        axes.axvline(change, color=ORANGE, linewidth=0.9)
        axes.text(
            change, 1.0, f" changes at {number(change, 3)}", ha="left", va="top", fontsize=SIZE, color=ORANGE,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    axes.set_xlabel(
        "sd of direct effects (sd of outcome per sd of instrument)\nband: posterior; dashed: union of 2SLS"
        " intervals",
        fontsize=SIZE - 1,
        color=QUIET,
    )
