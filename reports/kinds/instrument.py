"""What a fitted instrument column says: strength, tests, and how much rests on exact exclusion."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analyses.kinds.over_twins import span
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ..drawing.canvas import BLUE, GREY, ORANGE, box, canvas, heading
from ..drawing.figure_files import Plate, Section
from ..drawing.figures import QUIET, SIZE, drawn
from ..page.templating import rendered
from ..rows import MINUS, Row, evidence_label, number, plural, synthetic
from .mediation import decimals_of, of_kind, over_twins

ROW, GAP = 1.5, 0.72
LEAST, MOST = 0.1, 1.0
INFINITY = "\N{INFINITY}"


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about instruments; None where no column was fitted to a panel."""
    fitted, twins = of_kind(fit, "instrument"), over_twins(fit, "instrument")
    if not fitted and not twins:
        return None
    tables: dict[str, list[SpecFit]] = {}
    for one in fitted:
        if "exclusion" in one.tree.children:
            tables.setdefault(one.id.split(".")[0], []).append(one)
    plates = tuple(_plate(fit, name, mine, rows) for name, mine in tables.items())
    lines = [line for one in fitted for line in _lines(one)]
    body = rendered(
        "instrument.html",
        lines=lines,
        twins=[_over_twins(one, found) for one, found in twins],
        plates=plates,
        label=evidence_label(fit),
    )
    return Section("instruments", "Instruments", body, plates)


def _over_twins(one: SpecFit, found: list[dict[str, Any]]) -> dict[str, str]:
    return {
        "id": one.id,
        "effective": span([part["effective_f"] for part in found]),
        "changes": span([(part["changes_at"] or {}).get("all") for part in found]),
        "p": span([part["overidentification"] and part["overidentification"]["p"] for part in found]),
    }


def _lines(one: SpecFit) -> list[dict[str, Any]]:
    """One for each endogenous regressor."""
    found = one.mechanism
    assert found is not None
    lines = []
    for name, part in found["endogenous"].items():
        d = decimals_of(part["posterior"])

        def span(values: dict[str, float], centre: str = "mean", d: int = d) -> str:
            return f"{number(values[centre], d)} [{number(values['q2.5'], d)}, {number(values['q97.5'], d)}]"

        test, changes = found["overidentification"], found["changes_at"] or {}
        lines.append(
            {
                "id": one.id,
                "term": name,
                "instruments": ", ".join(found["instruments"]),
                "posterior": span(part["posterior"]),
                "two_stage": span(part["two_stage"], "estimate"),
                "anderson_rubin": _pieces(found["anderson_rubin"], d),
                "f": number(part["first_stage_f"], 1),
                "effective": number(found["effective_f"], 1),
                "critical": number(found["effective_f_critical"], 1),
                "weak": found["effective_f"] is not None
                and found["effective_f"] < found["effective_f_critical"],
                "test": "just identified" if test is None else f"{test['test']} p = {test['p']:.3f}",
                "endogeneity": span(part["endogeneity"], d=2),
                "loose": span(part["prior_on_exclusion"]),
                "prior": ", ".join(sorted(set(found["exclusion"].values()))).replace("-", "−"),
                "changes": {key: number(value, 3) for key, value in changes.items()},
            }
        )
    return lines


def _pieces(pieces: list[list[float | None]] | None, decimals: int) -> str:
    if pieces is None:
        return number(None, 0)
    if not pieces:
        return "empty"
    ends = [
        (
            f"({MINUS}{INFINITY}" if low is None else f"[{number(low, decimals)}",
            f"{INFINITY})" if high is None else f"{number(high, decimals)}]",
        )
        for low, high in pieces
    ]
    return " and ".join(f"{low}, {high}" for low, high in ends)


def _plate(fit: Fit, table: str, fitted: list[SpecFit], rows: list[Row]) -> Plate:
    title = f"{fit.study.name}: instruments in table {table}"
    printed = {(r.spec_id, r.term): r for r in rows}

    def make() -> Figure:
        return figure(fitted, printed, title, evidence_label(fit), synthetic(fit))

    alt = (
        f"Instruments, table {table}: for {plural(len(fitted), 'column')} the published estimate, two-stage least squares, "
        "the Anderson-Rubin interval and posteriors with 95% intervals, and the coefficient against the size of direct "
        f"effects that the instruments may have. {evidence_label(fit)}. Its numbers are in the table below."
    )
    return Plate(
        f"instruments-{table}",
        f"instruments {table}",
        f"instruments in table {table}",
        alt,
        drawn(make, "svg"),
        drawn(make, "png"),
        drawn(make, "pdf"),
    )


def figure(
    fitted: list[SpecFit], printed: dict[tuple[str, str], Row], title: str, evidence: str, simulated: bool
) -> Figure:
    """A row a column: intervals beside one another, and the coefficient as exclusion is given up."""
    sheet = canvas(len(fitted) * (ROW + GAP) + 0.05, title, evidence, simulated)
    for at, one in enumerate(fitted):
        top = at * (ROW + GAP)
        _beside(box(sheet, 1.55, top, 2.15, ROW), one, printed)
        _giving_up(box(sheet, 4.35, top, 2.7, ROW), one)
    return sheet


def _beside(axes: Axes, one: SpecFit, printed: dict[tuple[str, str], Row]) -> None:
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
        axes.text(
            -0.04,
            at,
            name,
            ha="right",
            va="center",
            fontsize=SIZE,
            color=colour,
            transform=axes.get_yaxis_transform(),
        )
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
        "sd of direct effects (sd of outcome per sd of instrument)\nband: posterior; dashed: union of 2SLS intervals",
        fontsize=SIZE - 1, color=QUIET,
    )  # fmt: skip
