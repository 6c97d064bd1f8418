"""The part of the page about few clusters: tests beside models with clusters in them."""

from __future__ import annotations

from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...analyses.run.fits import Fit
from ..drawing.canvas import BLUE, GREY, ORANGE, box, canvas
from ..drawing.figure_files import Plate, Section
from ..drawing.figures import INK, QUIET, RULE, WIDTH, drawn
from ..page.templating import rendered
from ..rows import NOTHING, Row, evidence_label, number, plural, probability, shorten, synthetic

GREEN = "#009E73"
SHOWN, STEP, GAP = 6, 0.14, 0.12
KINDS = {
    "robust": ("cluster-robust t", INK, "D"),
    "wild": ("wild cluster bootstrap", GREY, "s"),
    "independent": ("posterior, errors independent", ORANGE, "o"),
    "shocks": ("posterior, shocks of clusters", BLUE, "o"),
    "slopes": ("posterior, slopes differ by cluster", GREEN, "o"),
}
MODELS = ("independent", "shocks", "slopes")
WEIGHTS = {"webb": "six-point weights of Webb", "rademacher": "random signs"}


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The section; None where no column with cluster-robust errors was looked at."""
    found = {spec: parts["clusters"] for spec, parts in fit.robustness.items() if "clusters" in parts}
    if not found:
        return None
    label = evidence_label(fit)
    decimals = {(r.spec_id, r.term): r.decimals for r in rows}
    fitted = {spec: records for spec, records in found.items() if records["panels"]}
    parts = [
        _row(spec, records, term, decimals.get((spec, term["term"]), 3))
        for spec, records in fitted.items()
        for term in records["terms"]
    ]
    printed = [
        {
            "id": spec,
            "term": term["term"],
            "t": number(term["t"], 2),
            "df": f"{term['df']:g}",
            "p": probability(term["p_value"]),
            "normal": probability(term["normal"]),
        }
        for spec, records in found.items()
        if not records["panels"]
        for term in records["terms"]
    ]
    plates = (_plate(fit, fitted, label),) if fitted else ()
    first = next(iter((fitted or found).values()))
    body = rendered(
        "robust_clusters.html",
        parts=parts,
        printed=printed,
        plate=plates[0] if plates else None,
        cluster=first["cluster"],
        groups=_groups(fitted),
        models=[name for name in MODELS if any(part[name] != NOTHING for part in parts)],
        panels=max(records["panels"] for records in found.values()),
        label=label,
    )
    return Section("clusters", "Few clusters", body, plates)


def _groups(fitted: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What the number of clusters allows, once for each number."""
    by_count = {records["clusters"]: records for records in fitted.values()}
    return [
        {
            "count": count,
            "df": records["df"],
            "sizes": _sizes(records["sizes"]),
            "weights": WEIGHTS[records["weights"]],
            "smallest": probability(records["smallest"]),
            "signs": probability(records["smallest_by_signs"]),
            "impossible": records["smallest_by_signs"] > 0.05,
        }
        for count, records in sorted(by_count.items())
    ]


def _sizes(sizes: list[int]) -> str:
    if len(set(sizes)) == 1:
        return f"of {plural(sizes[0], 'row')}"
    return f"(rows: {', '.join(map(str, sizes[:12]))}{', …' if len(sizes) > 12 else ''})"


def _row(spec: str, records: dict[str, Any], term: dict[str, Any], decimals: int) -> dict[str, Any]:
    def ends(low: float | None, high: float | None) -> str:
        return f"[{number(low, decimals) if low is not None else '−∞'}, {number(high, decimals) if high is not None else '∞'}]"

    posterior = {
        name: f"{number(at['mean'], decimals)} {ends(at['low'], at['high'])}"
        for name, at in term["posterior"].items()
    }
    shocks = term["posterior"].get("shocks", {})
    return {
        "id": spec,
        "term": term["term"],
        "t": _over(term["tests"]["t"], lambda v: number(v, 2)),
        "df": records["df"],
        "p": _over(term["tests"]["p_value"], probability),
        "wild": _over(term["tests"]["wild"], probability),
        "robust": ends(*term["robust"][1:]),
        "interval": ends(*term["wild"][1:]),
        **{name: posterior.get(name, NOTHING) for name in MODELS},
        "sd": number(shocks.get("sd_cluster"), 2),
        "rho": number(shocks.get("rho_cluster"), 2),
        "doubtful": sum(at["doubtful"] for at in term["posterior"].values()),
    }


def _over(values: list[float], text: Any) -> str:
    """A value, or the median and the range over twins."""
    if len(values) == 1:
        return str(text(values[0]))
    ordered = sorted(values)
    return f"{text(median(values))} ({text(ordered[0])} to {text(ordered[-1])})"


def _plate(fit: Fit, fitted: dict[str, dict[str, Any]], label: str) -> Plate:
    blocks = [(spec, term) for spec, records in fitted.items() for term in records["terms"]][:SHOWN]
    title = f"{fit.study.name}: clusters in tests and in models"
    made_up = synthetic(fit)
    alt = (
        f"95% intervals of {plural(len(blocks), 'coefficient')} by cluster-robust t, wild cluster bootstrap and models of the "
        f"clusters. {label}. Its numbers are in the table below."
    )

    def make() -> Figure:
        return intervals(title, blocks, label, made_up)

    return Plate(
        "clusters",
        None,
        "clusters in tests and in models",
        alt,
        drawn(make, "svg"),
        drawn(make, "png"),
        drawn(make, "pdf"),
    )


def intervals(title: str, blocks: list[tuple[str, dict[str, Any]]], label: str, made_up: bool) -> Figure:
    """One block of intervals for each coefficient; an arrow ends an interval that has no end."""
    marks = [_marks(term) for _, term in blocks]
    height = sum(STEP * len(mine) + GAP for mine in marks)
    figure = canvas(height + 0.75, title, label, made_up)
    left = 1.5
    axes = box(figure, left, 0.45, WIDTH - left - 0.25, height)
    finite = [v for mine in marks for _, ends in mine for v in ends if v is not None]
    low, high = min(*finite, 0.0), max(*finite, 0.0)
    room = 0.06 * (high - low)
    y = 0.0
    for (spec, term), mine in zip(blocks, marks, strict=True):
        tall = STEP * len(mine) + GAP
        axes.text(-0.02, y + tall / 2, shorten(f"{spec} {term['term']}", 26), transform=axes.get_yaxis_transform(),
                  ha="right", va="center", fontsize=7.6, color=INK, parse_math=False)  # fmt: skip
        for i, (kind, (mean, start, end)) in enumerate(mine):
            _, colour, marker = KINDS[kind]
            at = y + GAP / 2 + STEP * (i + 0.5)
            for open_end, place, head in ((start is None, low - room, "<"), (end is None, high + room, ">")):
                if open_end:
                    axes.plot([place], [at], head, color=colour, markersize=4)
            axes.plot([low - room if start is None else start, high + room if end is None else end], [at, at],
                      color=colour, linewidth=1.8, solid_capstyle="butt")  # fmt: skip
            axes.plot([mean], [at], marker, color=colour, markersize=4)
        y += tall
        axes.axhline(y, color=RULE, linewidth=0.5, zorder=0)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.set_ylim(height, 0)
    axes.set_xlim(low - 1.5 * room, high + 1.5 * room)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    used = [k for k in KINDS if any(kind == k for mine in marks for kind, _ in mine)]
    handles = [
        Line2D([], [], color=KINDS[k][1], marker=KINDS[k][2], linewidth=1.8, markersize=4) for k in used
    ]
    figure.legend(handles, [KINDS[k][0] for k in used], loc="upper left", frameon=False, fontsize=7.4, ncols=3,
                  bbox_to_anchor=(0.004, 1 - 0.3 / figure.get_figheight()), handlelength=1.6, columnspacing=1.0)  # fmt: skip
    return figure


def _marks(term: dict[str, Any]) -> list[tuple[str, tuple[float, float | None, float | None]]]:
    made: list[tuple[str, tuple[float, float | None, float | None]]] = [
        (kind, tuple(term[kind])) for kind in ("robust", "wild")
    ]
    return made + [(name, (at["mean"], at["low"], at["high"])) for name, at in term["posterior"].items()]
