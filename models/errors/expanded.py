"""The likelihoods of `errors`, expanded: every effect, weight and shock a random variable of the PyMC model.

- `student_t`: e_it / sigma ~ t(nu).
- `entity_variance`: e_it ~ N(0, sigma^2 / w_i), w_i ~ Gamma(nu / 2, nu / 2) with nu = 2 / sd_variance^2.
- `ar1`: e_it given the error before it, g times earlier: N(rho^g e_before, sigma^2 (1 - rho^(2 g))); the first of an
  entity: N(0, sigma^2).
- `cluster`: e_it = kappa_gt + N(0, sigma^2), kappa_g stationary AR(1) over the times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.study.spec import Errors
from ..priors import Priors
from ..scale import Array
from .rows import entity_clusters

if TYPE_CHECKING:
    from ...data.sample.design import Design

EQUATION = {
    "student_t": r"\varepsilon_{it} \sim t_\nu(0, \sigma)",
    "ar1": r"\varepsilon_{it} = \rho\,\varepsilon_{i,t-1} + u_{it}, \quad \varepsilon_{it} \sim N(0, \sigma^2)",
    "entity_variance": r"\varepsilon_{it} \sim N(0, \sigma_i^2), \quad \sigma_i^{-2} \sim \mathrm{Gamma}",
    "cluster": r"\varepsilon_{it} = \kappa_{g(i)t} + u_{it}, \quad \kappa_{gt} = \rho\,\kappa_{g,t-1} + v_{gt}",
}


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors, errors: Errors) -> None:
    """Add the errors and the outcome (n,) to the model on the context stack.

    Raises
    ------
    InputError
        For `cluster` without clusters.
    """
    import pymc as pm

    if errors == "student_t":
        pm.StudentT("y", nu=priors["nu"].variable("nu"), mu=mean, sigma=sigma, observed=y, dims="row")
        return
    if errors == "entity_variance":
        spread = priors["sd_variance"].variable("sd_variance")
        weight = pm.Gamma("weight", spread**-2, spread**-2, dims=design.entity_name)
        sigma = sigma / pm.math.sqrt(weight[design.entity])
    elif errors == "ar1":
        rho = _correlation("rho_error", priors)
        before, gap = predecessors(design)
        size = powers(rho, gap)
        mean = mean + size * (y[before] - mean[before])
        sigma = sigma * pm.math.sqrt(1 - size**2)
    elif errors == "cluster":
        mean = mean + _shocks(design, priors)
    pm.Normal("y", mean, sigma, observed=y, dims="row")


def predecessors(design: Design) -> tuple[Any, Any]:
    """(n,) The row before each in its entity, and how much earlier it is; itself and 0 for the first."""
    year = np.array(design.times)[design.time]
    order = np.lexsort((year, design.entity))
    before = np.arange(design.n)
    follows = design.entity[order][1:] == design.entity[order][:-1]
    before[order[1:][follows]] = order[:-1][follows]
    return before, year - year[before]


def powers(rho: Any, gap: Any) -> Any:
    """rho^gap for whole gaps, 0 where the gap is 0."""
    import pytensor.tensor as pt

    sizes, at = np.unique(gap, return_inverse=True)
    return pt.stack([rho ** int(g) if g else pt.zeros(()) for g in sizes])[at]


def _shocks(design: Design, priors: Priors) -> Any:
    """(n,) Shocks of the clusters."""
    import pymc as pm
    import pytensor.tensor as pt

    cluster = entity_clusters(design.clusters, design.entity, design.entity_effects)
    model = pm.modelcontext(None)
    model.add_coords({"cluster": range(int(cluster.max()) + 1), design.time_name: design.times})
    spread, rho = priors["sd_cluster"].variable("sd_cluster"), _correlation("rho_cluster", priors)
    steps = np.diff(design.times)
    kept = powers(rho, steps)
    new = pm.Normal("cluster_news", dims=(design.time_name, "cluster"))
    shock = [new[0]]
    for t in range(len(steps)):
        shock.append(kept[t] * shock[-1] + pt.sqrt(1 - kept[t] ** 2) * new[t + 1])
    return (spread * pt.stack(shock))[design.time, cluster]


def _correlation(name: str, priors: Priors) -> Any:
    import pymc as pm

    return pm.Truncated(name, priors[name].distribution(), lower=-1.0, upper=1.0)
