"""Which model: none to some number of thresholds or a linear interaction, under each law of errors.

A threshold stands for whatever a model without it cannot explain. Errors that persist look like levels that
change, and a slope that moves along a straight line in q like a staircase: a comparison of numbers of
thresholds alone then finds steps where there are none. The set that is compared therefore holds, under each
law of errors, every number of thresholds and the linear interaction, all of them equally likely beforehand.

The interaction is x (q - low) / (high - low) with low and high the 10th and 90th percentile of q, and its
coefficient delta ~ N(0, tau^2) as that of a threshold: over the middle 80% of the rows the slope changes by
as much as at one step, so that the prior favours neither (`transition`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...data.study.spec import Errors, Form
from ..engine.psis import log_sum_exp
from ..errors import LAWS
from ..priors import DEFAULTS, Prior, Priors
from .changepoints import Enumerated, enumerate_thresholds
from .regimes import Array, Regimes
from .transition import Shape, interaction, log_marginal

INTERACTION = "interaction"


@dataclass(frozen=True, eq=False)
class Compared:
    """The models and what data say of them.

    Attributes
    ----------
    laws : names of the L laws of errors
    posteriors : thresholds under each law
    interactions : the linear interaction under each law
    """

    laws: tuple[Errors, ...]
    posteriors: tuple[Enumerated, ...]
    interactions: tuple[Shape, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Numbers of thresholds from 0, then the interaction."""
        return (*map(str, range(len(self.posteriors[0].log_evidence))), INTERACTION)

    @cached_property
    def log_marginal(self) -> Array:
        """(L, K + 2) log p(y | law, model), of the standardised outcome."""
        rows = []
        for one, line in zip(self.posteriors, self.interactions, strict=True):
            numbers = log_sum_exp((one.log_marginal + np.log(one.change_weights)[:, None]).T)
            rows.append(np.append(numbers, log_marginal(line, one)))
        return np.array(rows)

    @property
    def probability(self) -> Array:
        """(L, K + 2) Posterior of law and model, every pair equally likely beforehand."""
        weight = np.exp(self.log_marginal - self.log_marginal.max())
        return weight / weight.sum()

    @property
    def by_model(self) -> Array:
        """(K + 2,) Posterior of each model, averaged over the laws."""
        return self.probability.sum(axis=0)

    @property
    def by_law(self) -> Array:
        """(L,) Posterior of each law, averaged over the models."""
        return self.probability.sum(axis=1)

    @property
    def numbers(self) -> Array:
        """(K + 1,) Posterior of each number of thresholds, the interaction left out."""
        found = self.by_model[:-1]
        return found / found.sum()

    def laws_given(self, thresholds: int) -> Array:
        """(L,) Posterior of each law given the number of thresholds."""
        return np.exp(self.log_marginal[:, thresholds] - log_sum_exp(self.log_marginal[:, thresholds][None]))


def compare(
    found: Regimes,
    laws: Sequence[Errors],
    most: int = 3,
    priors: Priors = DEFAULTS,
    form: Form = "mundlak",
    location: Prior | None = None,
    seed: int = 0,
) -> Compared:
    """Enumerate thresholds under each law of errors, and weigh the interaction beside them.

    Parameters and errors raised are those of `enumerate_thresholds`; the laws are `gaussian` or `Whitening`s.
    """
    each = tuple(enumerate_thresholds(found, most, priors, form, location, seed, LAWS[law]) for law in laws)
    return Compared(tuple(laws), each, tuple(interaction(found, one, priors) for one in each))
