"""Robustness to priors: what one would have to believe beforehand for a conclusion to fall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from ....analyses.judge.diagnostics import LIMITS
from ....analyses.run.fits import Fit
from ...drawing.figure_files import FORMS, FigureFile, Section
from ...page.templating import rendered
from ...rows import NOTHING, Row, evidence_label, focal, number, plural, power, synthetic
from .figure import Focus, counted, curves, strip
from .sentence import odds_in_words, sentence, three_digits

FIRST, MOST = 9, 40
FAR = 5


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page about priors; None where that was not asked."""
    terms = [
        Focus(spec_id, term, record)
        for spec_id, parts in fit.robustness.items()
        for term, record in (parts.get("priors") or {}).get("terms", {}).items()
    ]
    if not terms:
        return None
    label = evidence_label(fit)
    shown = _focal(terms, focal(rows))
    figure_files = [
        _figure_file(fit, curves, shown[:FIRST], "sensitivity to the prior"),
        _figure_file(fit, strip, shown[:MOST], "the multiverse of priors"),
    ]
    rest = [
        _figure_file(
            fit, curves, shown[at : at + FIRST], f"sensitivity to the prior, part {at // FIRST + 1}", False
        )
        for at in range(FIRST, len(shown), FIRST)
    ]
    body = rendered(
        "robustness/priors.html",
        label=label,
        figure_files=figure_files,
        rest=rest,
        sentences=[(f.title, sentence(f.record)) for f in shown],
        driven=[f.title for f in terms if f.record["prior_driven"]],
        doubts=doubts(terms),
        lines=[_line(f) for f in terms],
        choices=[_choice(m) for m in shown[0].record["multiverse"]],
        first=shown[0].title,
    )
    return Section("robust-priors", "Robustness to priors", body, (*figure_files, *rest))


def doubts(terms: list[Focus]) -> list[tuple[list[str], str]]:
    """Which answers to read with care, and why: a large k-hat, or a distance from the draws of the run."""
    inexact = [f.title for f in terms if (f.record["k_hat"] or 0) > LIMITS.k_hat]
    far = [f.title for f in terms if abs(f.record["check"]) > FAR]
    found = [
        (inexact, f"the likelihood behind these answers is inexact (k-hat above {LIMITS.k_hat})"),
        (
            far,
            (
                f"under the prior of this run they miss the mean of its draws by more than {FAR} Monte Carlo"
                " standard errors"
            ),
        ),
    ]
    return [(names, why) for names, why in found if names]


def _focal(terms: list[Focus], term: str | None) -> list[Focus]:
    """One slope for each column: that of the focal term, else the column's first."""
    found: dict[str, Focus] = {}
    for focus in terms:
        if focus.id not in found or focus.term == term:
            found[focus.id] = focus
    return list(found.values())


def _figure_file(
    fit: Fit,
    draw: Callable[[list[Focus], str, str, bool], Figure],
    shown: list[Focus],
    what: str,
    whole: bool = True,
) -> FigureFile:
    def make() -> Figure:
        return draw(shown, f"{fit.study.name}: {what}", evidence_label(fit), synthetic(fit))

    alt = (
        f"For {plural(len(shown), 'column')}, {what}:"
        f" {', '.join(f.title for f in shown[:FIRST])}{' and others' if len(shown) > FIRST else ''}."
        f" {evidence_label(fit)}. The numbers are in the tables of this section."
    )
    name = "priors." + what.replace(",", "").replace(" ", "-")
    return FigureFile.of(name, None, what, alt, make, FORMS if whole else FORMS[:2])


def _line(focus: Focus) -> dict[str, Any]:
    record = focus.record
    run, closed, tip = record["run"], record["credibility"], record["tipping"]
    sense = record["psense_all"] or record["psense"]
    limit, kind = closed["scepticism_limit"], "scepticism"
    if limit is None:
        limit, kind = closed["advocacy_limit"], "advocacy"
    largest = record["curve"]["largest"]
    return {
        "id": focus.id,
        "term": focus.term,
        "run": f"{three_digits(run['mean'])} [{three_digits(run['q2.5'])}, {three_digits(run['q97.5'])}]",
        "verdicts": counted(record["verdicts"]),
        "tipping": (
            NOTHING
            if tip is None
            else f"{three_digits(tip['scale'])} (95% within ±{three_digits(tip['effect'])})"
        ),
        "limit": NOTHING if limit is None else f"{kind} {three_digits(limit)}",
        "intrinsic": three_digits(closed["intrinsic_p"]),
        "odds": odds_in_words(record["odds"]["run"]),
        "factor": f"{_power(largest['log10_bf10'])} at {three_digits(largest['scale'])}",
        "ones": ", ".join(map(three_digits, record["curve"]["one_at"])) or NOTHING,
        "sense": NOTHING if sense is None else f"{sense['prior']:.2f}, {sense['likelihood']:.2f}",
        "driven": record["prior_driven"],
    }


def _choice(m: dict[str, Any]) -> dict[str, str]:
    k_hat = "" if m["k_hat"] is None else f", k-hat {number(m['k_hat'], 2)}"
    return {
        "label": m["label"],
        "posterior": f"{three_digits(m['mean'])} [{three_digits(m['q2.5'])}, {three_digits(m['q97.5'])}]",
        "verdict": m["verdict"],
        "how": m["how"] + k_hat,
    }


def _power(log10: float) -> str:
    return three_digits(10**log10) if log10 < 4 else power(round(log10))
