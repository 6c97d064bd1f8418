"""The section about instruments: their strength, tests, and how much depends on exact exclusion."""

from __future__ import annotations

from typing import Any

from ....analyses.kinds.over_twins import span
from ....analyses.run.fits import Fit
from ....analyses.run.results import SpecFit
from ....models.frequentist.weak_instruments import RULE_OF_THUMB
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import rendered
from ...rows import MINUS, Row, evidence_label, number, plural
from ..mechanisms import decimals_of, figure_of_table, over_twins, with_record
from .figure import draw

INFINITY = "\N{INFINITY}"


def section(fit: Fit, columns: list[SpecFit], rows: list[Row]) -> Section | None:
    """The part of the page about instruments; None where no column was fitted to a panel."""
    fitted, twins = with_record(columns, "instrument"), over_twins(columns)
    if not fitted and not twins:
        return None
    tables: dict[str, list[SpecFit]] = {}
    for one in fitted:
        if "exclusion" in one.tree.children:
            tables.setdefault(one.id.split(".")[0], []).append(one)
    figure_files = tuple(_figure_file(fit, name, mine, rows) for name, mine in tables.items())
    lines = [line for one in fitted for line in _lines(one)]
    body = rendered(
        "kinds/instrument.html",
        lines=lines,
        laws=[line for one in fitted for line in _laws(one)],
        several=[_several(one) for one in fitted if len((one.mechanism or {})["endogenous"]) > 1],
        rule_of_thumb=f"{RULE_OF_THUMB:g}",
        twins=[_over_twins(one, found) for one, found in twins],
        figure_files=figure_files,
        label=evidence_label(fit),
    )
    return Section("instruments", "Instruments", body, figure_files)


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
                "anderson_rubin": _pieces(part["anderson_rubin"], d),
                "f": number(part["first_stage_f"], 1),
                "conditional": number(part["conditional_f"], 1) if len(found["endogenous"]) > 1 else "",
                "effective": number(found["effective_f"], 1),
                "critical": number(found["effective_f_critical"], 1),
                "weak": weak(found, part),
                "test": "just identified" if test is None else f"{test['test']} p = {test['p']:.3f}",
                "endogeneity": span(part["endogeneity"], d=2),
                "loose": span(part["prior_on_exclusion"]),
                "prior": ", ".join(sorted(set(found["exclusion"].values()))).replace("-", "−"),
                "changes": {key: number(value, 3) for key, value in changes.items()},
            }
        )
    return lines


def _laws(one: SpecFit) -> list[dict[str, str]]:
    """The coefficient with errors correlated over time, or why it is not estimated with them."""
    found = (one.mechanism or {})["other_law"]
    if found is None:
        return []
    if found["why"] is not None:
        return [{"id": one.id, "term": ", ".join((one.mechanism or {})["endogenous"]), "why": found["why"]}]
    lines = []
    for name, part in found["endogenous"].items():
        d = decimals_of(part["posterior"])

        def span(values: dict[str, float], d: int = d) -> str:
            return f"{number(values['mean'], d)} [{number(values['q2.5'], d)}, {number(values['q97.5'], d)}]"

        lines.append(
            {
                "id": one.id,
                "term": name,
                "why": "",
                "posterior": span(part["posterior"]),
                "loose": span(part["prior_on_exclusion"]),
                "endogeneity": span(part["endogeneity"], 2),
                "rho_error": span(found["rho_error"], 2),
            }
        )
    return lines


def weak(found: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether the instruments of a regressor are weak: by its effective F, or given other regressors."""
    if len(found["endogenous"]) > 1:
        return part["conditional_f"] is not None and part["conditional_f"] < RULE_OF_THUMB
    return bool(found["effective_f"] < found["effective_f_critical"])


def _several(one: SpecFit) -> dict[str, str]:
    """What is said of all endogenous regressors of a column at once."""
    found = one.mechanism
    assert found is not None
    p = found["anderson_rubin_p"]
    return {
        "id": one.id,
        "terms": ", ".join(found["endogenous"]),
        "cragg_donald": number(found["cragg_donald"], 2),
        "kleibergen_paap": number(found["kleibergen_paap"], 2),
        "p": number(None, 0) if p is None else f"{p:.3f}",
    }


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


def _figure_file(fit: Fit, table: str, fitted: list[SpecFit], rows: list[Row]) -> FigureFile:
    alt = (
        f"Instruments, table {table}: for {plural(len(fitted), 'column')} the published estimate, two-stage"
        " least squares, the Anderson-Rubin interval and posteriors with 95% intervals, and the coefficient"
        f" against the size of direct effects that the instruments may have. {evidence_label(fit)}. Its"
        " numbers are in the table below."
    )
    return figure_of_table(fit, "instruments", table, fitted, rows, draw, alt)
