"""Calibration of effects under other laws of errors than independent Gaussian ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.sample.design import Design
from ...data.study.spec import Errors, Form
from ...models.errors import LAWS
from ...models.errors.inference.posteriors import posteriors_of
from ...models.errors.law import Weighting
from ...models.priors import DEFAULTS, Priors
from ...models.scale import Standardised, unit_scale
from .equation import Values, in_standard_units, mean_of, prior_values
from .ranks import ranks_of
from .subject import Question, Ranked, Subject, collapsed_key

DRAWS, DRAWS_OF_CHAINS = 1000, 4000  # independent ones, and those of a sampler whose draws are correlated


def errors_subject(
    name: str, design: Design, errors: Errors, form: Form = "mundlak", priors: Priors = DEFAULTS
) -> Subject:
    """Calibration of slopes, scales and the parameters of a law of errors."""
    design, law = in_standard_units(design), LAWS[errors]
    scales = ["sd_entity"] * design.entity_effects + ["sd_time"] * design.time_effects
    own = tuple(parameter.name for parameter in law.parameters)
    parameters = ("sigma", *(scales if form != "fixed" else []), *own)
    unit = unit_scale(design.k)
    by_chains = isinstance(law.collapsed, Weighting)
    draws = DRAWS_OF_CHAINS if by_chains else DRAWS

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        truths = prior_values(design, form, priors, count, rng)
        truths |= {p.name: p.support.draws(priors[p.name], count, rng) for p in law.parameters}
        mean = mean_of(design, form, truths)
        Y = mean + np.stack([law.simulate(design, _one(truths, i), rng) for i in range(count)])
        data = [Standardised(y, design.X, unit) for y in Y]
        designs = [replace(design, y=y) for y in Y]
        found = posteriors_of(designs, data, [unit] * count, priors, form, errors, draws, seed)
        ranks, trusted = [], []
        for i, one in enumerate(found):
            drawn = np.column_stack([one.coef, *(one.parameters[p] for p in parameters)])
            true = np.concatenate([truths["slope"][i], [truths[p][i] for p in parameters]])
            ranks.append(ranks_of(drawn, true))
            trusted.append(one.trusted)
        return Ranked(np.array(ranks), np.array(trusted))

    key = collapsed_key(
        "equation", (design.sha256,), form=form, errors=errors, priors=priors, draws=draws, extra={}
    )
    quantities = (*design.terms, *parameters)
    engine = "gibbs" if by_chains else "collapsed"
    return Subject(name, engine, quantities, ("prior",), ask, key, batch=25, synthetic=design.synthetic)


def _one(values: Values, i: int) -> dict[str, float]:
    return {name: float(value[i]) for name, value in values.items() if value.ndim == 1}
