"""The Bayes factor against a coefficient of 0 under narrower and wider priors of that coefficient."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.engine.psis import psis
from ...models.families import Prior
from ...models.printed.tables import LARGEST, PrintedEstimate, bayes_factor_10
from .diagnostics import LIMITS

WIDTHS = (0.5, 1.0, 2.0, 10.0)
CACHED = 4_096
Factors = tuple[float | None, ...]


def scaled(prior: Prior, times: float) -> Prior:
    """The same family about the same centre, with `times` the scale.

    Examples
    --------
    >>> str(scaled(Prior("student_t", (3.0, 0.0, 1.0)), 2.0))
    'student_t(3, 0, 2)'
    """
    *rest, scale = prior.arguments
    return Prior(prior.family, (*rest, scale * times))


@lru_cache(CACHED)
def factors_of_printed(printed: PrintedEstimate, slope: Prior) -> Factors:
    """At each of `WIDTHS`, from the likelihood of a printed estimate; None under a flat prior."""
    return tuple(bayes_factor_10(printed, scaled(slope, times)) for times in WIDTHS)


def factors_of_draws(
    factor: float | None, values: NDArray[np.float64], slope: Prior, unit: float | None
) -> Factors:
    """At each of `WIDTHS`, from the factor at the prior as used and draws of the posterior.

    Another prior p' of the coefficient b in the place of p changes the Bayes factor by the ratio of marginal
    likelihoods, which is the posterior mean of p'(b) / p(b). None where its importance ratios have too heavy
    a tail (Pareto k-hat), and for priors that have no width to scale.

    Parameters
    ----------
    values : (chains, draws) on the paper's scale
    unit : what one standardised slope is on the paper's scale
    """
    if factor is None or unit is None or slope.kernel is None:
        return (None,) * len(WIDTHS)
    slopes = values.ravel() / unit
    return tuple(factor if w == 1 else _times(factor, slopes, slope, scaled(slope, w)) for w in WIDTHS)


def _times(factor: float, slopes: NDArray[np.float64], used: Prior, other: Prior) -> float | None:
    log_ratio = other.log_density(slopes) - used.log_density(slopes)
    k_hat = float(psis(log_ratio[None])[1][0])
    log_mean = float(np.logaddexp.reduce(log_ratio)) - math.log(log_ratio.size)
    if not k_hat <= LIMITS.k_hat or log_mean > LARGEST:
        return None
    found = factor * math.exp(log_mean)
    return found if math.isfinite(found) else None


def width_records(factors: Factors, slope: Prior) -> list[dict[str, Any]] | None:
    """The `bayes_factor_widths` object of comparison.json; None where no factor is known."""
    if all(f is None for f in factors):
        return None
    own = slope.arguments[-1]
    return [
        {"times": times, "scale": own * times, "bayes_factor_10": factor}
        for times, factor in zip(WIDTHS, factors, strict=True)
    ]
