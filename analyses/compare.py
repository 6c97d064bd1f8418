"""Published, reproduced and posterior side by side, with a verdict and what qualifies it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.published import Printed, within_rounding
from ..models.priors import Prior
from ..models.tables import bayes_factor_10, moments
from .ensemble import Ensemble, of_term
from .results import Fit, SpecFit
from .tables import degrees_of_freedom
from .verdicts import verdict

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

    from .comparison import Comparison

MAX_R_HAT = 1.01
MAX_K_HAT = 0.7
MIN_ESS = 400
FEW_CLUSTERS_DF = 10
PRIOR_DRIVEN = 0.5
MIN_BEYOND_ZERO = 0.005
NOT_IDENTIFIED = 0.5


@dataclass(frozen=True)
class Posterior:
    """Summary of one coefficient on the paper's scale; the interval is the central 95%."""

    mean: float
    sd: float
    low: float
    high: float
    prob_positive: float
    ess_bulk: float | None
    r_hat: float | None
    k_hat: float | None
    bayes_factor_10: float | None
    published_position: float
    divergences: int

    def record(self) -> dict[str, float | None]:
        """The `posterior` object of comparison.json."""
        return {
            "mean": self.mean,
            "sd": self.sd,
            "q2.5": self.low,
            "q97.5": self.high,
            "prob_positive": self.prob_positive,
            "ess_bulk": self.ess_bulk,
            "r_hat": self.r_hat,
            "k_hat": self.k_hat,
        }


def faults(posterior: Posterior) -> list[str]:
    """Diagnostics that stop a verdict, each with its remedy in words.

    Draws that importance sampling made independently (k-hat at most 0.7) have no chains for R-hat to judge.
    """
    found = []
    independent = posterior.k_hat is not None and posterior.k_hat <= MAX_K_HAT
    if not independent and posterior.r_hat is not None and not posterior.r_hat <= MAX_R_HAT:
        found.append(
            f"not converged: R-hat {posterior.r_hat:.3f} is above {MAX_R_HAT}; run again with more --draws"
        )
    if posterior.ess_bulk is not None and not posterior.ess_bulk >= MIN_ESS:
        found.append(
            f"too few effective draws: {posterior.ess_bulk:.0f} is below {MIN_ESS}; run again with more --draws"
        )
    if posterior.divergences:
        found.append(
            f"divergent transitions: {posterior.divergences}; tighten the priors of the scales or check the data"
        )
    return found


def summarise(fit: SpecFit, term: str, published: float) -> Posterior:
    """Summarise the draws of one coefficient with ArviZ."""
    import arviz as az

    posterior = fit.tree["posterior"]
    draws = (
        posterior["constant"]
        if term == "_cons" and "constant" in posterior
        else posterior["coef"].sel(term=term)
    )
    values = np.asarray(draws.transpose("chain", "draw"), float)
    exact = bool(fit.inputs) and fit.engine == "collapsed"
    direct = fit.tree.attrs if fit.tree.attrs.get("method") == "importance" else {}
    low, high = np.quantile(values, [0.025, 0.975])
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    if exact:
        mean, sd = moments(fit.inputs[term], fit.priors["slope"])
    stats = fit.tree.get("sample_stats")
    return Posterior(
        mean=mean,
        sd=sd,
        low=float(low),
        high=float(high),
        prob_positive=float((values > 0).mean()),
        ess_bulk=float(values.size) if exact else min(float(az.ess(values)), direct.get("ess", math.inf)),
        r_hat=1.0 if exact else float(az.rhat(values)),
        k_hat=fit.tree.attrs.get("k_hat"),
        bayes_factor_10=_bayes_factor(fit, term, values),
        published_position=float((values < published).mean()),
        divergences=int(
            stats["diverging"].sum() if stats is not None else fit.tree.attrs.get("divergences", 0)
        ),
    )


def _bayes_factor(fit: SpecFit, term: str, values: NDArray[np.float64]) -> float | None:
    slope = fit.priors["slope"]
    if "twins" in fit.tree:
        return None
    if term in fit.inputs:
        return bayes_factor_10(fit.inputs[term], slope)
    return savage_dickey(values, slope, fit.units.get(term))


def savage_dickey(values: NDArray[np.float64], slope: Prior, unit: float | None) -> float | None:
    """Bayes factor of a non-zero against a zero coefficient (Savage-Dickey), or None without a proper prior.

    None also where fewer than `MIN_BEYOND_ZERO` of the draws lie on either side of zero: a density
    estimated from draws says nothing reliable that far out.
    """
    import arviz as az

    if unit is None or not MIN_BEYOND_ZERO <= (values > 0).mean() <= 1 - MIN_BEYOND_ZERO:
        return None
    prior = unit * slope.frozen().ppf((np.arange(values.size) + 0.5) / values.size)
    data = az.from_dict({"posterior": {"b": values}, "prior": {"b": prior.reshape(values.shape)}})
    factor = float(az.bayes_factor(data, var_names="b", ref_vals=0)["b"].sel(bf_type="BF10"))
    return factor if math.isfinite(factor) else None


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
    if reproduced["std_error"] is not None:
        interval = printed.std_error_interval()
        if (
            interval
            and printed.std_error
            and not interval[0] * (1 - 1e-9) <= reproduced["std_error"] <= interval[1] * (1 + 1e-9)
        ):
            flags.append(
                f"standard error not reproduced: {reproduced['std_error']:.4g}, printed {printed.std_error:.4g}"
            )
    if reproduced["estimate"] is not None and one.design and printed.n not in (None, one.design.n):
        flags.append(f"sample differs: {one.design.n} rows, printed {printed.n}")
    df = degrees_of_freedom(one.view, printed) if fit.evidence == "tables" else _cluster_df(one)
    if df is not None and df <= FEW_CLUSTERS_DF:
        flags.append(f"few clusters: t with {df:g} degrees of freedom")
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
    """A pandas data frame, one row an estimate: published, reproduced, posterior, verdict and flags."""
    from .comparison import Comparison

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


def converged(tree: DataTree) -> dict[str, float]:
    """The worst R-hat and effective size over all variables of a fit, its divergences and k-hat."""
    import arviz as az

    posterior = tree["posterior"].to_dataset()
    worst = {
        "r_hat": max(float(v.max()) for v in az.rhat(posterior).data_vars.values()),
        "ess_bulk": min(float(v.min()) for v in az.ess(posterior).data_vars.values()),
    }
    stats = tree.get("sample_stats")
    worst["divergences"] = float(stats["diverging"].sum()) if stats is not None else 0.0
    return {**worst, "k_hat": float(tree.attrs.get("k_hat", math.nan))}
