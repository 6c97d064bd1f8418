"""A parameter of a model: its default prior, the values that it can take, and its meaning in words.

What follows from the values that a parameter can take is decided here and nowhere else: which families of
priors fit, where a prior is cut, and how samplers that move on the whole line see the parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import library_of
from .families import Prior, Priors
from .scale import Array

if TYPE_CHECKING:
    from pytensor.tensor import TensorVariable


@dataclass(frozen=True)
class Support:
    """The values that a parameter can take.

    Attributes
    ----------
    positive : whether priors must have the positive half of the line as their support
    ends : where priors are cut, or None
    value : coordinate on the whole line -> value, in NumPy or JAX
    log_jacobian : coordinate, value -> log |d value / d coordinate|
    """

    positive: bool
    ends: tuple[float, float] | None
    value: Callable[[Any], Any]
    log_jacobian: Callable[[Any, Any], Any]

    def probabilities(self, prior: Prior) -> tuple[float, float]:
        """The prior's distribution function at either end of the support."""
        if self.ends is None:
            return 0.0, 1.0
        law = prior.frozen()
        return float(law.cdf(self.ends[0])), float(law.cdf(self.ends[1]))

    def log_mass(self, prior: Prior) -> float:
        """Log of the probability that the prior gives to the support."""
        low, high = self.probabilities(prior)
        return float(np.log(high - low))

    def draws(self, prior: Prior, count: int, rng: np.random.Generator) -> Array:
        """(count,) Values from the prior, cut to the support."""
        low, high = self.probabilities(prior)
        return np.asarray(prior.frozen().ppf(rng.uniform(low, high, count)))


def _correlation(u: Any) -> Any:
    """-tanh(u/2): the search for the mode starts at correlations of 0.64 and 0.96 (`importance.START`)."""
    return -library_of(u).tanh(u / 2)


def _log_slope_of_correlation(u: Any, value: Any) -> Any:
    return library_of(value).log((1 - value**2) / 2)


REAL = Support(False, None, lambda u: u, lambda u, value: 0.0)
POSITIVE = Support(True, None, lambda u: library_of(u).exp(u), lambda u, value: u)
CORRELATION = Support(False, (-1.0, 1.0), _correlation, _log_slope_of_correlation)


@dataclass(frozen=True)
class Parameter:
    """A parameter with its default prior on the standardised scale, its support and its meaning in words."""

    name: str
    prior: Prior
    support: Support
    meaning: str

    def variable(self, priors: Priors) -> TensorVariable:
        """A random variable of the PyMC model on the context stack, its prior cut to the support."""
        import pymc as pm

        prior = priors[self.name]
        if self.support.ends is None:
            return prior.variable(self.name)
        low, high = self.support.ends
        return pm.Truncated(self.name, prior.distribution(), lower=low, upper=high)
