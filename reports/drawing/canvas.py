"""An empty figure with what every figure says: title, evidence, and SYNTHETIC where the data are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..rows import shorten
from .figures import INK, QUIET, SIZE, WIDTH

HEAD, FOOT = 0.62, 0.28
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#7a7a7a"


def canvas(body: float, title: str, evidence: str, synthetic: bool) -> Figure:
    """A figure with `body` inches between a head of 0.62 and a foot of 0.28."""
    height = HEAD + body + FOOT
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)

    def write(x: float, y: float, text: str, **style: Any) -> None:
        own = {"fontsize": SIZE, "color": INK, "va": "top", **style}
        figure.text(x / WIDTH, 1 - y / height, text, parse_math=False, **own)

    write(0.1, 0.1, shorten(title, 78), fontsize=10, fontweight="bold")
    write(0.1, height - 0.2, evidence, fontweight="bold", color=QUIET)
    if synthetic:
        loud = {"fontweight": "bold", "color": "#9c3d00"}
        write(WIDTH - 0.1, 0.08, "SYNTHETIC", ha="right", fontsize=18, **loud)
        write(WIDTH / 2, HEAD + body / 2, "SYNTHETIC", va="center", ha="center", rotation=20, fontsize=54,
              fontweight="bold", color=ORANGE, alpha=0.1, zorder=0)  # fmt: skip
    return figure


def box(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at inches from the left and below the head."""
    total = figure.get_figheight()
    axes = figure.add_axes((left / WIDTH, 1 - (HEAD + top + height) / total, width / WIDTH, height / total))
    axes.patch.set_alpha(0)
    axes.tick_params(labelsize=SIZE, color=QUIET, labelcolor=QUIET, length=3)
    axes.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    axes.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    for edge in ("right", "top"):
        axes.spines[edge].set_visible(False)
    for edge in ("left", "bottom"):
        axes.spines[edge].set_color(QUIET)
    return axes


def heading(axes: Axes, text: str, room: int = 40) -> None:
    axes.set_title(
        shorten(text, room), loc="left", fontsize=SIZE, fontweight="bold", color=INK, pad=4, parse_math=False
    )


def beside(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Write beside the axes: x is in their widths, below 0 on their left; y is on their own scale."""
    own = {"fontsize": SIZE, "color": INK, "parse_math": False, **style}
    place = axes.get_yaxis_transform()
    axes.text(x, y, text, ha="right" if x < 0 else "left", va="center", transform=place, **own)


def legend(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str], below: float = 0.27, **style: Any
) -> None:
    """A legend in the head, `below` inches from the top; in one row where `style` has no `ncols`."""
    corner = (0.004, 1 - below / figure.get_figheight())
    own = {"fontsize": SIZE, "ncols": len(labels), **style}
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=corner, frameon=False, **own)
