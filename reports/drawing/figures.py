"""Forest plots: published, reproduced and posterior estimates of each term on one axis."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..rows import Row, shorten, width_of
from .fonts import embedding, quiet_fonts, style

WIDTH = 7.2
SIZE = 8
INK, QUIET, RULE = "#1a1a1a", "#595959", "#d9d9d9"
LINE, GAP, TITLE, TICKS = 0.135, 0.11, 0.27, 0.36
CHARACTER, BOLD = 0.066, 0.088
LONGEST = 20
READABLE = 0.04
THIN, WIDER = 0.9, 0.17
JUDGED = "thin: judged interval (widened to the cluster-robust error)"
METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "posterity"},
    "pdf": {"CreationDate": None, "Creator": "posterity", "Producer": None},
}


@dataclass(frozen=True)
class Mark:
    """How one kind of estimate is drawn; colours are from Okabe and Ito, shapes serve greyscale."""

    key: str
    label: str
    colour: str
    marker: str
    face: str
    width: float


MARKS = (
    Mark("published", "published", "#000000", "D", "white", 1.0),
    Mark("reproduced", "reproduced", "#7a7a7a", "x", "#7a7a7a", 0.7),
    Mark("posterior", "posterior", "#0072B2", "o", "#0072B2", 2.2),
    Mark("with_effects", "posterior with effects", "#D55E00", "s", "#D55E00", 2.2),
    Mark("under_prior", "prior on assumption", "#D55E00", "s", "#D55E00", 2.2),
    Mark("other_law", "AR(1)", "#007a5a", "^", "#007a5a", 0.9),
)


@dataclass(frozen=True)
class Panel:
    """Rows that share an axis, under one title."""

    title: str
    rows: list[Row]

    @property
    def height(self) -> float:
        return sum(map(_row_height, self.rows))


def forest(rows: list[Row], title: str, evidence: str, synthetic: bool = False) -> Figure:
    """One table of a paper: a panel for each term, a row for each column, two panels abreast.

    Parameters
    ----------
    evidence
        The line that says what the posterior is conditioned on; it is drawn in the figure.
    """
    terms = sorted(dict.fromkeys(r.term for r in rows), key=lambda term: term == "_cons")
    panels = [panel for term in terms for panel in _panels([r for r in rows if r.term == term])]
    return _figure(rows, panels, title, evidence, synthetic)


def overview(rows: list[Row], title: str, evidence: str, synthetic: bool = False) -> Figure:
    """One term across the columns of all tables: a panel for each outcome, a row for each column."""
    return _figure(rows, _by_outcome(rows), title, evidence, synthetic)


def _panels(rows: list[Row]) -> list[Panel]:
    """One panel for a term, or one for each outcome where an interval would be too small to see."""
    spans = [r.span(which) for r in rows for which in ("published", "posterior")]
    spans += [r.judged_span for r in rows if r.widened]
    ends = [span.ends for span in spans if span and span.ends]
    extent = max([0.0, *(high for _, high in ends)]) - min([0.0, *(low for low, _ in ends)])
    narrowest = min((high - low for low, high in ends), default=0.0)
    if rows[0].constant or narrowest >= READABLE * extent:
        return [Panel("constant" if rows[0].constant else rows[0].term, rows)]
    return _by_outcome(rows)


def _by_outcome(rows: list[Row]) -> list[Panel]:
    outcomes = dict.fromkeys(r.outcome for r in rows)
    if len(outcomes) == 1:
        return [Panel(rows[0].term, rows)]
    return [Panel(f"{rows[0].term} on {name}", [r for r in rows if r.outcome == name]) for name in outcomes]


def _figure(rows: list[Row], panels: list[Panel], title: str, evidence: str, synthetic: bool) -> Figure:
    labels = {r.spec_id: r.label for r in rows if r.label}
    notes = [shorten(f"{spec} {label}", 54) for spec, label in labels.items()]
    stacks = _flow(panels)
    body = max(sum(p.height + TITLE + TICKS for p in stack) for stack in stacks)
    deep = (len(notes) + 1) // 2
    head = 0.62 + 0.2 * synthetic + WIDER * any(r.widened for r in rows)
    foot = 0.3 + 0.15 * deep
    height = head + body + foot
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)

    def write(x: float, y: float, text: str, **style: Any) -> None:
        figure.text(
            x / WIDTH, 1 - y / height, text, parse_math=False, **{"fontsize": SIZE, "color": INK, **style}
        )

    write(0.1, 0.1, shorten(title, 84), va="top", fontsize=10, fontweight="bold")
    if synthetic:
        stamp(figure, 1 - (head + body / 2) / height)
    _legend(figure, panels, 1 - (0.3 + 0.2 * synthetic) / height)
    write(0.1, height - foot + 0.17, evidence, fontweight="bold", color=QUIET)
    for number, note in enumerate(notes):
        x, y = 0.1 + WIDTH / 2 * (number // deep), height - foot + 0.33 + 0.15 * (number % deep)
        write(x, y, note, color=QUIET)

    left = 0.16 + CHARACTER * max(width_of(shorten(r.spec_id, LONGEST)) for p in panels for r in p.rows)
    right = 0.2 + CHARACTER * max(len(r.verdict) for p in panels for r in p.rows)
    cell = WIDTH / len(stacks)
    for number, stack in enumerate(stacks):
        top = head
        for panel in stack:
            bottom = top + TITLE + panel.height
            box = (
                (number * cell + left) / WIDTH,
                1 - bottom / height,
                (cell - left - right) / WIDTH,
                panel.height / height,
            )
            axes = figure.add_axes(box)
            axes.patch.set_alpha(0)
            _draw(axes, panel, int((cell - left - 0.1) / BOLD))
            top = bottom + TICKS
    return figure


def _flow(panels: list[Panel]) -> list[list[Panel]]:
    """Two stacks of about the same height, in order."""
    if len(panels) == 1:
        return [panels]
    sizes = [p.height + TITLE + TICKS for p in panels]
    cut = min(range(1, len(panels)), key=lambda k: max(sum(sizes[:k]), sum(sizes[k:])))
    return [panels[:cut], panels[cut:]]


def _row_height(row: Row) -> float:
    return LINE * sum(row.span(mark.key) is not None for mark in MARKS) + GAP


def draw_spans(axes: Axes, row: Row, marks: Sequence[Mark], top: float, line: float) -> None:
    """The means and intervals of a row one below the other, each on a line of its own.

    Where the judged interval is wider than the posterior's own, a thin line goes on to its ends.
    """
    spans = [(mark, span) for mark in marks if (span := row.span(mark.key)) is not None]
    for number, (mark, span) in enumerate(spans):
        y = top + (number + 0.5) * line
        if row.widened and mark.key == row.judged and row.judged_span and row.judged_span.ends:
            axes.plot(row.judged_span.ends, [y, y], color=mark.colour, linewidth=THIN, zorder=2)
        if span.ends is not None:
            axes.plot(
                span.ends, [y, y], color=mark.colour, linewidth=mark.width, solid_capstyle="butt", zorder=2
            )
        axes.plot([span.mean], [y], mark.marker, markersize=4.3, color=mark.colour,
                  markerfacecolor=mark.face, markeredgewidth=1.0, zorder=3)  # fmt: skip


def _draw(axes: Axes, panel: Panel, room: int) -> None:
    axes.set_ylim(panel.height, 0)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.set_title(
        shorten(panel.title, room),
        loc="left",
        fontsize=9,
        fontweight="bold",
        color=INK,
        pad=4,
        parse_math=False,
    )
    top = 0.0
    side = axes.get_yaxis_transform()
    gap = 0.08 / (axes.get_position().width * WIDTH)
    for row in panel.rows:
        middle = top + _row_height(row) / 2
        draw_spans(axes, row, MARKS, top + GAP / 2, LINE)
        style: dict[str, Any] = {"va": "center", "fontsize": SIZE, "parse_math": False, "transform": side}
        axes.text(-gap, middle, shorten(row.spec_id, LONGEST), ha="right", color=INK, **style)
        axes.text(1 + gap, middle, row.verdict, ha="left", color=INK, **style)
        top += _row_height(row)
        if row is not panel.rows[-1]:
            axes.axhline(top, color=RULE, linewidth=0.6, zorder=0)
    axes.set_yticks([])
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    axes.tick_params(axis="x", labelsize=SIZE, color=QUIET, labelcolor=QUIET, length=3)
    axes.xaxis.get_offset_text().set_fontsize(SIZE)
    for edge in ("left", "right", "top"):
        axes.spines[edge].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)


def stamp(figure: Figure, middle: float = 0.5) -> None:
    """SYNTHETIC in the corner, and across the figure at a height (a fraction of it)."""
    word: dict[str, Any] = {"s": "SYNTHETIC", "fontweight": "bold"}
    width, height = figure.get_size_inches()
    figure.text(
        1 - 0.1 / width, 1 - 0.08 / height, va="top", ha="right", fontsize=22, color="#9c3d00", **word
    )
    figure.text(0.5, middle, va="center", ha="center", rotation=30, fontsize=54, color="#D55E00", alpha=0.14,
                zorder=0, **word)  # fmt: skip


def _legend(figure: Figure, panels: list[Panel], y: float) -> None:
    used = [m for m in MARKS if any(r.span(m.key) for p in panels for r in p.rows)]
    alike = [m for m in used if m.key in ("with_effects", "under_prior")]
    if len(alike) == 2:  # drawn alike: no row has both
        used.remove(alike[0])
        used[used.index(alike[1])] = replace(alike[1], label="with effects, or prior on assumption")
    handles = [
        Line2D(
            [], [], color=m.colour, marker=m.marker, markerfacecolor=m.face, linewidth=m.width, markersize=4.4
        )
        for m in used
    ]
    figure.legend(
        handles, [m.label for m in used], loc="upper left", bbox_to_anchor=(0.004, y), ncols=len(used),
        frameon=False, fontsize=SIZE, handlelength=2.4, columnspacing=1.6, title=None,
    )  # fmt: skip
    corner = (0.004, y - WIDER / figure.get_figheight())
    judged_key(figure, [r for p in panels for r in p.rows], corner, fontsize=SIZE)
    figure.text(
        1 - 0.1 / WIDTH, y - 0.15 / figure.get_figheight(), "lines: 95% intervals", ha="right", va="center",
        fontsize=SIZE, color=QUIET,
    )  # fmt: skip


def judged_key(figure: Figure, rows: list[Row], corner: tuple[float, float], **style: Any) -> float:
    """Say below a corner what thin lines are, where these rows have any; the inches that this takes."""
    judged = {row.judged for row in rows if row.widened}
    if not judged:
        return 0.0
    colour = next(mark.colour for mark in MARKS if mark.key in judged)
    figure.legend(
        [Line2D([], [], color=colour, linewidth=THIN)], [JUDGED], loc="upper left", bbox_to_anchor=corner,
        frameon=False, handlelength=2.4, **style,
    )  # fmt: skip
    return WIDER


def drawn(make: Callable[[], Figure], form: str, dpi: int = 200) -> bytes:
    """Make a figure and save it as `png`, `svg` or `pdf`, without dates and without pyplot's global state."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(), quiet_fonts():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style())
        figure = _made(make)
        if form == "pdf":
            matplotlib.rcParams["pdf.fonttype"] = embedding(figure)
        figure.savefig(buffer, format=form, dpi=dpi, metadata=METADATA[form])
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _made(make: Callable[[], Figure]) -> Figure:
    """The figure; made once for all the forms that are asked for one after another."""
    return make()
