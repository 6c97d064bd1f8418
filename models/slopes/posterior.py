"""The posterior of one slope under any prior of it, from its likelihood, by quadrature on one grid.

Given M data sets (twins) the posterior is the mixture of those given each, with equal weights: a prior
belief about the slope does not say which of the twins is the true panel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine.sums import Array
from ..families import Prior
from .likelihood import SlopeLikelihood

REACH, STEPS, FEWEST = (
    9.0,
    361,
    61,
)  # about each likelihood, in its own standard errors; fewer where there are many
NEAREST, FARTHEST, DECADES = 1e-4, 1e3, 240  # about 0, in standard errors: for priors narrow there
APART, MOST_BETWEEN = 0.05, 2000  # from 0 to the likelihood, in standard errors
OUTER = 0.025


class Posterior(NamedTuple):
    """On the paper's scale; low and high end the central 95% interval."""

    mean: float
    sd: float
    low: float
    high: float
    prob_positive: float

    @property
    def excludes_zero(self) -> bool:
        return min(self.prob_positive, 1 - self.prob_positive) < OUTER


@dataclass(frozen=True, eq=False)
class Slope:
    """A likelihood on a grid that is fine enough for the priors in use.

    These are priors centred at 0, and others that are no narrower than the likelihood.

    Attributes
    ----------
    effect : (G,) on the paper's scale, ascending; holds 0
    log_likelihood : (M, G) each row at most 0
    unit : (M,) what one standardised slope is on the paper's scale
    narrowest : the smallest standard error of the likelihoods, on the paper's scale
    """

    effect: Array
    log_likelihood: Array
    unit: Array
    narrowest: float

    @property
    def zero(self) -> int:
        return int(np.searchsorted(self.effect, 0.0))

    def log_prior(self, prior: Prior | None) -> Array:
        """(M, G) log-density on the paper's scale; flat where there is none."""
        if prior is None:
            return np.zeros_like(self.log_likelihood)
        return prior.log_density(self.effect / self.unit[:, None]) - np.log(self.unit)[:, None]

    def density(self, prior: Prior | None) -> Array:
        """(G,) of the posterior."""
        log_kernel = self.log_likelihood + self.log_prior(prior)
        kernel = np.exp(log_kernel - log_kernel.max(axis=1, keepdims=True))
        return (kernel / np.trapezoid(kernel, self.effect)[:, None]).mean(axis=0)

    def posterior(self, prior: Prior | None) -> Posterior:
        density = self.density(prior)
        mean = float(np.trapezoid(density * self.effect, self.effect))
        sd = float(np.sqrt(np.trapezoid(density * (self.effect - mean) ** 2, self.effect)))
        mass = self._mass(density)
        low, high = np.interp([OUTER, 1 - OUTER], mass, self.effect)
        return Posterior(mean, sd, float(low), float(high), float(1 - mass[self.zero]))

    def draws(self, prior: Prior | None, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """(M, count) Draws given each data set, and the log-likelihood of each.

        The draws are midpoint quantiles in random order.
        """
        log_kernel = self.log_likelihood + self.log_prior(prior)
        kernel = np.exp(log_kernel - log_kernel.max(axis=1, keepdims=True))
        uniform = (rng.permutation(count) + 0.5) / count
        effect = np.stack([np.interp(uniform, self._mass(row), self.effect) for row in kernel])
        log = [np.interp(e, self.effect, row) for e, row in zip(effect, self.log_likelihood, strict=True)]
        return effect, np.stack(log)

    def log_factor_10(self, prior: Prior) -> float:
        """log of the Bayes factor against 0: over data sets, from the mean of the factors for 0."""
        log_kernel = self.log_likelihood + self.log_prior(prior)
        top = log_kernel.max(axis=1)
        evidence = top + np.log(np.trapezoid(np.exp(log_kernel - top[:, None]), self.effect))
        log_01 = self.log_likelihood[:, self.zero] - evidence
        most = log_01.max()
        return -float(most + np.log(np.exp(log_01 - most).mean()))

    def log_odds_of_sign(self, prior: Prior | None) -> Array:
        """(M,) log posterior odds of a positive slope given each data set."""
        log_kernel = self.log_likelihood + self.log_prior(prior)
        kernel = np.exp(log_kernel - log_kernel.max(axis=1, keepdims=True))
        z = self.zero
        above = np.trapezoid(kernel[:, z:], self.effect[z:])
        below = np.trapezoid(kernel[:, : z + 1], self.effect[: z + 1])
        with np.errstate(divide="ignore"):
            return np.log(above) - np.log(below)

    def _mass(self, density: Array) -> Array:
        pieces = np.diff(self.effect) * (density[1:] + density[:-1]) / 2
        mass = np.concatenate([[0.0], np.cumsum(pieces)])
        return mass / mass[-1]


def on_grid(likelihood: SlopeLikelihood, priors: Iterable[Prior] = ()) -> Slope:
    """A likelihood on its grid, with further points where these priors, not centred at 0, have their mass."""
    narrowest = float(likelihood.std_error.min())
    steps = np.linspace(-REACH, REACH, max(STEPS // len(likelihood.unit), FEWEST))
    # a t with few degrees of freedom has far tails
    tails = np.geomspace(REACH, FARTHEST, 80)
    near = np.geomspace(NEAREST, FARTHEST, DECADES)
    parts = [(likelihood.centre[:, None] + likelihood.std_error[:, None] * steps).ravel()]
    parts += [likelihood.centre.mean() + narrowest * tails, likelihood.centre.mean() - narrowest * tails]
    parts += [narrowest * near, -narrowest * near, np.zeros(1)]
    # under a narrow prior about 0 the posterior of a strong slope lies between
    far = float(np.abs(likelihood.centre).max())
    between = np.linspace(0, far, min(MOST_BETWEEN, 1 + round(far / narrowest / APART)))
    parts += [np.sign(likelihood.centre.mean()) * between]
    parts += [likelihood.unit.mean() * p.frozen().ppf(np.linspace(0.0005, 0.9995, 121)) for p in priors]
    effect = np.unique(np.concatenate(parts))
    log = likelihood.log(effect)
    return Slope(effect, log - log.max(axis=1, keepdims=True), likelihood.unit, narrowest)


def zero_centred(scale: float) -> Prior:
    return Prior("normal", (0.0, float(scale)))


def tipping_scale(slope: Slope) -> float | None:
    """The standard deviation of the narrowest normal prior about 0 with which the 95% interval excludes 0.

    In standard deviations of outcome and regressor; None where no such prior does, however wide.
    """
    unit = float(slope.unit.mean())
    scales = slope.narrowest / unit * np.geomspace(1e-2, 1e3, 51)

    def settled(log_scale: float) -> float:
        probability = slope.posterior(zero_centred(np.exp(log_scale))).prob_positive
        return OUTER - min(probability, 1 - probability)

    return _first_crossing(settled, np.log(scales))


def _first_crossing(value: Callable[[float], float], grid: NDArray[np.float64]) -> float | None:
    from scipy.optimize import brentq

    at = [value(x) for x in grid]
    above = np.flatnonzero(np.array(at) > 0)
    if not len(above):
        return None
    first = int(above[0])
    if not first:
        return float(np.exp(grid[0]))
    return float(np.exp(brentq(value, grid[first - 1], grid[first], xtol=1e-4)))


def settling_odds(slope: Slope, prior: Prior | None, sign: int) -> float | None:
    """Prior odds of the sign (1 or -1) that give it a posterior probability of 97.5%.

    The prior is reweighted on either side of 0 and keeps its shape there. None where the odds exceed 1e12.
    """
    from scipy.optimize import brentq

    own = sign * slope.log_odds_of_sign(prior)
    if prior is not None:
        positive = prior.frozen().sf(0.0)
        own = own - sign * np.log(positive / (1 - positive))
    own = np.clip(own, -700, 700)

    def short(log_odds: float) -> float:
        return float((1 / (1 + np.exp(-(own + log_odds)))).mean()) - (1 - OUTER)

    if short(np.log(1e12)) < 0:
        return None
    if short(-np.log(1e12)) > 0:
        return 1e-12
    return float(np.exp(brentq(short, -np.log(1e12), np.log(1e12))))
