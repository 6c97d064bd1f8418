"""The section about mediation: paths and effects, and at which correlation of errors conclusions change."""

from __future__ import annotations

from typing import Any

from ....analyses.kinds.over_twins import span
from ....analyses.run.fits import Fit
from ....analyses.run.results import SpecFit
from ...drawing.figure_files import FigureFile, Section
from ...page.templating import LONGEST, rendered
from ...rows import Row, evidence_label, number, plural, shorten
from ..mechanisms import decimals_of, figure_of_table, over_twins, with_record
from .figure import PATHS, draw

ON_A_LINE = 36


def section(fit: Fit, columns: list[SpecFit], rows: list[Row]) -> Section | None:
    """The part of the page about mediation: columns fitted to a panel, to twins, and from printed numbers."""
    fitted, twins = with_record(columns, "mediation"), over_twins(columns)
    paths = [one for one in columns if printed_paths(one)]
    if not fitted and not twins and not paths:
        return None
    tables: dict[str, list[SpecFit]] = {}
    for one in fitted:
        tables.setdefault(one.id.split(".")[0], []).append(one)
    figure_files = tuple(_figure_file(fit, name, mine, rows) for name, mine in tables.items())
    body = rendered(
        "kinds/mediation.html",
        columns=[_column(one) for one in fitted],
        twins=[_over_twins(one, found) for one, found in twins],
        printed=[_printed(one) for one in paths],
        other_law=any((one.mechanism or {})["other_law"] for one in fitted),
        figure_files=figure_files,
        label=evidence_label(fit),
        most=ON_A_LINE,
    )
    return Section("mediation", "Mediation", body, figure_files)


def printed_paths(one: SpecFit) -> bool:
    """Whether a column's indirect effect was computed from printed paths."""
    return bool(with_record([one], "printed paths"))


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

    proportion, other = found["proportion"], found["other_law"]
    return {
        "id": one.id,
        "path": _path(one),
        **{name: span(found[name]) for name in PATHS},
        "proportion": (
            f"{number(proportion['median'], 2)} [{number(proportion['q2.5'], 2)},"
            f" {number(proportion['q97.5'], 2)}]"
        ),
        "stable": proportion["stable"],
        "vanishing": (
            f"{number(found['vanishing_rho']['mean'], 2)} "
            f"[{number(found['vanishing_rho']['q2.5'], 2)}, {number(found['vanishing_rho']['q97.5'], 2)}]"
        ),
        "changes": {name: number(found["changes_at"][name], 2) for name in PATHS[:2]},
        "prior": found["prior_on_rho"]["prior"].replace("-", "−"),
        "under": {name: span(found["prior_on_rho"][name]) for name in PATHS[:2]},
        "other_law": other
        and {
            "over_time": ", ".join(f"{number(rho, 2)} in the {of}" for of, rho in other["rho_error"].items()),
            **{name: span(other[name]) for name in PATHS[:2]},
            "under": {name: span(other["prior_on_rho"][name]) for name in PATHS[:2]},
        },
        "bootstrap": [
            {"unit": unit, **{name: span(parts[name]) for name in PATHS[:2]}}
            for unit, parts in found["bootstrap"].items()
        ],
        "together": (
            None
            if found["together"] is None
            else {name: span(part) for name, part in found["together"]["indirect"].items()}
        ),
    }


def _figure_file(fit: Fit, table: str, fitted: list[SpecFit], rows: list[Row]) -> FigureFile:
    alt = (
        f"Mediation, table {table}: for {plural(len(fitted), 'column')} the paths with posterior means,"
        " direct, indirect and total effects with 95% intervals, and the indirect effect against the"
        f" correlation rho of the errors. {evidence_label(fit)}. Its numbers are in the table below."
    )
    return figure_of_table(fit, "mediation", table, fitted, rows, draw, alt)
