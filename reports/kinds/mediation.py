"""What a fitted mediation says: its paths, and how much of them rests on rho = 0."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analyses.kinds.over_twins import span
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ..drawing.canvas import BLUE, GREY, ORANGE, box, canvas, heading
from ..drawing.figure_files import Plate, Section
from ..drawing.figures import INK, QUIET, SIZE, drawn
from ..page.templating import LONGEST, rendered
from ..rows import Row, evidence_label, number, plural, shorten, synthetic

ROW, GAP = 1.5, 0.72
PATHS = ("direct", "indirect", "total")
ON_A_LINE = 36


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about mediation; None where no column was fitted to a panel."""
    fitted = of_kind(fit, "mediation")
    twins = over_twins(fit, "mediation")
    paths = of_kind(fit, "printed paths")
    if not fitted and not twins and not paths:
        return None
    tables: dict[str, list[SpecFit]] = {}
    for one in fitted:
        tables.setdefault(one.id.split(".")[0], []).append(one)
    plates = tuple(_plate(fit, name, mine, rows) for name, mine in tables.items())
    body = rendered(
        "mediation.html",
        columns=[_column(one) for one in fitted],
        twins=[_over_twins(one, found) for one, found in twins],
        printed=[_printed(one) for one in paths],
        plates=plates,
        label=evidence_label(fit),
        most=ON_A_LINE,
    )
    return Section("mediation", "Mediation", body, plates)


def of_kind(fit: Fit, kind: str) -> list[SpecFit]:
    """The columns of a fit whose mechanism is of a kind."""
    return [one for one in fit.specs.values() if (one.mechanism or {}).get("kind") == kind]


def over_twins(fit: Fit, kind: str) -> list[tuple[SpecFit, list[dict[str, Any]]]]:
    """The columns that were fitted to twins, each with the mechanism of every twin."""
    found = [(one, one.mechanism or {}) for one in of_kind(fit, "over twins")]
    return [(one, record["twins"]) for one, record in found if record["of"] == kind]


def _over_twins(one: SpecFit, found: list[dict[str, Any]]) -> dict[str, str]:
    return {
        "id": one.id,
        "indirect": span([part["indirect"]["mean"] for part in found]),
        "vanishing": span([part["vanishing_rho"]["mean"] for part in found]),
        "direct": span([part["changes_at"]["direct"] for part in found]),
        "changes": span([part["changes_at"]["indirect"] for part in found]),
    }


def _printed(one: SpecFit) -> dict[str, Any]:
    found = one.mechanism or {}

    def ends(part: dict[str, float] | None) -> str:
        if part is None:
            return number(None, 0)
        d = decimals_of(part)
        return f"{number(part['mean'], d)} [{number(part['q2.5'], d)}, {number(part['q97.5'], d)}]"

    return {
        "id": one.id,
        "path": _path(one),
        "a_from": found["a_from"],
        "total_from": found["total_from"] or number(None, 0),
        **{name: ends(found[name]) for name in ("indirect", "indirect_with_total", "correlation_ab")},
    }


def _path(one: SpecFit) -> str:
    found = one.mechanism or {}
    names = found["treatment"], found["mediator"], str(one.view.spec.parsed.outcome)
    return " → ".join(shorten(name, LONGEST) for name in names)


def _column(one: SpecFit) -> dict[str, Any]:
    found = one.mechanism
    assert found is not None
    decimals = decimals_of(found["indirect"])

    def span(part: dict[str, Any] | None, centre: str = "mean") -> str:
        if part is None:
            return number(None, 0)
        ends = f"[{number(part['q2.5'], decimals)}, {number(part['q97.5'], decimals)}]"
        return f"{number(part[centre], decimals)} {ends}" if centre in part else ends

    proportion = found["proportion"]
    return {
        "id": one.id,
        "path": _path(one),
        **{name: span(found[name]) for name in PATHS},
        "proportion": f"{number(proportion['median'], 2)} [{number(proportion['q2.5'], 2)}, {number(proportion['q97.5'], 2)}]",
        "stable": proportion["stable"],
        "vanishing": f"{number(found['vanishing_rho']['mean'], 2)} "
        f"[{number(found['vanishing_rho']['q2.5'], 2)}, {number(found['vanishing_rho']['q97.5'], 2)}]",
        "changes": {name: number(found["changes_at"][name], 2) for name in PATHS[:2]},
        "prior": found["prior_on_rho"]["prior"].replace("-", "−"),
        "under": {name: span(found["prior_on_rho"][name]) for name in PATHS[:2]},
        "bootstrap": [
            {"unit": unit, **{name: span(parts[name]) for name in PATHS[:2]}}
            for unit, parts in found["bootstrap"].items()
        ],
        "together": None
        if found["together"] is None
        else {name: span(part) for name, part in found["together"]["indirect"].items()},
    }


def decimals_of(part: dict[str, float]) -> int:
    """Enough for two digits of half the interval's width."""
    from math import ceil, log10

    half = (part["q97.5"] - part["q2.5"]) / 2
    return max(0, min(6, ceil(1 - log10(half)))) if half > 0 else 3


def _plate(fit: Fit, table: str, fitted: list[SpecFit], rows: list[Row]) -> Plate:
    title = f"{fit.study.name}: mediation in table {table}"
    printed = {(r.spec_id, r.term): r for r in rows}

    def make() -> Figure:
        return figure(fitted, printed, title, evidence_label(fit), synthetic(fit))

    alt = (
        f"Mediation, table {table}: for {plural(len(fitted), 'column')} the paths with posterior means, direct, indirect and "
        f"total effects with 95% intervals, and the indirect effect against the correlation rho of the errors. "
        f"{evidence_label(fit)}. Its numbers are in the table below."
    )
    return Plate(
        f"mediation-{table}",
        f"mediation {table}",
        f"mediation in table {table}",
        alt,
        drawn(make, "svg"),
        drawn(make, "png"),
        drawn(make, "pdf"),
    )


def figure(
    fitted: list[SpecFit], printed: dict[tuple[str, str], Row], title: str, evidence: str, simulated: bool
) -> Figure:
    """A row a column: the paths, their effects at rho = 0, and the indirect effect as rho moves."""
    sheet = canvas(len(fitted) * (ROW + GAP) + 0.05, title, evidence, simulated)
    for at, one in enumerate(fitted):
        top = at * (ROW + GAP)
        _paths(box(sheet, 0.1, top, 2.35, ROW), one)
        _effects(box(sheet, 3.2, top, 1.5, ROW), one, printed)
        _moving(box(sheet, 5.25, top, 1.8, ROW), one)
    return sheet


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
        ("x", "m", "a", (1.5, 3.7), BLUE), ("m", "y", "b", (8.5, 3.7), BLUE), ("x", "y", "direct", (5.0, 1.75), ORANGE),
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


def _effects(axes: Axes, one: SpecFit, printed: dict[tuple[str, str], Row]) -> None:
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
        axes.text(
            -0.06,
            at,
            name,
            ha="right",
            va="center",
            fontsize=SIZE,
            color=colour,
            transform=axes.get_yaxis_transform(),
        )
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
            0.98 if zero > 0 else 0.02, 0.95, f"0 at rho = {number(zero, 2)}", ha="right" if zero > 0 else "left", va="top",
            fontsize=SIZE, color=ORANGE, transform=axes.transAxes, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    if change is not None and abs(change) <= reach:
        axes.axvline(change, color=ORANGE, linewidth=0.8, linestyle="--")
    axes.set_xlabel(
        "rho (dashed: where the 95% band\nstarts or ceases to contain 0)", fontsize=SIZE - 1, color=QUIET
    )
