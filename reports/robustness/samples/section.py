"""The section about samples: units left out, predictions of left-out rows, and checks of residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....analyses.run.fits import Fit
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import Row, evidence_label, number, probability, synthetic
from .figure import overview, unit_figure

SHOWN, LISTED = 1, 3


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about samples; None where that part of robustness was not run."""
    found = {spec: parts["samples"] for spec, parts in fit.robustness.items() if "samples" in parts}
    if not found:
        return None
    label = evidence_label(fit)
    shown = sorted(found, key=lambda spec: -_weight(found[spec]))[:SHOWN]
    columns, figure_files = [], [overview(fit, found, label)]
    for spec, records in found.items():
        decimals = {row.term: row.decimals for row in rows if row.spec_id == spec}
        figure_file = unit_figure(fit, spec, records, label) if spec in shown else None
        figure_files += [figure_file] if figure_file else []
        columns.append(_column(fit, spec, records, decimals, figure_file))
    body = rendered(
        "robustness/samples.html",
        columns=[c for spec in shown for c in columns if c["id"] == spec],
        others=[c for c in columns if c["id"] not in shown],
        lines=columns,
        figure_file=figure_files[0],
        synthetic=synthetic(fit),
        label=label,
    )
    return Section("samples", "Samples", body, tuple(figure_files))


def _weight(records: dict[str, Any]) -> float:
    """Rank of a column: the number of verdicts that change, then the largest shift."""
    units, verdict = records["influence"]["units"], records["influence"]["whole"]["verdict"][0]
    changes = sum(unit["verdict"][0] != verdict for unit in units)
    return 1000.0 * changes + max(abs(unit["shift"][0]) for unit in units)


def _column(
    fit: Fit, spec: str, records: dict[str, Any], decimals: dict[str, int], figure_file: FigureFile | None
) -> dict[str, Any]:
    found = records["influence"]
    terms = [_term(found, at, decimals.get(term, 3)) for at, term in enumerate(found["terms"])]
    checks = [_check(check, records) for check in records["checks"]]
    return {
        "id": spec,
        "label": fit.specs[spec].view.spec.label,
        "entity": records["entity"],
        "panels": records["panels"],
        "terms": terms,
        "focal": terms[0],
        "checks": checks,
        "caught": [check["short"] for check in checks if check["caught"]],
        "predictions": _predictions(records),
        "notes": [*_over_twins(records), *_notes(records)],
        "figure_file": figure_file,
    }


def _term(found: dict[str, Any], at: int, decimals: int) -> dict[str, Any]:
    """One coefficient with all rows, its lowest and highest without a unit, and where its verdict changes."""
    units, whole = found["units"], found["whole"]

    def write(value: float) -> str:
        return number(value, decimals)

    lowest, highest = (end(units, key=lambda unit: unit["mean"][at]) for end in (min, max))
    most = max(units, key=lambda unit: abs(unit["shift"][at]))
    changed: dict[str, list[str]] = {}
    for unit in units:
        if unit["verdict"][at] != whole["verdict"][at]:
            changed.setdefault(unit["verdict"][at], []).append(unit["name"])
    return {
        "term": found["terms"][at],
        "whole": f"{write(whole['mean'][at])} [{write(whole['low'][at])}, {write(whole['high'][at])}]",
        "verdict": whole["verdict"][at],
        "lowest": f"{write(lowest['mean'][at])} ({lowest['name']})",
        "highest": f"{write(highest['mean'][at])} ({highest['name']})",
        "most": most["name"],
        "shift": number(most["shift"][at], 2),
        "changes": "; ".join(f"{verdict} without {_listed(names)}" for verdict, names in changed.items()),
    }


Say = Callable[[str, str], str]
# short name, what is measured, what it means where it is caught
CHECKS: dict[str, tuple[str, str, Say]] = {
    "autocorrelation": (
        "autocorrelation",
        "correlation of residuals one {time} apart",
        lambda e, t: f"residuals of the same {e} are correlated from {t} to {t}: consider errors = ar1",
    ),
    "variance_ratio": (
        "unequal variances",
        "largest over smallest residual s.d. of a {entity}",
        lambda e, t: (
            f"errors of one {e} are far larger than those of another: consider errors = entity_variance"
        ),
    ),
    "kurtosis": (
        "heavy tails",
        "excess kurtosis of residuals",
        lambda e, t: "residuals have heavier tails than the normal: consider errors = student_t",
    ),
    "largest": (
        "outlier",
        "largest residual, in s.d.",
        lambda e, t: (
            "one row lies further out than the normal allows: look at it, or consider errors = student_t"
        ),
    ),
    "pesaran_cd": (
        "common shocks",
        "Pesaran's CD across {entity} pairs",
        lambda e, t: (
            f"residuals of each {e} move with those of others: consider effects of {t}, or errors = cluster"
        ),
    ),
    "correlation": (
        "groups that move together",
        "mean absolute correlation of {entity} pairs",
        lambda e, t: f"some {e} pairs move together or against each other: consider errors = cluster",
    ),
}


# a fault that moves another's quantity: benchmarks/samples.py
ALSO = {"correlation": "autocorrelation", "kurtosis": "variance_ratio", "largest": "variance_ratio"}


def _check(check: dict[str, Any], records: dict[str, Any]) -> dict[str, Any]:
    entity, time = records["entity"], records["time"]
    short, measured, say = CHECKS[check["name"]]
    caught = check["caught"] > 0.5
    words = say(entity, time) if caught else ""
    if not records["entity_effects"] and check["name"] in ("autocorrelation", "variance_ratio"):
        words = words.replace("consider", f"consider effects of {entity}, or")
    also = next((c for c in records["checks"] if c["name"] == ALSO.get(check["name"])), None)
    if caught and also and also["caught"] > 0.5:
        words += f" ({CHECKS[also['name']][0]} alone would show here too)"
    if caught and check["name"] == "autocorrelation" and check["value"] < check["low"]:
        words = (
            f"residuals of the same {entity} alternate from {time} to {time} more than errors that are"
            " independent"
        )
    if caught and check["name"] == "pesaran_cd" and check["value"] < check["low"]:
        words = f"residuals of each {entity} move against those of others: consider errors = cluster"
    return {
        "short": short,
        "measured": measured.format(entity=entity, time=time),
        "value": number(check["value"], 2),
        "range": f"{number(check['low'], 2)} to {number(check['high'], 2)}",
        "p": probability(check["p"]),
        "share": f"{check['caught'] * records['panels']:.0f} of {records['panels']}",
        "caught": caught,
        "words": words or "as replicated data",
        "at": check.get("at", ""),
    }


def _predictions(records: dict[str, Any]) -> list[dict[str, Any]]:
    """One line for each model, with rows and with whole entities left out."""
    found = records["predictions"]
    if not found:
        return []
    entities = {record["model"]: record for record in found["entities"]}
    return [
        {
            "model": row["model"],
            "own": row["model"] == found["own"],
            "cells": [_prediction(row), _prediction(entities[row["model"]])],
        }
        for row in found["rows"]
    ]


def _prediction(record: dict[str, Any]) -> dict[str, str]:
    best = record["difference"] == 0
    return {
        "weight": number(record["weight"], 2),
        "difference": "best" if best else f"{number(record['difference'], 1)} ({number(record['error'], 1)})",
        "untrusted": f"{record['untrusted']:.0f}",
    }


def _over_twins(records: dict[str, Any]) -> list[str]:
    """How far the first coefficient moves in a typical twin.

    Units differ from twin to twin, so that the mean over twins hides what any one unit does.
    """
    found, panels = records["influence"], records["panels"]
    if panels == 1:
        return []
    names = {"entity": records["entity"], "time": records["time"]}
    each = [
        f"{number(kind['largest_shift'][0], 2)} without one {names.get(kind['kind'], kind['kind'])} (the"
        f" verdict changes in {kind['panels_that_change'][0]} of {panels})"
        for kind in found["kinds"]
    ]
    return [f"In a typical twin {found['terms'][0]} moves by up to, in posterior s.d., {', '.join(each)}."]


def _notes(records: dict[str, Any]) -> list[str]:
    found, notes = records["influence"], []
    names = {"entity": records["entity"], "time": records["time"]}
    for kind, count in found["screened"].items():
        left = sum(unit["kind"] == kind for unit in found["units"])
        notes.append(
            f"Of {count} units of {names.get(kind, kind)} the {left} that move least squares most were left"
            " out."
        )
    for unit in found["refused"]:
        kind = names.get(unit["kind"], unit["kind"])
        notes.append(f"Without {kind} {unit['name']} nothing can be estimated: {unit['why']}")
    doubted = [unit["name"] for unit in found["units"] if not unit["trusted"]]
    if doubted:
        notes.append(f"Importance sampling failed without {_listed(doubted)}; do not use those figures.")
    if records["predictions"] is None:
        notes.append("Predictions are not compared for panels of more than 20,000 rows.")
    return notes


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
