"""What a law of errors is: the interface that every file of this folder fills in.

A law says how the errors of an equation are distributed. Everything general (which coordinates are sampled,
the integration of effects and coefficients, importance sampling, the Gibbs sampler) is in `inference` and in
`models/engine`, and asks the law; nothing else asks which law it is.

A law of Gaussian errors, given its parameters, is a `Whitening`: it gives the cross-products of any columns
in the metric of its covariance, and never asks how many columns there are or which of them is an outcome. A
model with several equations can therefore put the regressors and outcomes of all of them in M, and ask once.

A law of errors that are Gaussian given a positive weight for each row or entity is a `Weighting`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.study.laws import LAWS as RULES
from ...data.study.laws import Errors
from ..families import Priors
from ..parameters import Parameter
from ..scale import Array

if TYPE_CHECKING:
    from ...data.sample.design import Design


class Rows(NamedTuple):
    """The rows of a panel in standard units.

    Attributes
    ----------
    M : (n, P) columns whose cross-products are wanted; here [slope | between | time | 1 | y]
    entity, time : (n,) codes
    times : (T,) the times themselves
    cluster : (n,) codes, or None
    entity_effects : whether entities have effects of their own
    """

    M: Array
    entity: NDArray[np.int64]
    time: NDArray[np.int64]
    times: tuple[int, ...]
    cluster: NDArray[np.int64] | None
    entity_effects: bool

    @property
    def year(self) -> NDArray[np.int64]:
        """(n,) The time of each row itself."""
        return np.array(self.times)[self.time]


class CrossProducts(NamedTuple):
    """The columns M seen through the covariance V of errors and entity effects.

    Attributes
    ----------
    H : (..., P, P) M'V^-1 M
    log_determinant : (...) of V
    """

    H: Any
    log_determinant: Any


@dataclass(frozen=True)
class Whitening:
    """Errors that are Gaussian with a covariance that the parameters determine.

    Attributes
    ----------
    sums : rows -> all that is read of them, in NumPy; among it `n`, the number of rows
    cross_products : parameters by name (sigma among them), sums, standard deviation of the entity effects
        (None without them) -> `CrossProducts`, in NumPy or JAX; parameters may be arrays of any shape, the
        matrices are on the last axes
    """

    sums: Callable[[Rows], dict[str, Array]]
    cross_products: Callable[[Mapping[str, Any], Mapping[str, Any], Any | None], CrossProducts]


@dataclass(frozen=True)
class Weighting:
    """Errors e ~ N(0, sigma^2 / w) with weights w ~ Gamma(nu / 2, nu / 2), one a row or one an entity.

    Attributes
    ----------
    by_row : whether each row has a weight, and not each entity
    parameter : the parameter that determines nu
    degrees : parameters by name -> nu
    log_density : nu, sigma, sum of squared errors (g,) and number of rows (g,) of each weight -> log-density
        of the errors with the weights integrated out, up to a constant; in JAX
    start : logarithm of `parameter` at which chains start
    """

    by_row: bool
    parameter: str
    degrees: Callable[[Mapping[str, Any]], Any]
    log_density: Callable[[Any, Any, Any, Any], Any]
    start: float


@dataclass(frozen=True)
class Law:
    """A law of errors.

    Attributes
    ----------
    name : in study files
    label : in figures
    meaning : one sentence on what the errors are
    equation : in LaTeX; None where the equation of the model itself says it
    parameters : those that the law has beside sigma
    observe : design, outcome (n,), its mean, sigma, priors; adds the errors and the outcome to the PyMC model
        on the context stack, every weight and shock a random variable
    simulate : design, parameters by name, generator -> errors (n,)
    collapsed : how errors are integrated out; None where the additive sums of `engine.statistics` are all
        that is read
    whiten : rows, parameters by name -> (n, P) the columns of M in whose metric errors are independent
        N(0, 1); None where parameters alone do not give that metric
    """

    name: Errors
    label: str
    meaning: str
    equation: str | None
    parameters: tuple[Parameter, ...]
    observe: Callable[[Design, Array, Any, Any, Priors], None]
    simulate: Callable[[Design, Mapping[str, float], np.random.Generator], Array]
    collapsed: Whitening | Weighting | None
    whiten: Callable[[Rows, Mapping[str, float]], Array] | None = None

    @property
    def clustered(self) -> bool:
        """Whether the law needs the clusters of the column, as a study file is told."""
        return RULES[self.name].clustered

    @property
    def additive(self) -> bool:
        """Whether the additive sums of `engine.statistics` are all that the likelihood reads."""
        return self.collapsed is None


def sums_by(codes: NDArray[np.int64], values: Array, size: int) -> Array:
    """(size, ...) Sums of the rows of each code."""
    total = np.zeros((size, *values.shape[1:]))
    np.add.at(total, codes, values)
    return total
