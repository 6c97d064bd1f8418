r"""The slope on one regressor changes where another variable passes a threshold of unknown location.

    y_it = beta x_it + sum_j delta_j x_it 1(q_it > gamma_j) + z_it' theta + mu_i + lambda_t + e_it

- K thresholds gamma_1 < ... < gamma_K, K = 0 ... K_max equally likely, lie at observed values of q that
  leave at least 5% of the rows in every regime: all such sets are equally likely, or in proportion to the
  product of a stated prior on the location.
- beta has the prior of every slope; a change delta_j ~ N(0, tau^2), tau with the prior `difference`. Both
  are in standard units: standard deviations of the outcome for one of the regressor. The larger tau, the
  larger every change is expected to be, and the more the posterior favours few thresholds (Bartlett's
  paradox); the posterior of K is therefore shown for each tau as well.
- Effects are those of `effects`. In `fixed` and `mundlak` the regime columns enter by their within part, so
  that thresholds are judged by changes within entities alone, as in Hansen's test; `between` belongs to the
  regressors, not to their regimes, so that the number of nuisance parameters does not grow with K.

- Errors are independent or AR(1) (`models.errors`), and with each law every K stands beside a linear
  interaction x q (`comparison`).

`threshold_model` is the model with K given. A step has no gradient: `changepoints` enumerates the locations
and integrates everything else.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ...data.sample.within import split
from ...data.study.spec import Errors, Form
from ..errors import LAWS
from ..priors import DEFAULTS, Priors
from ..scale import standardise
from ..thresholds.blocks import columns_above, standardised
from ..thresholds.regimes import Array, Codes, Regimes
from .effects import level_and_effects

if TYPE_CHECKING:
    import pymc as pm

EQUATION = (
    r"y_{it} = \beta x_{it} + \sum_j \delta_j x_{it} 1(q_{it} > \gamma_j) + z_{it}'\theta "
    r"+ \mu_i + \lambda_t "
    r"+ \varepsilon_{it}, \quad \delta_j \sim N(0, \tau^2)"
)


def admissible_sets(found: Regimes, thresholds: int) -> Codes:
    """(P, K) Indices of the candidates in every set of K thresholds that leaves each regime enough rows."""
    sets = np.array(list(combinations(range(len(found.candidates)), thresholds)), dtype=np.int64)
    sets = sets.reshape(-1, thresholds)
    return sets[found.admissible(sets)]


def log_prior_of_sets(sets: Codes, log_location: Array) -> Array:
    """(P,) Log prior of each set, normalised, from the log prior of each candidate (m,)."""
    log_prior = log_location[sets].sum(axis=1)
    top = log_prior.max()
    return log_prior - top - np.log(np.exp(log_prior - top).sum())


def regime_columns(found: Regimes, form: Form) -> Array:
    """(n, m) x 1(q > gamma) for every candidate, in standard deviations of x.

    In `fixed` and `mundlak` only the within part of each column.
    """
    return standardised(found, columns_above(found), form)


def threshold_model(
    found: Regimes,
    thresholds: int = 1,
    priors: Priors = DEFAULTS,
    form: Form = "mundlak",
    log_location: Array | None = None,
    errors: Errors = "gaussian",
) -> pm.Model:
    """The model with K >= 1 thresholds as a PyMC model; `which` is the index of a set of locations.

    Free variables are on the standardised scale; `coef` (dims `term`, then the slopes by regime in
    `regime_slope`) and `threshold` are on the paper's scale.

    Parameters
    ----------
    log_location : (m,) log prior of each candidate, flat where None
    errors : their law, see `models.errors`
    """
    import pymc as pm
    import pytensor.tensor as pt

    design, z = found.design, standardise(found.design)
    X = split(z.X, design.entity, design.time, design.entity_effects, design.time_effects)
    sets = admissible_sets(found, thresholds)
    flat = np.zeros(len(found.candidates)) if log_location is None else log_location
    coords = {
        "term": design.terms,
        "row": design.rows,
        "change": range(1, thresholds + 1),
        "regime": range(1, thresholds + 2),
        design.entity_name: design.entities,
        design.time_name: design.times,
    }
    with pm.Model(coords=coords) as model:
        which = pm.Categorical("which", logit_p=log_prior_of_sets(sets, flat))
        at = pt.as_tensor(sets)[which]
        pm.Deterministic("threshold", pt.as_tensor(found.candidates)[at], dims="change")

        slope = priors["slope"].variable("slope", dims="term")
        tau = priors["difference"].variable("difference")
        delta = pm.Normal("delta", 0, tau, dims="change")
        level = priors["intercept"].variable("intercept")
        sigma = priors["sigma"].variable("sigma")
        mean = (z.X if form == "random" else X.within) @ slope
        mean += pt.as_tensor(regime_columns(found, form))[:, at] @ delta
        mean += level_and_effects(design, X, level, priors, form)

        LAWS[errors].observe(design, z.y, mean, sigma, priors)
        pm.Deterministic("coef", slope * z.scale.unit, dims="term")
        by_regime = slope[found.term] + pt.concatenate([pt.zeros(1), pt.cumsum(delta)])
        pm.Deterministic("regime_slope", by_regime * z.scale.unit[found.term], dims="regime")
    return model
