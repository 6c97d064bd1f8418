"""What the draws of one coefficient say."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...models.printed.tables import bayes_factor_10, moments
from ...models.priors import Prior
from ..run.results import SpecFit
from .diagnostics import trusted_weights
from .posterior import Posterior
from .prior_widths import Factors, factors_of_draws, factors_of_printed

MIN_BEYOND_ZERO = 0.005
WITHOUT_CHAIN = ("enumeration",)


def summarise(fit: SpecFit, term: str, published: float) -> Posterior:
    """Summarise the draws of one coefficient with ArviZ.

    Parameters
    ----------
    published : the printed value, on the paper's scale
    """
    from arviz_stats import ess, rhat

    values = draws_of(fit, term)
    exact = _exact(fit)
    low, high = np.quantile(values, [0.025, 0.975])
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    if exact:
        mean, sd = moments(fit.inputs[term], fit.priors["slope"])
    stats = fit.tree.get("sample_stats")
    factor = _bayes_factor(fit, term, values)
    return Posterior(
        mean=mean,
        sd=sd,
        low=float(low),
        high=float(high),
        prob_positive=float((values > 0).mean()),
        ess_bulk=float(values.size) if exact else min(float(ess(values)), _weighted_size(fit)),
        r_hat=1.0 if exact else float(rhat(values)),
        k_hat=fit.tree.attrs.get("k_hat"),
        bayes_factor_10=factor,
        published_position=float((values < published).mean()),
        divergences=int(
            stats["diverging"].sum() if stats is not None else fit.tree.attrs.get("divergences", 0)
        ),
        independent=independent(fit),
        effective_draws=effective_draws(fit, values),
        bayes_factors=_by_width(fit, term, values, factor),
    )


def draws_of(fit: SpecFit, term: str) -> NDArray[np.float64]:
    """(chains, draws) of one coefficient on the paper's scale."""
    posterior = fit.tree["posterior"]
    constant = term == "_cons" and "constant" in posterior
    draws = posterior["constant"] if constant else posterior["coef"].sel(term=term)
    return np.asarray(draws.transpose("chain", "draw"), float)


def effective_draws(fit: SpecFit, values: NDArray[np.float64]) -> float:
    """How many independent draws would estimate the mean of these (chains, draws) as well.

    ArviZ's estimate scatters about the number of draws where they are independent, so that it says nothing
    there. What is known of such draws is their number, or, where weights are uneven, the effective size that
    the weights leave.
    """
    from arviz_stats import ess

    size = float(values.size) if independent(fit) else float(ess(values))
    return min(size, _weighted_size(fit))


def independent(fit: SpecFit) -> bool:
    """Whether the draws of a fit are independent of each other, so that no chain is there to judge.

    They are where an exact distribution was inverted, where every model was enumerated, and where importance
    weights can be trusted.
    """
    attributes = fit.tree.attrs
    return (
        _exact(fit) or attributes.get("method") in WITHOUT_CHAIN or trusted_weights(attributes.get("k_hat"))
    )


def _exact(fit: SpecFit) -> bool:
    return bool(fit.inputs) and fit.engine == "collapsed"


def _weighted_size(fit: SpecFit) -> float:
    """The effective size that importance weights leave; without bound where there are none."""
    attributes = fit.tree.attrs
    return float(attributes.get("ess", math.inf)) if attributes.get("method") == "importance" else math.inf


def _bayes_factor(fit: SpecFit, term: str, values: NDArray[np.float64]) -> float | None:
    slope = fit.priors["slope"]
    if "twins" in fit.tree:
        return None
    if term in fit.inputs:
        return bayes_factor_10(fit.inputs[term], slope)
    return savage_dickey(values, slope, fit.units.get(term))


def _by_width(fit: SpecFit, term: str, values: NDArray[np.float64], factor: float | None) -> Factors:
    slope = fit.priors["slope"]
    if term in fit.inputs:
        return factors_of_printed(fit.inputs[term], slope)
    return factors_of_draws(factor, values, slope, fit.units.get(term))


def savage_dickey(values: NDArray[np.float64], slope: Prior, unit: float | None) -> float | None:
    """Bayes factor of a non-zero against a zero coefficient (Savage-Dickey), or None without a proper prior.

    None also where fewer than `MIN_BEYOND_ZERO` of the draws lie on either side of zero: a density
    estimated from draws says nothing reliable that far out.

    Parameters
    ----------
    values : (chains, draws) on the paper's scale
    unit : what one standardised slope is on the paper's scale
    """
    from arviz_base import from_dict
    from arviz_stats import bayes_factor

    if unit is None or not MIN_BEYOND_ZERO <= (values > 0).mean() <= 1 - MIN_BEYOND_ZERO:
        return None
    prior = unit * slope.frozen().ppf((np.arange(values.size) + 0.5) / values.size)
    data = from_dict({"posterior": {"b": values}, "prior": {"b": prior.reshape(values.shape)}})
    factor = float(bayes_factor(data, var_names="b", ref_vals=0)["b"].sel(bf_type="BF10"))
    return factor if math.isfinite(factor) else None
