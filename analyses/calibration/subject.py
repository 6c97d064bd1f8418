"""What can be calibrated, and the three questions that are asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...data.study.spec import Errors, Form
from ...models.engine.sampling import Sampler
from ...models.priors import Priors
from ...models.scale import Array
from ..run.key import Key

Question = Literal["prior", "posterior", "coverage"]
QUESTIONS: dict[Question, str] = {
    "prior": "truths from the prior, data from the model",
    "posterior": "truths from the posterior of the panel, new data beside the panel's",
    "coverage": "one truth, the posterior mean of the panel, and new data",
}


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
