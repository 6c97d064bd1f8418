"""Robustness to priors: what one would have to believe beforehand for a conclusion to fall."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from ...analyses.judge.diagnostics import LIMITS
from ...analyses.robustness.priors.power_scaling import SENSITIVE
from ...analyses.run.fits import Fit
from ..drawing.figure_files import Plate, Section
from ..drawing.figures import drawn
from ..page.templating import rendered
from ..rows import MINUS, NOTHING, Row, evidence_label, focal, number, plural, power, synthetic
from .priors_figure import Focus, counted, curves, strip

FIRST, MOST = 9, 40
OVER = 1e6
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
    plates = [
        _plate(fit, curves, shown[:FIRST], "sensitivity to the prior"),
        _plate(fit, strip, shown[:MOST], "the multiverse of priors"),
    ]
    rest = [
        _plate(
            fit, curves, shown[at : at + FIRST], f"sensitivity to the prior, part {at // FIRST + 1}", False
        )
        for at in range(FIRST, len(shown), FIRST)
    ]
    body = rendered(
        "robust_priors.html",
        label=label,
        plates=plates,
        rest=rest,
        sentences=[(f.title, sentence(f.record)) for f in shown],
        driven=[f.title for f in terms if f.record["prior_driven"]],
        doubts=doubts(terms),
        lines=[_line(f) for f in terms],
        choices=[_choice(m) for m in shown[0].record["multiverse"]],
        first=shown[0].title,
    )
    return Section("robust-priors", "Robustness to priors", body, (*plates, *rest))


def doubts(terms: list[Focus]) -> list[tuple[list[str], str]]:
    """Which answers to read with care, and why: the likelihood's k-hat, and the distance from the draws of the run."""
    inexact = [f.title for f in terms if (f.record["k_hat"] or 0) > LIMITS.k_hat]
    apart = [f.title for f in terms if abs(f.record["check"]) > FAR]
    found = [
        (inexact, f"the likelihood behind these answers is inexact (k-hat above {LIMITS.k_hat})"),
        (apart, f"under the prior of this run they miss the mean of its draws by more than {FAR} Monte Carlo standard errors"),
    ]  # fmt: skip
    return [(names, why) for names, why in found if names]


def _focal(terms: list[Focus], term: str | None) -> list[Focus]:
    """One slope for each column: the term that joins the tables, else the column's first."""
    found: dict[str, Focus] = {}
    for focus in terms:
        if focus.id not in found or focus.term == term:
            found[focus.id] = focus
    return list(found.values())


def _plate(
    fit: Fit,
    draw: Callable[[list[Focus], str, str, bool], Figure],
    shown: list[Focus],
    what: str,
    whole: bool = True,
) -> Plate:
    def make() -> Figure:
        return draw(shown, f"{fit.study.name}: {what}", evidence_label(fit), synthetic(fit))

    alt = (
        f"For {plural(len(shown), 'column')}, {what}: {', '.join(f.title for f in shown[:FIRST])}"
        f"{' and others' if len(shown) > FIRST else ''}. {evidence_label(fit)}. The numbers are in the tables of this section."
    )
    name = "priors." + what.replace(",", "").replace(" ", "-")
    forms = ("svg", "png", "pdf") if whole else ("svg", "png")
    return Plate(name, None, what, alt, *(drawn(make, form) for form in forms))


def sentence(record: dict[str, Any]) -> str:
    """What one would have to believe, in words."""
    unit = "sd" if record["standardised"] else "in the paper's units"
    tip = record["tipping"]
    if tip is None:
        said = "No normal prior centred at 0, however wide, makes the interval exclude 0; "
        said += f"{_sign(record)} only for whoever held it at odds of {_odds(record['odds']['run'])} or better beforehand."
    else:
        belief = f"|slope| is below {figure(tip['belief'])} {unit}"
        if record["standardised"]:
            belief += f" ({figure(tip['effect'])} on the paper's scale)"
        said = f"The sign stands unless you believed beforehand, with 95% probability, that {belief}; "
        said += f"it is 97.5% probable from prior odds of {_odds(record['odds']['run'])} for it."
    if record["prior_driven"]:
        said += " Prior-driven: "
        many = record["reasonable"]
        senses = (record["psense"], record["psense_all"] or record["psense"])
        weak = any(s["prior"] >= SENSITIVE and s["likelihood"] <= s["prior"] for s in senses)
        why = [w for w, holds in (("the data say no more of it than the prior does", weak), (f"reasonable priors give {' and '.join(many)}", len(many) > 1)) if holds]  # fmt: skip
        said += ", and ".join(why) + "."
    return said


def _sign(record: dict[str, Any]) -> str:
    return f"a {'positive' if record['odds']['sign'] > 0 else 'negative'} slope is settled"


def _odds(value: float | None) -> str:
    if value is None:
        return "more than a million to 1"
    if value >= 1:
        return f"{figure(value)} to 1" if value < OVER else "more than a million to 1"
    return f"1 to {figure(1 / value)}" if value > 1 / OVER else "1 to a million or less"


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
        "run": f"{figure(run['mean'])} [{figure(run['q2.5'])}, {figure(run['q97.5'])}]",
        "verdicts": counted(record["verdicts"]),
        "tipping": NOTHING
        if tip is None
        else f"{figure(tip['scale'])} (95% within ±{figure(tip['effect'])})",
        "limit": NOTHING if limit is None else f"{kind} {figure(limit)}",
        "intrinsic": figure(closed["intrinsic_p"]),
        "odds": _odds(record["odds"]["run"]),
        "factor": f"{_power(largest['log10_bf10'])} at {figure(largest['scale'])}",
        "ones": ", ".join(map(figure, record["curve"]["one_at"])) or NOTHING,
        "sense": NOTHING if sense is None else f"{sense['prior']:.2f}, {sense['likelihood']:.2f}",
        "driven": record["prior_driven"],
    }


def _choice(m: dict[str, Any]) -> dict[str, str]:
    k_hat = "" if m["k_hat"] is None else f", k-hat {number(m['k_hat'], 2)}"
    return {
        "label": m["label"],
        "posterior": f"{figure(m['mean'])} [{figure(m['q2.5'])}, {figure(m['q97.5'])}]",
        "verdict": m["verdict"],
        "how": m["how"] + k_hat,
    }


def figure(value: float) -> str:
    """Three significant digits with a proper minus."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else NOTHING
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -5:
        return f"{value / 10**exponent:.1f} × {power(exponent)}".replace("-", MINUS)
    return f"{value:.{max(0, 2 - exponent)}f}".replace("-", MINUS)


def _power(log10: float) -> str:
    return figure(10**log10) if log10 < 4 else power(round(log10))
