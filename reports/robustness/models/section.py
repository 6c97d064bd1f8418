"""The part of the page about other models: specification curves, and where their spread comes from."""

from __future__ import annotations

from functools import partial
from typing import Any

from ....analyses.run.fits import Fit
from ....models.errors import LAWS
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import Row, evidence_label, number, plural, synthetic
from .figure import curve, shares

SHOWN, BARS = 4, 24
FACTORS = ("effects", "controls", "prior", "sample", "errors", "twins")


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about other models; None where that part of robustness was not run."""
    terms = [
        (spec, term)
        for spec, parts in fit.robustness.items()
        if "models" in parts
        for term in parts["models"]["terms"]
    ]
    if not terms:
        return None
    label, made_up = evidence_label(fit), synthetic(fit)
    errors = {spec: fit.robustness[spec]["models"]["errors"] for spec, _ in terms}
    shown, parts, figure_files = _shown(fit, terms), [], []
    for place, (spec, term) in enumerate(shown, 1):
        name = f"models.{spec}.{place}"
        printed = paper_columns(fit, spec, term["term"], rows)
        alt = (
            f"Specification curve of {term['term']} in {spec}: {len(term['members'])} of {term['count']}"
            f" models with 95% intervals in order of their means, and the choices of each. {label}."
            f" {_sentence(term)}"
        )
        figure_file = FigureFile.of(
            name,
            None,
            f"{term['term']} of {spec} over models",
            alt,
            partial(curve, fit.study.name, spec, term, printed, errors[spec], label, made_up),
        )
        figure_files.append(figure_file)
        parts.append(_part(spec, term, figure_file, _decimals(rows, spec, term["term"]), errors[spec]))
    bars = [*shown, *(one for one in terms if one not in shown)][:BARS]
    alt = (
        "Stacked bars: shares of the variance over models by kind of choice,"
        f" {plural(len(bars), 'coefficient')}. {label}."
    )
    over = FigureFile.of(
        "models",
        None,
        "where the spread comes from",
        alt,
        lambda: shares(fit.study.name, bars, label, made_up),
    )
    factors = [name for name in FACTORS if any(name in term["spread"]["alone"] for _, term in terms)]
    body = rendered(
        "robustness/models.html",
        parts=parts,
        over=over,
        factors=factors,
        lines=[
            _line(spec, term, factors, _decimals(rows, spec, term["term"]), errors[spec])
            for spec, term in terms
        ],
        label=label,
        panels=terms[0][1]["panels"],
        error_panels=max(term["error_panels"] for _, term in terms),
    )
    return Section("models", "Other models", body, (*figure_files, over))


def paper_columns(fit: Fit, spec: str, term: str, rows: list[Row]) -> list[Row]:
    """What the paper prints of this term: in columns of the same outcome, and in variants of this column."""
    specs = fit.study.file.spec
    outcome = specs[spec].parsed.outcome
    return [
        row
        for row in rows
        if row.term == term
        and (specs[row.spec_id].parsed.outcome == outcome or specs[row.spec_id].variant_of == spec)
    ]


def _shown(fit: Fit, terms: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """One curve for each outcome and term: of the column that has variants, else most regressors."""
    specs = fit.study.file.spec
    targets = {s.variant_of for s in specs.values()}
    best: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for spec, term in sorted(terms, key=lambda t: (t[0] not in targets, -len(specs[t[0]].parsed.terms))):
        best.setdefault((str(specs[spec].parsed.outcome), term["term"]), (spec, term))
    ranked = sorted(best.values(), key=lambda t: t[0] not in targets)
    return ranked[:SHOWN]


def _decimals(rows: list[Row], spec: str, term: str) -> int:
    return next((row.decimals for row in rows if row.spec_id == spec and row.term == term), 3)


def _sentence(term: dict[str, Any]) -> str:
    above, below = term["above"], term["below"]
    return (
        f"Of {term['count']} models the 95% interval lies above 0 in {above:.0%}, below 0 in {below:.0%}, "
        f"and contains 0 in {1 - above - below:.0%}."
    )


def _part(
    spec: str, term: dict[str, Any], figure_file: FigureFile, decimals: int, errors: str
) -> dict[str, Any]:
    def write(value: float) -> str:
        return number(value, decimals)

    return {
        "id": spec,
        "term": term["term"],
        "figure_file": figure_file,
        "errors": None if LAWS[errors].additive else LAWS[errors].label,
        "fitted": any(error["name"] == errors for error in term["errors"]),
        "sentence": _sentence(term),
        "shown": len(term["members"]),
        "doubtful": term["doubtful"],
        "distrusted": [error["name"] for error in term["errors"] if not error["trusted"]],
        "levels": [
            {
                "factor": factor,
                "level": level,
                "median": write(at["median"]),
                "range": f"{write(at['low'])} to {write(at['high'])}",
                "above": f"{at['above']:.0%}",
                "below": f"{at['below']:.0%}",
            }
            for factor, levels in term["levels"].items()
            if len(levels) > 1
            for level, at in zip(levels, term["by_level"][factor], strict=True)
        ],
    }


def _line(spec: str, term: dict[str, Any], factors: list[str], decimals: int, errors: str) -> dict[str, Any]:
    found = term["spread"]
    means = [at for levels in term["by_level"].values() for at in levels]
    return {
        "id": spec,
        "term": term["term"],
        "count": term["count"],
        "own": number(term["own"][0], decimals) + ("" if LAWS[errors].additive else " (Gaussian errors)"),
        "range": (
            f"{number(min(m['low'] for m in means), decimals)} to"
            f" {number(max(m['high'] for m in means), decimals)}"
        ),
        "above": f"{term['above']:.0%}",
        "below": f"{term['below']:.0%}",
        "sd": f"{found['sd']:.3g}",
        "within": f"{found['within']:.3g}",
        "shares": [
            f"{found['alone'][name]:.0%} ({found['shapley'][name]:.0%})" if name in found["alone"] else "–"
            for name in factors
        ],
        "interactions": f"{found['interactions']:.0%}",
    }
