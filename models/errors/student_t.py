"""Student-t errors, e_it / sigma ~ t(nu): heavy tails, the counterpart in a model of winsorising.

They are Gaussian given a weight for each row, e_it ~ N(0, sigma^2 / w_it) with w_it ~ Gamma(nu / 2, nu / 2)
(Geweke 1993, doi:10.1002/jae.3950080504).

`nu = gamma(2, 0.1)`: degrees of freedom (Juarez and Steel 2010, doi:10.1002/jae.1113); 95% in 2.4 to 56.
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

NU = Parameter("nu", Prior("gamma", (2.0, 0.1)), POSITIVE, "degrees of freedom of Student-t errors")


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add the outcome (n,) to the model on the context stack."""
    import pymc as pm

    pm.StudentT("y", nu=NU.variable(priors), mu=mean, sigma=sigma, observed=y, dims="row")


def simulate(design: Design, at: Mapping[str, float], rng: np.random.Generator) -> Array:
    """(n,) Errors."""
    return at["sigma"] * rng.standard_t(at["nu"], design.n)


def log_density(nu: Any, sigma: Any, squares: Any, rows: Any) -> Any:
    """Of the errors, whose squares (n,) are given."""
    import jax.numpy as jnp

    top = gammaln((nu + 1) / 2) - gammaln(nu / 2) - jnp.log(nu) / 2 - jnp.log(sigma)
    return len(squares) * top - (nu + 1) / 2 * jnp.log1p(squares / (nu * sigma**2)).sum()


LAW = Law(
    name="student_t",
    label="Student-t",
    meaning="Errors are Student t with ν degrees of freedom, so that single rows far off pull less.",
    equation=r"\varepsilon_{it} \sim t_\nu(0, \sigma)",
    parameters=(NU,),
    observe=observe,
    simulate=simulate,
    collapsed=Weighting(
        by_row=True,
        parameter="nu",
        degrees=lambda values: values["nu"],
        log_density=log_density,
        start=2.0,  # degrees of freedom near 7
    ),
)
