"""comparison.json: published, reproduced and posterior side by side, with a verdict and what qualifies it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scipy import stats

from ...data.published import Printed
from ...data.study.laws import CORRELATED
from ...models.errors import LAWS
from ..kinds import kind_of
from ..run.fits import Fit
from ..run.results import SpecFit
from ..run.twin_mixture import of_term
from .claim import claim_of
from .diagnostics import faults
from .flags import Case, flags_of
from .interval import CONSTANT, Judged, judged_fit, judged_interval
from .over_twins import twin_flags, twins_record
from .prior_widths import width_records
from .reproduction import reproduced
from .summaries import summarise
from .verdict import NOT_REPRODUCED, Claim, by_laws, verdict
from .winners_curse import winners_curse


def comparison(fit: Fit) -> dict[str, Any]:
    """comparison.json."""
    return {
        "study": fit.study.name,
        "evidence": fit.evidence,
        "panel_sha256": fit.panel.sha256 if fit.panel is not None and fit.evidence == "panel" else None,
        "estimates": estimates(fit),
        "mechanisms": {one.id: one.mechanism for one in fit.specs.values() if one.mechanism is not None},
        "skipped": fit.skipped,
    }


def estimates(fit: Fit) -> list[dict[str, Any]]:
    """The `estimates` of comparison.json, one an estimate, missing parts null."""
    return [record(fit, one, printed) for one in fit.specs.values() for printed in _compared(fit, one)]


def _compared(fit: Fit, one: SpecFit) -> tuple[Printed, ...]:
    """The printed numbers of a column that its posterior has a counterpart of."""
    if fit.evidence == "tables":
        return one.printed
    posterior = one.tree["posterior"]
    known = {*posterior["term"].to_numpy().tolist(), *([CONSTANT] if "constant" in posterior else [])}
    return tuple(p for p in one.printed if p.term in known)


def record(fit: Fit, one: SpecFit, printed: Printed) -> dict[str, Any]:
    """One estimate of comparison.json."""
    rests_on = judged_fit(one, printed.term)
    posterior = summarise(one, printed.term, printed.estimate)
    judged = posterior if rests_on is one else summarise(rests_on, printed.term, printed.estimate)
    interval = judged_interval(rests_on, printed.term, judged)
    gate = reproduced(one, printed)
    stop = faults(posterior) + (faults(judged) if judged is not posterior else [])
    over = of_term(rests_on, printed.term)
    claim = claim_of(one, printed)
    other = _under_other_law(rests_on, printed, claim, judged.mean)
    result: str | None = by_laws(claim, (interval.low, interval.high), other)
    if gate["within_rounding"] is False:
        result = NOT_REPRODUCED
    elif stop:
        result = None
    beside = None
    if judged is not posterior:
        beside = {
            **judged.record(),
            "bayes_factor_10": judged.bayes_factor_10,
            "bayes_factor_widths": width_records(judged.bayes_factors, rests_on.priors["slope"]),
            "published_position": judged.published_position,
        }
    exact = judged_interval(one, printed.term, posterior) if rests_on is one.under_prior else None
    under_exact = None
    if exact is not None:
        beside_exact = _under_other_law(one, printed, claim, posterior.mean)
        under_exact = by_laws(claim, (exact.low, exact.high), beside_exact)
    case = Case(fit, one, printed, claim, judged, interval, gate, under_exact, other)
    return {
        "id": printed.id,
        "table": printed.table,
        "column": printed.column,
        "term": printed.term,
        "kind": one.view.kind,
        "form": one.form,
        "engine": one.engine,
        "published": {
            "estimate": printed.estimate,
            "std_error": printed.std_error,
            "std_error_source": printed.std_error_source,
            "stars": printed.stars or None,
            "n": printed.n,
        },
        "claim": claim.name,
        "reproduced": gate,
        "posterior": posterior.record(),
        "with_effects": beside if rests_on is one.with_effects else None,
        "under_prior": beside if rests_on is one.under_prior else None,
        "judged": interval.record(),
        "other_law": other,
        "exact": _exact(exact, under_exact, one),
        "twins": twins_record(over, claim),
        "bayes_factor_10": posterior.bayes_factor_10,
        "bayes_factor_widths": width_records(posterior.bayes_factors, one.priors["slope"]),
        "published_position": posterior.published_position,
        "winners_curse": winners_curse(one, printed.term),
        "verdict": result,
        "flags": [*stop, *twin_flags(over, printed, claim), *flags_of(case)],
        "seconds": one.seconds + (one.with_effects.seconds if one.with_effects else 0.0),
    }


def _under_other_law(
    rests_on: SpecFit, printed: Printed, claim: Claim, first: float
) -> dict[str, Any] | None:
    """The `other_law` object: the coefficient with errors correlated within entities, where that was fitted.

    None also where diagnostics say that its draws cannot be trusted. `first` is the mean under the first law.
    """
    other = rests_on.other_law
    if other is None or printed.term == CONSTANT:
        return None
    posterior = summarise(other, printed.term, printed.estimate)
    if faults(posterior):
        return None
    interval = replace(judged_interval(other, printed.term, posterior), law=CORRELATED)
    found, owns = other.tree["posterior"], tuple(own.name for own in LAWS[CORRELATED].parameters)
    drawn = {str(name): v for name, v in found.data_vars.items() if str(name).startswith(owns)}
    return {
        **posterior.record(),
        "judged": interval.record(),
        "contrast": _contrast(other, printed.term, posterior.mean - first),
        "parameters": {name: float(values.mean()) for name, values in drawn.items()},
        "parameter_sds": {name: float(values.std()) for name, values in drawn.items()},
        "verdict": verdict(claim, interval.low, interval.high),
    }


def _contrast(other: SpecFit, term: str, difference: float) -> dict[str, float] | None:
    """The `contrast` object: the second law's mean less the first's, with its 95% interval."""
    error, widening = other.contrast.get(term), other.widening.get(term)
    if error is None or widening is None:
        return None
    reach = float(stats.t.ppf(0.975, widening.clusters - 1)) * error
    return {
        "mean": difference,
        "std_error": error,
        "q2.5": difference - reach,
        "q97.5": difference + reach,
    }


def _exact(interval: Judged | None, result: str | None, one: SpecFit) -> dict[str, Any] | None:
    """The `exact` object: the interval and verdict if the assumption that has a prior were exact."""
    if interval is None:
        return None
    return {
        "assumption": kind_of(one.view.kind).assumption,
        "q2.5": interval.low,
        "q97.5": interval.high,
        "verdict": result,
    }
