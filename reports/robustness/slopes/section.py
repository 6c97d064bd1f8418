"""The section about slopes that differ: by region, in one model and separate regressions, and by entity."""

from __future__ import annotations

from functools import partial
from typing import Any

from ....analyses.robustness.slopes.printed_subsamples import published_subsamples
from ....analyses.run.fits import Fit
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import NOTHING, Row, evidence_label, number, probability, synthetic
from .figure import caterpillar, regions

SHOWN = 3


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about slopes by group; None where that part of robustness was not run."""
    found = {spec: parts["slopes"] for spec, parts in fit.robustness.items() if "slopes" in parts}
    subsamples = [pair for records in found.values() for pair in records.get("halves", [])]
    terms = [(spec, term) for spec, records in found.items() for term in records.get("terms", [])]
    terms = [(spec, term) for spec, term in terms if term["groups"] or term["entities"]]
    if not terms and not subsamples:
        return None
    label = evidence_label(fit)
    shown, figure_files = _shown(fit, terms), []
    parts = []
    for spec, term in terms:
        published = {
            group["by"]: _published(fit, spec, group["by"], term["term"], rows) for group in term["groups"]
        }
        decimals = next((r.decimals for r in rows if r.spec_id == spec and r.term == term["term"]), 3)
        mine = _figure_files(fit, spec, term, published, label) if (spec, term["term"]) in shown else []
        figure_files += mine
        parts.append(_part(spec, term, published, decimals, mine))
    body = rendered(
        "robustness/slopes.html",
        parts=[part for part in parts if part["figure_files"]],
        others=[part for part in parts if not part["figure_files"]],
        printed_subsamples=[_printed_subsamples(pair, fit, rows) for pair in subsamples],
        grouped=any(part["groups"] for part in parts),
        entity=fit.study.file.study.entity,
        panels=max((records.get("panels", 0) for records in found.values()), default=0),
        label=label,
    )
    return Section("slopes", "Slopes that differ", body, tuple(figure_files))


def _figure_files(
    fit: Fit, spec: str, term: dict[str, Any], published: dict[str, dict[str, Row]], label: str
) -> list[FigureFile]:
    slope, entity, made_up = term["term"], fit.study.file.study.entity, synthetic(fit)
    title = f"{fit.study.name} {spec}: slope of {slope}"
    at = [str(t) for t in fit.study.file.spec[spec].parsed.terms].index(slope) + 1
    made = []
    if term["groups"]:
        alt = _alt(f"Slopes of {slope} by group in {spec}, separate regressions and partially pooled", label)
        draw = partial(regions, title, term, published, label, made_up)
        made.append(
            FigureFile.of(f"slopes.{spec}.{at}", None, f"slope of {slope} by group, {spec}", alt, draw)
        )
    if term["entities"]:
        alt = _alt(f"Slope of {slope} of every {entity} in {spec}, in order", label)
        draw = partial(caterpillar, title, term, entity, label, made_up)
        made.append(
            FigureFile.of(
                f"slopes.{spec}.{at}.entities", None, f"slope of {slope} by {entity}, {spec}", alt, draw
            )
        )
    return made


def _alt(what: str, label: str) -> str:
    return f"{what}, with 95% intervals. {label}. Its numbers are in the table below."


def _shown(fit: Fit, terms: list[tuple[str, dict[str, Any]]]) -> set[tuple[str, str]]:
    """One column for each outcome and term.

    It is one whose subsamples the paper prints, else one with variants, else the one with most regressors.
    """
    specs = fit.study.file.spec
    targets = {s.variant_of for s in specs.values()}

    def rank(one: tuple[str, dict[str, Any]]) -> tuple[bool, bool, int]:
        spec, term = one
        printed = any(published_subsamples(fit.study.spec(spec), g["by"]) for g in term["groups"])
        return not printed, spec not in targets, -len(specs[spec].parsed.terms)

    best: dict[tuple[str, str], tuple[str, str]] = {}
    for spec, term in sorted(terms, key=rank):
        best.setdefault((str(specs[spec].parsed.outcome), term["term"]), (spec, term["term"]))
    return set([*best.values()][:SHOWN])


def _published(fit: Fit, spec: str, by: str, term: str, rows: list[Row]) -> dict[str, Row]:
    """What the paper prints for each group in a column of its own."""
    columns = {group: view.id for group, view in published_subsamples(fit.study.spec(spec), by).items()}
    return {g: r for g, column in columns.items() for r in rows if r.spec_id == column and r.term == term}


def _part(
    spec: str,
    term: dict[str, Any],
    published: dict[str, dict[str, Row]],
    decimals: int,
    figure_files: list[FigureFile],
) -> dict[str, Any]:
    def interval(at: list[float] | None) -> str:
        if at is None:
            return NOTHING
        mean, low, high = (number(v, decimals) for v in at[:3])
        return f"{mean} [{low}, {high}]"

    def squares(at: list[float] | None) -> str:
        return NOTHING if at is None else f"{number(at[0], decimals)} ({number(at[1], decimals)})"

    groups = []
    for group in term["groups"]:
        printed = published[group["by"]] if group["way"] == "as published" else {}
        groups.append(
            {
                "by": group["by"],
                "way": group["way"],
                "printed": bool(printed),
                "shrinkage": _shrinkage(group["shrinkage"]),
                "spreads": ", ".join(f"× {s:g}" for s in group["spreads"]),
                "doubtful": group["doubtful"],
                "rows": [
                    {
                        "name": name,
                        "size": group["sizes"][i],
                        "printed": printed[name].printed if name in printed else NOTHING,
                        "squares": squares(group["least_squares"][i]),
                        "apart": interval(group["apart"][i]),
                        "pooled": interval(group["pooled"][i]),
                        "only": interval(group["only"][i]),
                    }
                    for i, name in enumerate(group["names"])
                ],
                "differences": [
                    {
                        "name": " − ".join(d["of"]),
                        "squares": squares(d["least_squares"]),
                        "apart": interval(d["apart"]),
                        "pooled": interval(d["pooled"]),
                        "only": interval(d["only"]),
                        "p_apart": probability(d["apart"][3]) if d["apart"] else NOTHING,
                        "p_pooled": probability(d["pooled"][3]),
                        "p_only": probability(d["only"][3]),
                        "p_spreads": ", ".join(probability(at[3]) for at in d["by_spread"]),
                    }
                    for d in group["differences"]
                ],
            }
        )
    entities = term["entities"]
    return {
        "id": spec,
        "term": term["term"],
        "groups": groups,
        "figure_files": figure_files,
        "entities": (
            None
            if entities is None
            else {
                "sd": interval(entities["sd"]),
                "common": interval(entities["common"]),
                "lowest": interval(entities["rows"][0]),
                "highest": interval(entities["rows"][-1]),
                "count": len(entities["rows"]),
            }
        ),
    }


def _printed_subsamples(pair: dict[str, Any], fit: Fit, rows: list[Row]) -> dict[str, Any]:
    printed = [next(r for r in rows if r.spec_id == c and r.term == pair["term"]) for c in pair["columns"]]
    decimals = printed[0].decimals
    first, second = (row.record["published"]["estimate"] for row in printed)
    mean, low, high = (number(v, decimals) for v in pair["difference"][:3])
    return {
        "term": pair["term"],
        "columns": pair["columns"],
        "groups": pair["groups"],
        "printed": [f"{row.printed} {row.printed_error}" for row in printed],
        "printed_difference": number(first - second, decimals - 1),
        "difference": f"{mean} [{low}, {high}]",
        "p": probability(pair["difference"][3]),
    }  # fmt: skip


def _shrinkage(share: float | None) -> str:
    if share is None:
        return ""
    if share <= 0:
        return (
            "Pooling does not bring the groups nearer to each other than the separate regressions have them."
        )
    return f"Pooling takes {share:.0%} of the spread between groups of the separate regressions."
