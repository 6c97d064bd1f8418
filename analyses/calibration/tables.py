"""Calibration of the posterior from printed numbers alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from ...models.printed.tables import PrintedEstimate, exact_draws
from ...models.priors import DEFAULTS, Priors
from ..run.key import fingerprint
from .equation import DRAWS
from .subject import Question, Ranked, Subject, collapsed_key


def tables_subject(
    name: str, printed: list[PrintedEstimate], priors: Priors = DEFAULTS, draws: int = DRAWS
) -> Subject:
    """Calibration at the standard errors, their rounding intervals and the degrees of freedom of a column.

    Estimates whose prior is flat are left out: nothing can be drawn from it.
    """
    proper = [one for one in printed if one.unit is not None]

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        ranks = np.empty((count, len(proper)))
        for j, one in enumerate(proper):
            assert one.unit is not None
            if question == "prior":
                effect = one.unit * priors["slope"].frozen().rvs(count, random_state=rng)
            else:
                effect = np.full(count, one.estimate)
            error = rng.uniform(*one.std_error, size=count)
            estimate = effect + error * stats.t(one.df).rvs(count, random_state=rng)
            for i in range(count):
                drawn = exact_draws(
                    replace(one, estimate=float(estimate[i])), priors["slope"], draws, seed + i
                )
                ranks[i, j] = (drawn < effect[i]).mean()
        return Ranked(ranks, np.ones(count, bool))

    note = "one truth for coverage: the printed estimate"
    terms = tuple(one.term for one in proper)
    key = collapsed_key(
        "tables", (fingerprint(proper),), form=None, errors=None, priors=priors, draws=draws, extra={}
    )
    return Subject(name, "exact", terms, ("prior", "coverage"), ask, key, synthetic=False, note=note)
