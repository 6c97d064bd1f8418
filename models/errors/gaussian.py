"""Independent Gaussian errors, e_it ~ N(0, sigma^2).

Their likelihood reads additive sums of the panel and no more, so that the engine of `models/engine` draws
from their posterior, many problems in one program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..families import Priors
from ..scale import Array
from .law import Law, Rows

if TYPE_CHECKING:
    from ...data.sample.design import Design


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add the outcome (n,) to the model on the context stack."""
    import pymc as pm

    pm.Normal("y", mean, sigma, observed=y, dims="row")


def simulate(design: Design, at: Mapping[str, float], rng: np.random.Generator) -> Array:
    """(n,) Errors."""
    return at["sigma"] * rng.normal(size=design.n)


def whiten(rows: Rows, at: Mapping[str, float]) -> Array:
    """(n, P) Every row over sigma."""
    return rows.M / at["sigma"]


LAW = Law(
    name="gaussian",
    label="Gaussian",
    meaning="Errors are independent and Gaussian.",
    equation=None,
    parameters=(),
    observe=observe,
    simulate=simulate,
    collapsed=None,
    whiten=whiten,
)
