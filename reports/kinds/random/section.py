"""The section about random-effects columns: within and between slopes, their contrast, Hausman's test."""

from __future__ import annotations

from typing import Any

from ....analyses.kinds.random.record import KIND as RECORD
from ....analyses.run.fits import Fit
from ....analyses.run.results import SpecFit
from ....data.study.estimators import ESTIMATORS
from ...drawing.figure_files import Section
from ...page.templating import rendered
from ...rows import NOTHING, Row, number, plural
from ..mechanisms import decimals_of, with_record

PARTS = ("random", "within", "between", "contrast")


def section(fit: Fit, columns: list[SpecFit], rows: list[Row]) -> Section | None:
    """The part of the page about random effects; None where no column was fitted to a panel."""
    fitted = with_record(columns, RECORD)
    if not fitted:
        return None
    published = {(row.spec_id, row.term): row for row in rows}
    lines = [line for one in fitted for line in _lines(one, published)]
    body = rendered(
        "kinds/random.html",
        columns=[_column(one) for one in fitted],
        lines=lines,
        flat=[_flat(one) for one in fitted if (one.mechanism or {})["without_contrast"]],
    )
    return Section("random-effects", "Random effects", body, (), _headline(lines, len(fitted)))


def _headline(lines: list[dict[str, Any]], columns: int) -> str:
    """What the first screen says; nothing where no contrast is told from 0."""
    apart = sum(line["apart"] for line in lines)
    if not apart:
        return ""
    return (
        f"Random effects mix two slopes: of {plural(len(lines), 'regressor')} in {plural(columns, 'column')},"
        f" {apart} {'has' if apart == 1 else 'have'} another slope between entities than within them."
    )


def _column(one: SpecFit) -> dict[str, Any]:
    found = one.mechanism or {}
    low, high = (number(found["theta"][end], 2) for end in ("min", "max"))
    test = found["hausman"]
    return {
        "id": one.id,
        "estimator": found["estimator"],
        "meaning": ESTIMATORS[found["estimator"]],
        "balanced": found["balanced"],
        "sigma_u": number(found["sigma_u"], 4),
        "sigma_e": number(found["sigma_e"], 4),
        "rho": number(found["rho"], 2),
        "theta": low if low == high else f"{low} to {high}",
        "chi2": NOTHING if test is None else _test(test["chi2"], test["p"], test["df"]),
        "common": NOTHING if test is None else _test(test["chi2_common"], test["p_common"], test["df"]),
    }


def _test(chi2: float, p: float | None, df: int) -> str:
    return f"{number(chi2, 2)} ({df}), " + ("no p below 0" if p is None else f"p = {p:.3f}")


def _lines(one: SpecFit, published: dict[tuple[str, str], Row]) -> list[dict[str, Any]]:
    """One for each regressor that has both a within and a between slope."""
    found = (one.mechanism or {})["terms"]
    lines = []
    for term, parts in found.items():
        row = published.get((one.id, term))
        sign = parts["contrast"]["prob_positive"]
        judged = parts["contrast"]["judged"]
        lines.append(
            {
                "id": one.id,
                "term": term,
                "published": NOTHING if row is None else f"{row.printed} {row.printed_error}",
                **{name: _span(parts[name]) for name in PARTS},
                "positive": number(sign, 3),
                "apart": not judged["q2.5"] <= 0 <= judged["q97.5"],
            }
        )
    return lines


def _span(part: dict[str, Any]) -> str:
    """Posterior mean and judged interval."""
    judged = part["judged"]
    d = decimals_of(judged)
    return f"{number(part['mean'], d)} [{number(judged['q2.5'], d)}, {number(judged['q97.5'], d)}]"


def _flat(one: SpecFit) -> dict[str, str]:
    return {"id": one.id, "terms": ", ".join((one.mechanism or {})["without_contrast"])}
