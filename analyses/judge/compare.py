"""Published, reproduced and posterior side by side, with a verdict and what qualifies it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.published import Printed, within_rounding
from ..run.results import Fit, SpecFit
from ..run.tables import clusters_unknown, degrees_of_freedom
from ..run.twin_mixture import Ensemble, of_term
from .summaries import Posterior, faults, summarise
from .verdict import verdict

if TYPE_CHECKING:
    import pandas as pd

    from .frame import Comparison

FEW_CLUSTERS_DF = 10
PRIOR_DRIVEN = 0.5
NOT_IDENTIFIED = 0.5


def estimates(fit: Fit) -> list[dict[str, Any]]:
    """The `estimates` of comparison.json, one an estimate, missing parts null."""
    return [record for one in fit.specs.values() for record in _records(fit, one)]


def _records(fit: Fit, one: SpecFit) -> list[dict[str, Any]]:
    if fit.evidence == "tables":
        printed = one.printed
    else:
        posterior = one.tree["posterior"]
        known = {*posterior["term"].to_numpy().tolist(), *(["_cons"] if "constant" in posterior else [])}
        printed = tuple(p for p in one.printed if p.term in known)
    return [_record(fit, one, p) for p in printed]


def _record(fit: Fit, one: SpecFit, printed: Printed) -> dict[str, Any]:
    posterior = summarise(one, printed.term, printed.estimate)
    reproduced = _reproduced(one, printed)
    judged = posterior
    beside = None
    if one.with_effects is not None and printed.term != "_cons":
        judged = summarise(one.with_effects, printed.term, printed.estimate)
        beside = {
            **judged.record(),
            "bayes_factor_10": judged.bayes_factor_10,
            "published_position": judged.published_position,
        }
    stop = [*faults(posterior), *(faults(judged) if judged is not posterior else [])]
    over = of_term(one.with_effects if one.with_effects and beside else one, printed.term)
    result: str | None = verdict(printed.estimate, judged.low, judged.high)
    if reproduced["within_rounding"] is False:
        result = "not reproduced"
    elif stop:
        result = None
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
        "reproduced": reproduced,
        "posterior": posterior.record(),
        "with_effects": beside,
        "twins": _over_twins(over, printed),
        "bayes_factor_10": posterior.bayes_factor_10,
        "published_position": posterior.published_position,
        "verdict": result,
        "flags": [*stop, *_twin_flags(over, printed), *_flags(fit, one, printed, judged, reproduced)],
        "seconds": one.seconds + (one.with_effects.seconds if one.with_effects else 0.0),
    }


def _over_twins(over: Ensemble | None, printed: Printed) -> dict[str, Any] | None:
    if over is None:
        return None
    return {
        "n": len(over.mean),
        "between_sd": over.between,
        "within_sd": over.within,
        "share_between": over.share_between,
        "lowest_mean": float(over.mean.min()),
        "highest_mean": float(over.mean.max()),
        "verdicts": over.verdicts(printed.estimate),
    }


def _twin_flags(over: Ensemble | None, printed: Printed) -> list[str]:
    if over is None:
        return []
    count = len(over.mean)
    flags = [f"{name} in {n} of {count} panels" for name, n in over.verdicts(printed.estimate).items()]
    if over.share_between > NOT_IDENTIFIED:
        flags.append(
            f"not identified by the tables: {over.share_between:.0%} of the posterior variance lies between twins"
        )
    same = sum(within_rounding(v, printed.text["estimate"]) for v in over.reproduced)
    if np.isfinite(over.reproduced).all() and same < count:
        flags.append(f"reproduced in {same} of {count} twins")
    return flags


def _reproduced(one: SpecFit, printed: Printed) -> dict[str, Any]:
    """On twins, the estimate of the first that prints as the paper's; of the first of all where none does."""
    over = of_term(one, printed.term)
    if over is not None:
        alike = [v for v in over.reproduced if within_rounding(v, printed.text["estimate"])]
        value = float((alike or [over.reproduced[0]])[0])
        if not math.isfinite(value):
            return {"estimate": None, "std_error": None, "within_rounding": None}
        return {"estimate": value, "std_error": None, "within_rounding": bool(alike)}
    at = one.least_squares.at(printed.term) if one.least_squares else None
    if at is None:
        return {"estimate": None, "std_error": None, "within_rounding": None}
    estimate, std_error = at
    same = within_rounding(estimate, printed.text["estimate"])
    return {"estimate": estimate, "std_error": std_error, "within_rounding": same}


def error_reproduced(error: float | None, printed: Printed) -> bool | None:
    """Whether a standard error prints as the published error, t or interval does; None where one is missing."""
    interval = printed.std_error_interval()
    if error is None or interval is None:
        return None
    return interval[0] * (1 - 1e-9) <= error <= interval[1] * (1 + 1e-9)


def _flags(
    fit: Fit, one: SpecFit, printed: Printed, posterior: Posterior, reproduced: dict[str, Any]
) -> list[str]:
    flags = []
    if one.with_effects is not None and printed.term != "_cons":
        flags.append("judged with entity and time effects")
    if one.unjudged:
        flags.append(f"not judged with effects: {one.unjudged}")
    if fit.evidence == "tables" and one.view.kind == "pooled" and printed.term != "_cons":
        flags.append("not identified by the tables: whether it survives entity effects")
    if reproduced["within_rounding"] is False:
        flags.append(
            f"not reproduced: {reproduced['estimate']:.6g} does not print as {printed.text['estimate']}"
        )
    if printed.std_error and error_reproduced(reproduced["std_error"], printed) is False:
        given, source = f"{printed.std_error:.4g}", printed.std_error_source
        beside = f"printed {given}" if source == "printed" else f"{given} from the printed {source}"
        flags.append(f"standard error not reproduced: {reproduced['std_error']:.4g}, {beside}")
    if reproduced["estimate"] is not None and one.design and printed.n not in (None, one.design.n):
        flags.append(f"sample differs: {one.design.n} rows, printed {printed.n}")
    df = degrees_of_freedom(one.view, printed) if fit.evidence == "tables" else _cluster_df(one)
    if df is not None and df <= FEW_CLUSTERS_DF:
        flags.append(f"few clusters: t with {df:g} degrees of freedom")
    if fit.evidence == "tables" and clusters_unknown(one.view, printed):
        flags.append("number of clusters not known: t read on rows less coefficients; give [tables] df")
    flags += one.rests.get(printed.term, ())
    unit = one.units.get(printed.term)
    if printed.term == "_cons":
        flags.append("constant: its normalisation is a convention")
    elif unit is None and fit.evidence == "tables":
        flags.append("flat prior: no printed standard deviations to scale it")
    elif unit is not None:
        spread = unit * float(one.priors["slope"].frozen().std())
        tried = (fit.robustness.get(one.id, {}).get("priors") or {}).get("terms", {}).get(printed.term)
        if tried is not None:
            flags += ["prior-driven: see robustness to priors"] if tried["prior_driven"] else []
        elif math.isfinite(spread) and posterior.sd > PRIOR_DRIVEN * spread:
            flags.append(f"prior-driven: posterior sd is {posterior.sd / spread:.0%} of the prior's")
    if printed.stars == "unknown":
        flags.append("stars unknown: lost in the scan")
    if printed.std_error_source in ("t-value", "interval"):
        flags.append(f"standard error from {printed.std_error_source}")
    if fit.evidence == "twin" or (fit.panel is not None and fit.panel.synthetic):
        flags.append("SYNTHETIC panel")
    return flags


def _cluster_df(one: SpecFit) -> float | None:
    if one.design is None or one.design.clusters is None or one.least_squares is None:
        return None
    return one.least_squares.df


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


def compare(fit: Fit) -> Comparison:
    """A pandas data frame, one row an estimate: published, reproduced, posterior, verdict and flags.

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> po.compare(fit)[["id", "published_estimate", "verdict"]]
                  id  published_estimate    verdict
    0  T1.2.log_pcap              -0.026  uncertain
    1    T1.2.log_pc               0.292      holds
    2   T1.2.log_emp               0.768      holds
    3     T1.2.unemp              -0.005      holds
    """
    from .frame import Comparison

    made = Comparison(frame_of(estimates(fit)))
    made.attrs |= {"study": fit.study.name, "evidence": fit.evidence_label}
    return made


def frame_of(records: list[dict[str, Any]]) -> pd.DataFrame:
    """The records of `estimates` as a data frame, nested parts as columns."""
    import pandas as pd

    rows = []
    for record in records:
        row = {k: record[k] for k in ("id", "table", "column", "term", "kind", "form", "engine")}
        for part in ("published", "reproduced", "posterior", "with_effects"):
            empty = dict.fromkeys(record["posterior"]) if part == "with_effects" else {}
            row |= {f"{part}_{k}": v for k, v in (record[part] or empty).items()}
        row |= {k: record[k] for k in ("bayes_factor_10", "published_position", "verdict")}
        row |= {f"twins_{k}": v for k, v in (record["twins"] or {}).items() if k != "verdicts"}
        rows.append(row | {"flags": "; ".join(record["flags"]), "seconds": record["seconds"]})
    return pd.DataFrame(rows)
