"""Calibration of effects under other errors than independent Gaussian ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...data.sample.design import Design
from ...data.study.spec import Errors, Form
from ...models.engine.sampling import Sampler
from ...models.errors.posteriors import posteriors_of
from ...models.priors import DEFAULTS, Priors
from ...models.scale import Array, Scale, Standardised
from ..run.key import Key
from .equation import Values, in_standard_units, mean_of, prior_values
from .ranks import ranks_of
from .subject import Question, Ranked, Subject

DRAWS = {"student_t": 4000, "entity_variance": 4000, "ar1": 1000, "cluster": 1000}
OWN = {
    "student_t": ("nu",),
    "entity_variance": ("sd_variance",),
    "ar1": ("rho_error",),
    "cluster": ("sd_cluster", "rho_cluster"),
}


def errors_subject(
    name: str, design: Design, errors: Errors, form: Form = "mundlak", priors: Priors = DEFAULTS
) -> Subject:
    """Calibration of slopes, scales and the parameters of a law of errors."""
    design = in_standard_units(design)
    scales = ["sd_entity"] * design.entity_effects + ["sd_time"] * design.time_effects
    parameters = ("sigma", *(scales if form != "fixed" else []), *OWN[errors])
    unit = Scale(0.0, 1.0, np.zeros(design.k), np.ones(design.k))

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        truths = prior_values(design, form, priors, count, rng)
        truths |= {name: _drawn(name, priors, count, rng) for name in OWN[errors]}
        mean = mean_of(design, form, truths)
        Y = mean + np.stack([NOISE[errors](design, _one(truths, i), rng) for i in range(count)])
        data = [Standardised(y, design.X, unit) for y in Y]
        designs = [replace(design, y=y) for y in Y]
        found = posteriors_of(designs, data, [unit] * count, priors, form, errors, DRAWS[errors], seed)
        ranks, trusted = [], []
        for i, one in enumerate(found):
            drawn = np.column_stack([one.coef, *(one.parameters[p] for p in parameters)])
            true = np.concatenate([truths["slope"][i], [truths[p][i] for p in parameters]])
            ranks.append(ranks_of(drawn, true))
            trusted.append(one.trusted)
        return Ranked(np.array(ranks), np.array(trusted))

    key = Key(
        kind="calibration equation",
        data=(design.sha256,),
        form=form,
        errors=errors,
        priors=priors,
        sampler=Sampler(draws=DRAWS[errors], chains=1),
        engine="collapsed",
        extra={},
    )
    quantities = (*design.terms, *parameters)
    engine = "gibbs" if errors in ("student_t", "entity_variance") else "collapsed"
    return Subject(name, engine, quantities, ("prior",), ask, key, batch=25, synthetic=design.synthetic)


def _one(values: Values, i: int) -> dict[str, float]:
    return {name: float(value[i]) for name, value in values.items() if value.ndim == 1}


def _drawn(name: str, priors: Priors, count: int, rng: np.random.Generator) -> Array:
    """(count,) From the prior, correlations cut to (-1, 1)."""
    law = priors[name].frozen()
    low, high = law.cdf([-1.0, 1.0]) if name.startswith("rho") else (0.0, 1.0)
    return np.asarray(law.ppf(rng.uniform(low, high, count)))


def _student_t(design: Design, at: dict[str, float], rng: np.random.Generator) -> Array:
    return at["sigma"] * rng.standard_t(at["nu"], design.n)


def _entity_variance(design: Design, at: dict[str, float], rng: np.random.Generator) -> Array:
    shape = at["sd_variance"] ** -2
    weight = rng.gamma(shape, 1 / shape, len(design.entities))
    return at["sigma"] / np.sqrt(weight[design.entity]) * rng.normal(size=design.n)


def _ar1(design: Design, at: dict[str, float], rng: np.random.Generator) -> Array:
    path = _paths(at["rho_error"], design.times, len(design.entities), rng)
    return at["sigma"] * path[design.time, design.entity]


def _cluster(design: Design, at: dict[str, float], rng: np.random.Generator) -> Array:
    assert design.clusters is not None
    path = _paths(at["rho_cluster"], design.times, int(design.clusters.max()) + 1, rng)
    shock = at["sd_cluster"] * path[design.time, design.clusters]
    return shock + at["sigma"] * rng.normal(size=design.n)


def _paths(rho: float, times: tuple[int, ...], count: int, rng: np.random.Generator) -> Array:
    """(T, count) Stationary AR(1) with variance 1, through every year from the first to the last."""
    years = np.array(times) - times[0]
    path = [rng.normal(size=count)]
    for _ in range(years[-1]):
        path.append(rho * path[-1] + np.sqrt(1 - rho**2) * rng.normal(size=count))
    return np.stack(path)[years]


NOISE: dict[Errors, Callable[[Design, dict[str, float], np.random.Generator], Array]] = {
    "student_t": _student_t,
    "entity_variance": _entity_variance,
    "ar1": _ar1,
    "cluster": _cluster,
}
