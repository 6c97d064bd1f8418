"""`summary.pdf`: the brief of a study on two A4 pages."""

from __future__ import annotations

import io
from functools import partial

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..drawing.figures import INK, MARKS, METADATA, QUIET, RULE, draw_spans, judged_key
from ..drawing.fonts import embedding, quiet_fonts, style
from ..drawing.text_page import MARGIN, TextPage
from ..page import words
from ..page.widening import BRACKETS
from ..rows import Row, plural, shorten
from .summary import Brief, cells, telling

SERIF = ("STIXGeneral", "DejaVu Sans")
CHIPS = {
    "holds": ("#0b5540", "#e6f3ee", "#86bda9"),
    "shrinks": ("#17496f", "#e6f0f7", "#8db3d0"),
    "grows": ("#4c1391", "#f2eafd", "#b493de"),
    "uncertain": ("#4a4f55", "#f0f1f2", "#a3a9b0"),
    "reverses": ("#7a3200", "#fbeee3", "#d3a079"),
    "null stands": ("#1f5226", "#ecf6ec", "#86c98a"),
    "emerges": ("#15035a", "#e9e7f4", "#8b83b8"),
    "not reproduced": ("#6b2a58", "#f7ebf3", "#c295b4"),
}
NO_CHIP = ("#1c1f23", "#ffffff", "#1c1f23")
SMALL, TEXT = 8.0, 9.5
ROOM, STEP = 1.75, 0.158
SCALES = (1.25, 1.2, 1.15, 1.1, 1.05, 1.0)


def summary_pdf(brief: Brief) -> bytes:
    """The two pages, vector and with embedded fonts: the same bytes for the same fit."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(), quiet_fonts():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style())
        family = (*SERIF, *style()["font.family"][1:])
        for scale in SCALES:  # as large as it can be with nothing left out
            (first, whole), (second, all_rows) = _first(brief, family, scale), _second(brief, family, scale)
            if whole and all_rows:
                break
        if not all_rows:
            second, _ = _second(brief, family, scale, most=3)
        pages = [first, second]
        matplotlib.rcParams["pdf.fonttype"] = embedding(*pages)
        metadata = METADATA["pdf"] | {"Title": f"{brief.study}: reanalysis"}
        with PdfPages(buffer, metadata=metadata) as pdf:
            for page in pages:
                pdf.savefig(page)
    return buffer.getvalue()


def _page(brief: Brief, family: tuple[str, ...], scale: float, number: int) -> TextPage:
    """A page with its running head and foot."""
    page = TextPage(family, scale)
    page.write(MARGIN, 0.5, f"posterity · {brief.study}", SMALL, color=QUIET)
    loud = {"color": "#9c3d00", "weight": "bold"} if brief.synthetic else {"color": QUIET}
    page.write(page.width - MARGIN, 0.5, brief.label, SMALL, ha="right", **loud)
    page.write(page.width / 2, page.height - 0.5, f"{number} of 2", SMALL, ha="center", color=QUIET)
    if brief.synthetic:
        page.write(
            page.width / 2,
            page.height / 2,
            "SYNTHETIC",
            88,
            ha="center",
            va="center",
            rotation=45,
            weight="bold",
            color="#D55E00",
            alpha=0.09,
            zorder=0,
        )
    return page


def _first(brief: Brief, family: tuple[str, ...], scale: float) -> tuple[Figure, bool]:
    """The first page, and whether all of it has room."""
    page = _page(brief, family, scale, 1)
    page.paragraph(brief.title, 17, weight="bold", after=0.03, most=3)
    page.paragraph(brief.byline, TEXT, colour=QUIET, style="italic", after=0.1, most=3)
    page.rule(INK, 1.0)
    page.y += 0.12
    page.paragraph(brief.answer, 12.5, weight="bold", after=0.06)
    x = MARGIN
    for name, n in brief.counts.items():
        x = page.chip(x, f"{n} {_counted(name, n)}", CHIPS.get(name, NO_CHIP))
    page.y += 0.32
    for sentence in brief.headlines:
        page.bullet(sentence, TEXT, most=4)
    if brief.caveat:
        page.y += 0.05
        top = page.y
        page.paragraph(brief.caveat, TEXT, left=MARGIN + 0.14, after=0)
        page.bar(top, page.y, "#9c3d00" if brief.synthetic else "#8a939c")
        page.y += 0.06
    if brief.claim:
        page.heading("What the paper claims")
        page.paragraph(brief.claim, TEXT, most=6)
    if brief.figure:
        first = brief.figure[0]
        page.heading(shorten(f"{first.term} on {first.outcome}: published and posterior", 80))
        if first.meaning:
            page.y -= 0.04
            page.paragraph(f"{first.term}: {first.meaning}", SMALL, colour=QUIET, after=0.02, most=1)
        return page.figure, _forest(page, brief)
    return page.figure, page.y <= page.last


def _counted(name: str, n: int) -> str:
    return words.COUNTED[name][n > 1].removeprefix("is ").removeprefix("are ")


def _forest(page: TextPage, brief: Brief) -> bool:
    """Draw published and posterior of one term, a row for each column; whether all had ample room."""
    marks = [m for m in MARKS if m.key != "reproduced"]
    shown = brief.figure
    prop = {"family": list(page.family), "size": SMALL * page.scale}
    corner = ((MARGIN - 0.06) / page.width, 1 - (page.y + 0.14) / page.height)
    head = 0.22 + judged_key(page.figure, shown, corner, prop=prop, borderpad=0)
    room = page.last - 0.55 - page.y - head
    used = [m for m in marks if any(r.span(m.key) for r in shown)]
    ample = room / (len(shown) * (len(used) + 0.7))
    line = min(0.22, max(0.1, ample))
    height = line * (len(used) + 0.7)
    shown = shown[: max(1, int(room / height))]
    body = height * len(shown)
    left, right = MARGIN + 2.5, page.width - MARGIN - 1.05
    handles = [
        Line2D(
            [], [], color=m.colour, marker=m.marker, markerfacecolor=m.face, linewidth=m.width, markersize=4.4
        )
        for m in used
    ]
    page.figure.legend(
        handles,
        [m.label for m in used],
        loc="upper left",
        bbox_to_anchor=((MARGIN - 0.06) / page.width, 1 - (page.y - 0.03) / page.height),
        ncols=len(used),
        frameon=False,
        prop=prop,
        borderpad=0,
        handlelength=2.4,
    )
    page.write(page.width - MARGIN, page.y, "lines: 95% intervals", SMALL, ha="right", color=QUIET)
    top = page.y + head
    axes = page.figure.add_axes(
        (
            left / page.width,
            1 - (top + body) / page.height,
            (right - left) / page.width,
            body / page.height,
        )
    )
    axes.set_ylim(body, 0)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    for number, row in enumerate(shown):
        draw_spans(axes, row, used, number * height + 0.35 * line, line)
        middle = top + (number + 0.5) * height
        name = page.fitted(f"{row.spec_id}  {row.label}", 2.4, 8.5)
        page.write(MARGIN, middle, name, 8.5, va="center")
        page.write(
            right + 0.1, middle, row.verdict, 8.5, va="center", color=CHIPS.get(row.verdict, NO_CHIP)[0]
        )
        if number:
            axes.axhline(number * height, color=RULE, linewidth=0.5, zorder=0)
    axes.set_yticks([])
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    axes.tick_params(
        axis="x",
        labelsize=SMALL * page.scale,
        labelfontfamily=list(page.family),
        color=QUIET,
        labelcolor=QUIET,
        length=3,
    )
    for edge in ("left", "right", "top"):
        axes.spines[edge].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    page.y = top + body + 0.3
    return ample >= 0.15


def _second(
    brief: Brief, family: tuple[str, ...], scale: float, most: int | None = None
) -> tuple[Figure, bool]:
    """The second page with at most `most` lines of a paragraph, and whether its table has all rows.

    How to make the report again stands at the foot.
    """
    page = _page(brief, family, scale, 2)
    page.write(MARGIN, page.y, "Published and posterior", 10.5, weight="bold")
    page.y += 0.26
    heights = []
    for part in (partial(_prose, most=most), _colophon):  # drawn once on a page that is thrown away
        trial = TextPage(family, scale)
        part(trial, brief)
        heights.append(trial.y - MARGIN)
    whole = _table(page, brief, page.last - sum(heights))
    _prose(page, brief, most)
    foot = page.last - heights[1]
    whole, page.y = whole and page.y <= foot, max(page.y, foot)
    _colophon(page, brief)
    return page.figure, whole


def _prose(page: TextPage, brief: Brief, most: int | None) -> None:
    page.heading("Evidence")
    page.paragraph(f"{brief.can} {brief.cannot}", 9, after=0.03)
    if brief.robustness:
        page.heading("Robustness")
        for sentence in brief.robustness:
            page.bullet(sentence, 9, most=most)
    page.heading("Models, priors and checks")
    for name, meaning in brief.models:
        page.paragraph(f"{name.capitalize()}. {meaning}", 8.5, after=0.02, most=most)
    page.paragraph(f"Priors on the standardised scale: {brief.priors}.", 8.5, after=0.02, most=most)
    page.paragraph(" ".join(brief.checks), 8.5, after=0.02)


def _colophon(page: TextPage, brief: Brief) -> None:
    page.heading("Make it again")
    for name, value in brief.again:
        page.write(MARGIN, page.y, name, 8.5, color=QUIET)
        page.paragraph(value, 8.5, left=MARGIN + 0.85, after=0.01, most=2)


def _table(page: TextPage, brief: Brief, last: float) -> bool:
    """Write the verdict table down to `last` and how many rows it omits; whether all are there in full."""
    across = page.width - 2 * MARGIN
    meaning = words.verdict_meaning(brief.widened)
    meanings = [f"{name}: {meaning[name]}" for name in brief.counts]
    meanings += [BRACKETS] if brief.widened else []
    notes = page.wrapped(" ".join(meanings), across, SMALL)
    room = last - page.y - 0.32 - len(notes) * SMALL / 72 * 1.32 - 0.15
    rows = telling(brief.rows, max(1, int(room / STEP)))
    step = min(0.2, max(STEP, room / max(1, len(rows))))
    heads = ["column", "term", "published", *["reproduced"] * brief.reproduced, "posterior [95%]"]
    heads += [*[f"{brief.beside} [95%]"] * bool(brief.beside), "verdict"]
    size = 8.5 if not (brief.beside and brief.reproduced) else 8.0
    table = [
        [page.fitted(text, ROOM if k else 1.3 * ROOM, size) for k, text in enumerate(cells(brief, row))]
        for row in rows
    ]
    wide = [
        max([page.measure(head, size, "bold"), *(page.measure(line[k], size) for line in table)])
        for k, head in enumerate(heads)
    ]
    least = 0.06 * (len(heads) - 1)
    gap = max(least, across - sum(wide)) / (len(heads) - 1)
    lefts = [MARGIN + sum(wide[:k]) + k * gap for k in range(len(heads))]
    page.rule(INK, 0.9)
    page.y += 0.05
    for head, x, w, k in zip(heads, lefts, wide, range(len(heads)), strict=True):
        _cell(page, x, w, head, size, 2 <= k < len(heads) - 1, weight="bold")
    page.y += 0.19
    page.rule(INK, 0.5)
    page.y += 0.035
    lift = 0.024 + (step - STEP) / 2
    single = len({row.spec_id for row in rows}) == len(rows)

    def group(row: Row) -> str:
        return row.table if single else row.spec_id

    before = ""
    for row, line in zip(rows, table, strict=True):
        if before and group(row) != before:
            page.y -= lift
            page.rule()
            page.y += lift
        for k, (cell, x, w) in enumerate(zip(line, lefts, wide, strict=True)):
            shown = "" if k == 0 and not single and group(row) == before else cell
            colour = CHIPS.get(row.verdict, NO_CHIP)[0] if k == len(heads) - 1 else INK
            _cell(page, x, w, shown, size, 2 <= k < len(heads) - 1, color=colour)
        before = group(row)
        page.y += step
    page.y += 0.02
    page.rule(INK, 0.9)
    page.y += 0.06
    omitted = brief.omitted + len(brief.rows) - len(rows)
    if omitted:
        meanings.insert(0, f"{plural(omitted, 'coefficient')} more: see report.html and comparison.csv.")
    page.paragraph(" ".join(meanings), SMALL, colour=QUIET, after=0)
    return len(rows) == len(brief.rows) and sum(wide) + least <= across


def _cell(page: TextPage, x: float, w: float, text: str, size: float, numeric: bool, **style: str) -> None:
    page.write(x + w if numeric else x, page.y, text, size, ha="right" if numeric else "left", **style)
