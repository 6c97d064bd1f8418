"""Figure of one coefficient under every convention by which its composite indices may be computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...analyses.indices.conventions import Curve
from .figures import INK, QUIET, RULE, SIZE, WIDTH
from .indices import BLUE, FOOT, HEAD, ORANGE, SYNTHETIC, axes_at, captioned_figure

CHOICES: dict[str, Any] = {
    "weights": lambda c: c.weighting,
    "score": lambda c: "sum" if c.score == "sum" else "TOPSIS" if c.distance == "none" else "TOPSIS, vector",
    "scale": lambda c: c.standard,
    "over": lambda c: {"pooled": "panel", "within": "each year"}[c.scope],
    "entropy": lambda c: f"ln {c.constant}" if c.weighting == "entropy" else None,
    "offset": lambda c: f"{c.offset:g}" if c.weighting == "entropy" else None,
}


def curve_figure(curve: Curve, title: str, caption: str, synthetic: bool) -> Figure:
    """One coefficient under every convention, sorted, above the choices that make each."""
    order = np.argsort(curve.mean)
    levels = {
        name: list(dict.fromkeys(v for c in curve.conventions if (v := read(c)) is not None))
        for name, read in CHOICES.items()
    }
    deep = sum(len(values) * 0.14 + 0.08 for values in levels.values())
    figure = captioned_figure(HEAD + 1.9 + 0.2 + deep + FOOT, title, caption, SYNTHETIC * synthetic)
    left, wide = 1.45, WIDTH - 1.6
    top = axes_at(figure, left, HEAD, wide, 1.9)
    at = np.arange(len(order))
    for x, i in zip(at, order, strict=True):
        colour = BLUE if curve.defensible[i] else ORANGE
        top.plot([x, x], [curve.low[i], curve.high[i]], color=colour, linewidth=1.0)
        face = colour if curve.defensible[i] else "white"
        top.plot([x], [curve.mean[i]], "o", color=colour, markerfacecolor=face, markersize=3.6)
    top.axhline(0, color=QUIET, linewidth=0.8, zorder=0)
    top.set_xlim(-1, len(order))
    top.set_xticks([])
    top.tick_params(axis="y", labelsize=SIZE, color=QUIET, labelcolor=QUIET)
    top.set_ylabel(
        f"{curve.term}, {curve.spec_id}\n(sd of outcome per sd)", fontsize=SIZE, color=INK, parse_math=False
    )
    for edge in ("right", "top", "bottom"):
        top.spines[edge].set_visible(False)
    bottom = axes_at(figure, left, HEAD + 2.1, wide, deep)
    bottom.set_ylim(deep, 0)
    bottom.set_xlim(-1, len(order))
    y = 0.0
    for name, values in levels.items():
        bottom.text(-1.38 / wide, y + 0.07, name, transform=bottom.get_yaxis_transform(), fontsize=SIZE - 1,
                    fontweight="bold", color=INK, va="center")  # fmt: skip
        for value in values:
            hit = [x for x, i in zip(at, order, strict=True) if CHOICES[name](curve.conventions[i]) == value]
            colours = [BLUE if curve.defensible[order[x]] else ORANGE for x in hit]
            bottom.scatter(hit, [y + 0.07] * len(hit), s=7, color=colours, marker="|", linewidths=1.6)
            bottom.text(
                -0.01,
                y + 0.07,
                value,
                transform=bottom.get_yaxis_transform(),
                fontsize=SIZE - 1,
                color=QUIET,
                ha="right",
                va="center",
            )
            y += 0.14
        y += 0.08
        if y < deep:
            bottom.axhline(y - 0.04, color=RULE, linewidth=0.6)
    bottom.set_xticks([])
    bottom.set_yticks([])
    bottom.spines[:].set_visible(False)
    return figure
