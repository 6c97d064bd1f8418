"""What can be calibrated, and the three questions that are asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...data.study.spec import Errors, Form
from ...models.engine.sampling import Sampler
from ...models.priors import Prior, Priors
from ...models.scale import Array
from ..run.key import Key

Question = Literal["prior", "posterior", "coverage"]
QUESTIONS: dict[Question, str] = {
    "prior": "truths from the prior, data from the model",
    "posterior": "truths from the posterior of the panel, new data beside the panel's",
    "coverage": "one truth, the posterior mean of the panel, and new data",
}

UNITLESS = ("rho", "first_stage", "exclusion", "nu", "sd_variance", "rho_error", "rho_cluster")


@dataclass(frozen=True, eq=False)
class Ranked:
    """Ranks of some simulations.

    Attributes
    ----------
    ranks : (S, Q) in 0 to 1; not a number where a quantity has no place in a simulation
    trusted : (S,) whether the draws could be used (else a run takes NUTS; such simulations are left out,
        which a rule that looks at the data alone may do)
    """

    ranks: Array
    trusted: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Subject:
    """A model on a panel.

    Attributes
    ----------
    quantities : names of what is ranked
    ask : question, number of simulations, seed -> ranks
    key : of everything that the ranks depend on beside question, count and seed
    batch : how many simulations are made and stored together
    """

    name: str
    engine: str
    quantities: tuple[str, ...]
    questions: tuple[Question, ...]
    ask: Callable[[Question, int, int], Ranked]
    key: Key
    batch: int = 50
    synthetic: bool = True
    note: str = ""


def collapsed_key(
    of: str,
    data: tuple[str, ...],
    *,
    form: Form | None,
    errors: Errors | None,
    priors: Priors,
    draws: int,
    extra: Mapping[str, Any],
) -> Key:
    """The key of a calibration by the collapsed engine, whose draws of a simulation are one chain."""
    return Key(
        kind=f"calibration {of}", data=data, form=form, errors=errors, priors=priors,
        sampler=Sampler(draws=draws, chains=1), engine="collapsed", extra=extra,
    )  # fmt: skip


def in_units_of(priors: Priors, mean: float, sd: float) -> Priors:
    """Priors stated in fixed units, as they read for an outcome with this mean and standard deviation.

    A model states its priors in standard deviations of its data. A simulated outcome has another standard
    deviation each time; the priors are therefore stated once, in the units of the panel, and translated for
    each simulated outcome.
    """
    found = {}
    for name, prior in priors.items():
        *first, last = prior.arguments
        if name in UNITLESS or name.startswith("exclusion["):
            found[name] = prior
        elif prior.family in ("exponential", "gamma"):
            found[name] = Prior(prior.family, (*first, last * sd))
        elif prior.family == "inverse_gamma" or prior.positive:
            found[name] = Prior(prior.family, (*first, last / sd))
        else:
            centre = (first[-1] - (mean if name == "intercept" else 0.0)) / sd
            found[name] = Prior(prior.family, (*first[:-1], centre, last / sd))
    return found
