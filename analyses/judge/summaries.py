"""What the draws of one coefficient say, and whether they may be judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...models.printed.tables import bayes_factor_10, moments
from ...models.priors import Prior
from ..run.results import SpecFit

if TYPE_CHECKING:
    from xarray import DataTree

MAX_R_HAT = 1.01
MAX_K_HAT = 0.7
MIN_ESS = 400
MIN_BEYOND_ZERO = 0.005


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
