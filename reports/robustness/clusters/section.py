"""The part of the page about few clusters: tests beside models with clusters in them."""

from __future__ import annotations

from statistics import median
from typing import Any

from matplotlib.figure import Figure

from ....analyses.run.fits import Fit
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import NOTHING, Row, evidence_label, number, plural, probability, synthetic
from .figure import intervals

SHOWN = 6
MODELS = ("independent", "shocks", "slopes")
WEIGHTS = {"webb": "six-point weights of Webb", "rademacher": "random signs"}


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The section about few clusters; None where no column has cluster-robust errors."""
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
    figure_files = (_figure_file(fit, fitted, label),) if fitted else ()
    first = next(iter((fitted or found).values()))
    body = rendered(
        "robustness/clusters.html",
        parts=parts,
        printed=printed,
        figure_file=figure_files[0] if figure_files else None,
        cluster=first["cluster"],
        groups=_groups(fitted),
        models=[name for name in MODELS if any(part[name] != NOTHING for part in parts)],
        panels=max(records["panels"] for records in found.values()),
        label=label,
    )
    return Section("clusters", "Few clusters", body, figure_files)


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
        return (
            f"[{number(low, decimals) if low is not None else '−∞'},"
            f" {number(high, decimals) if high is not None else '∞'}]"
        )

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
    """A value, or its median and range over twins."""
    if len(values) == 1:
        return str(text(values[0]))
    ordered = sorted(values)
    return f"{text(median(values))} ({text(ordered[0])} to {text(ordered[-1])})"


def _figure_file(fit: Fit, fitted: dict[str, dict[str, Any]], label: str) -> FigureFile:
    blocks = [(spec, term) for spec, records in fitted.items() for term in records["terms"]][:SHOWN]
    title = f"{fit.study.name}: clusters in tests and in models"
    made_up = synthetic(fit)
    alt = (
        f"95% intervals of {plural(len(blocks), 'coefficient')} by cluster-robust t, wild cluster bootstrap"
        f" and models of the clusters. {label}. Its numbers are in the table below."
    )

    def make() -> Figure:
        return intervals(title, blocks, label, made_up)

    return FigureFile.of("clusters", None, "clusters in tests and in models", alt, make)
