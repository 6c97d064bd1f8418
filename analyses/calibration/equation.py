"""Calibration of `effects` and `pooled` by the collapsed engine, at a panel's rows, regressors and gaps.

Values of the parameters are dictionaries of arrays whose first axis counts simulations, under the names of
`models.kinds.effects.effects_model`. Data are simulated in NumPy from the equations, not by the code that
fits them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ...data.sample.design import Design
from ...data.sample.within import split
from ...data.study.spec import Form
from ...models.engine.posterior import batch, posterior, variables
from ...models.engine.sampling import Sampler
from ...models.engine.statistics import padded, statistics_of_design
from ...models.priors import DEFAULTS, Priors
from ...models.scale import Array, standardise
from .ranks import ranks_of
from .subject import Question, Ranked, Subject, collapsed_key

DRAWS, OWN = 1000, 4000
Values = dict[str, Array]


def in_standard_units(design: Design) -> Design:
    """The design with outcome and regressors in standard units, where priors are stated, for good.

    A simulated outcome has another standard deviation each time; the units stay those of the panel.
    """
    z = standardise(design)
    return replace(design, y=z.y, X=z.X, scaled=True)


def effects_subject(
    name: str, design: Design, form: Form | None, priors: Priors = DEFAULTS, draws: int = DRAWS
) -> Subject:
    """Calibration of a form of effects; `form` None for the pooled model."""
    design = in_standard_units(design)

    @cache
    def own() -> Values:
        """Draws from the posterior of the panel itself."""
        tree = posterior(statistics_of_design(design, form), priors, Sampler(draws=OWN, chains=1))
        drawn = {str(name): value.to_numpy()[0] for name, value in tree["posterior"].data_vars.items()}
        return natural(drawn)

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        if question == "prior":
            truths = prior_values(design, form, priors, count, rng)
        elif question == "posterior":
            at = rng.choice(OWN, count, replace=False)
            truths = {key: value[at] for key, value in own().items()}
        else:
            mean = {key: value.mean(axis=0) for key, value in own().items()}
            truths = {key: np.repeat(value[None], count, axis=0) for key, value in mean.items()}
            truths |= effects_from(design, form, priors, truths, rng)
        Y = simulated(design, form, truths, rng)
        designs = [replace(design, y=y) for y in Y]
        if question == "posterior":
            designs = [beside(design, one.y) for one in designs]
        return ranked(designs, form, priors, truths, draws, seed)

    questions: tuple[Question, ...] = ("prior", "posterior", "coverage")
    key = collapsed_key(
        "equation", (design.sha256,), form=form, errors="gaussian", priors=priors, draws=draws, extra={}
    )
    names = names_of(design, form, priors)
    return Subject(name, "collapsed", names, questions, ask, key, synthetic=design.synthetic)


def names_of(design: Design, form: Form | None, priors: Priors) -> tuple[str, ...]:
    """The quantities that are ranked.

    Slopes, scales, the level, the effects of the first entity and of the first time, and the log-likelihood.
    """
    names = list(design.terms)
    if form == "mundlak" and design.entity_effects:
        names += [f"{term} between" for term in design.terms]
    if design.varying:
        names += [f"sd of {design.terms[j]}" for j in design.varying.columns]
        names += [f"{design.terms[j]}, {design.varying.groups[0]}" for j in design.varying.columns]
    names += ["sigma", "level"]
    if form not in (None, "fixed"):
        names += ["sd_entity"] * design.entity_effects + ["sd_time"] * design.time_effects
    if form is not None:
        names += ["first entity"] * design.entity_effects + ["first time"] * design.time_effects
    return (*names, "log likelihood")


def prior_values(
    design: Design, form: Form | None, priors: Priors, count: int, rng: np.random.Generator
) -> Values:
    """Parameters and effects from the prior, in the units in which it is stated."""
    law = {name: prior.frozen() for name, prior in priors.items()}

    def drawn(name: str, *shape: int) -> Array:
        return np.asarray(law[name].rvs((count, *shape), random_state=rng))

    found = {"slope": drawn("slope", design.k), "sigma": drawn("sigma"), "intercept": drawn("intercept")}
    if form is None:
        return found
    if design.varying:
        found["sd_slope"] = drawn("sd_slope", len(design.varying.columns))
    if design.entity_effects and form == "mundlak":
        found["between"] = drawn("between", design.k)
    if form != "fixed":
        found |= {"sd_entity": drawn("sd_entity")} if design.entity_effects else {}
        found |= {"sd_time": drawn("sd_time")} if design.time_effects else {}
    return found | effects_from(design, form, priors, found, rng)


def effects_from(
    design: Design, form: Form | None, priors: Priors, values: Values, rng: np.random.Generator
) -> Values:
    """Effects and deviations of slopes, given the scales and slopes of each simulation."""
    found: Values = {}
    count, flat = len(values["slope"]), priors["effect"].arguments[-1]

    def noise(size: int, centred: bool) -> Array:
        z = rng.normal(size=(count, size))
        return z - z.mean(axis=1, keepdims=True) if centred else z

    if "sd_slope" in values:
        assert design.varying is not None
        shape = (count, len(design.varying.columns), len(design.varying.groups))
        found["deviation"] = values["sd_slope"][:, :, None] * rng.normal(size=shape)
    if form is not None and design.entity_effects:
        z = noise(len(design.entities), form == "fixed")
        if form == "fixed":
            found["entity_effect"] = flat * z
        else:
            found["entity_effect"] = values["intercept"][:, None] + values["sd_entity"][:, None] * z
        if form == "mundlak":
            parts = split(design.X, design.entity, design.time, True, design.time_effects)
            found["entity_effect"] += values["between"] @ parts.entity.T
    if form is not None and design.time_effects:
        scale = flat if form == "fixed" else values["sd_time"][:, None]
        found["time_effect"] = scale * noise(len(design.times), True)
    return found


def natural(drawn: Values) -> Values:
    """Draws of a fit, as the values that outcomes are simulated from."""
    names = ("slope", "between", "sigma", "sd_entity", "sd_time", "time_effect", "sd_slope", "intercept")
    found = {name: drawn[name] for name in (*names, "entity_effect") if name in drawn}
    if "slope_offset" in drawn:
        found["deviation"] = found["sd_slope"][:, :, None] * drawn["slope_offset"]
    return found


def mean_of(design: Design, form: Form | None, values: Values) -> Array:
    """(S, n) The mean of the outcome by the model's equation, for parameter values in fixed units."""
    X = design.X
    columns = np.empty((design.n, 0))
    if design.varying and form is not None:
        group = np.eye(len(design.varying.groups))[design.varying.group[design.entity]]
        columns = np.concatenate([X[:, [j]] * group for j in design.varying.columns], axis=1)
    both = np.hstack([X, columns])
    if form in ("fixed", "mundlak"):
        both = split(both, design.entity, design.time, design.entity_effects, design.time_effects).within
    mean = values["slope"] @ both[:, : design.k].T
    if "deviation" in values:
        mean += values["deviation"].reshape(len(mean), -1) @ both[:, design.k :].T
    if "entity_effect" in values:
        mean += values["entity_effect"][:, design.entity]
    if "entity_effect" not in values or form == "fixed":
        mean += values["intercept"][:, None]
    if "time_effect" in values:
        mean += values["time_effect"][:, design.time]
    return mean


def simulated(design: Design, form: Form | None, values: Values, rng: np.random.Generator) -> Array:
    """(S, n) Outcomes."""
    mean = mean_of(design, form, values)
    return mean + values["sigma"][:, None] * rng.normal(size=mean.shape)


def beside(design: Design, y: Array) -> Design:
    """The panel with a second row for each of its rows, which holds a new outcome."""
    twice: dict[str, Any] = {
        name: np.concatenate([getattr(design, name)] * 2) for name in ("X", "entity", "time")
    }
    return replace(design, y=np.concatenate([design.y, y]), clusters=None, **twice)


def ranked(
    designs: Sequence[Design], form: Form | None, priors: Priors, truths: Values, draws: int, seed: int
) -> Ranked:
    """Fit every design, regressors in standard units, and rank its truth."""
    statistics = [padded(statistics_of_design(design, form)) for design in designs]
    found = batch(statistics, [priors] * len(statistics), draws, seed)
    rng = np.random.default_rng(seed + 1)
    ranks = []
    for i, (design, one) in enumerate(zip(designs, statistics, strict=True)):
        scales = dict(zip(found.scales, found.values[i].T, strict=True))
        drawn = variables(one, priors, scales, found.theta[i], found.constant[i], rng)
        values = natural(drawn)
        truth = {key: value[i : i + 1] for key, value in truths.items()}
        both = [quantities(design, form, v) for v in (values, truth)]
        ranks.append(ranks_of(both[0], both[1][0]))
    return Ranked(np.array(ranks), found.direct.trusted)


def quantities(design: Design, form: Form | None, values: Values) -> Array:
    """(S, Q) What is ranked, in the order of `names_of`."""
    size = len(values["slope"])
    columns = [values["slope"]]
    columns += [values[name] for name in ("between", "sd_slope") if name in values]
    if "deviation" in values:
        assert design.varying is not None
        columns.append(values["slope"][:, list(design.varying.columns)] + values["deviation"][:, :, 0])
    columns += [values["sigma"], values["intercept"]]
    columns += [values[name] for name in ("sd_entity", "sd_time") if name in values]
    columns += [values[name][:, 0] for name in ("entity_effect", "time_effect") if name in values]
    columns.append(log_likelihood(design, form, values))
    return np.hstack([column.reshape(size, -1) for column in columns])


def log_likelihood(design: Design, form: Form | None, values: Values) -> Array:
    """(S,) log p(y | everything), less a constant: a quantity that sees data and parameters together.

    Ranks of it notice errors that ranks of parameters alone miss (Modrák et al. 2023, doi:10.1214/23-BA1404).
    """
    left = ((design.y - mean_of(design, form, values)) ** 2).sum(axis=1)
    return -design.n * np.log(values["sigma"]) - left / (2 * values["sigma"] ** 2)
