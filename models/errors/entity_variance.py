"""Errors with a variance for each entity, e_it ~ N(0, sigma^2 / w_i), partially pooled.

Weights are w_i ~ Gamma(nu / 2, nu / 2) with nu = 2 / sd_variance^2, so that the variances have an
inverse-gamma law.

`sd_variance = half_normal(0.5)`: how far the error variances of entities differ, about the standard deviation
of their logarithms; at 0.5 one entity in twenty has errors more than 1.6 times as large as is typical.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import gammaln
from ..families import Prior, Priors
from ..parameters import POSITIVE, Parameter
from ..scale import Array
from .law import Law, Weighting

if TYPE_CHECKING:
    from ...data.sample.design import Design

SD_VARIANCE = Parameter(
    "sd_variance",
    Prior("half_normal", (0.5,)),
    POSITIVE,
    "how far the error variances of entities differ, about the standard deviation of their logarithms",
)


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add the weights and the outcome (n,) to the model on the context stack."""
    import pymc as pm

    spread = SD_VARIANCE.variable(priors)
    weight = pm.Gamma("weight", spread**-2, spread**-2, dims=design.entity_name)
    pm.Normal("y", mean, sigma / pm.math.sqrt(weight[design.entity]), observed=y, dims="row")


def simulate(design: Design, at: Mapping[str, float], rng: np.random.Generator) -> Array:
    """(n,) Errors."""
    shape = at["sd_variance"] ** -2
    weight = rng.gamma(shape, 1 / shape, len(design.entities))
    return at["sigma"] / np.sqrt(weight[design.entity]) * rng.normal(size=design.n)


def log_density(nu: Any, sigma: Any, squares: Any, rows: Any) -> Any:
    """Of the errors, given the sum of squares (N,) and the number of rows (N,) of each entity."""
    import jax.numpy as jnp

    top = gammaln((nu + rows) / 2) - gammaln(nu / 2) - rows / 2 * jnp.log(nu) - rows * jnp.log(sigma)
    return (top - (nu + rows) / 2 * jnp.log1p(squares / (nu * sigma**2))).sum()


LAW = Law(
    name="entity_variance",
    label="variance by entity",
    meaning="Each entity has an error variance of its own, drawn towards that of the others.",
    equation=r"\varepsilon_{it} \sim N(0, \sigma_i^2), \quad \sigma_i^{-2} \sim \mathrm{Gamma}",
    parameters=(SD_VARIANCE,),
    observe=observe,
    simulate=simulate,
    collapsed=Weighting(
        by_row=False,
        parameter="sd_variance",
        degrees=lambda values: 2 / values["sd_variance"] ** 2,
        log_density=log_density,
        start=-0.7,
    ),
)
