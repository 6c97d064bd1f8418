"""Calibration of models that are sampled by NUTS: one compiled program, with the outcome as its argument.

Chains have the number, length and starting points of those of a run (`models.engine.sampling.nuts`). A
simulation is left out where a run would withhold its verdict. Runs do not sample the smooth transition by
NUTS; since nearly every chain of that model has a few divergences, they do not exclude a simulation there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.sample.design import Design
from ...data.study.spec import Form
from ...models.engine.sampling import Sampler
from ...models.kinds.effects import effects_model
from ...models.priors import DEFAULTS, Priors
from ...models.scale import Array
from ...models.thresholds.regimes import Regimes
from ...models.thresholds.transition import WIDTHS, curve, ends, smooth_model
from ..judge.diagnostics import LIMITS
from ..run.key import Key, fingerprint
from .equation import (
    Values,
    in_standard_units,
    names_of,
    prior_values,
    quantities,
    simulated,
)
from .ranks import ranks_of
from .subject import Question, Ranked, Subject

if TYPE_CHECKING:
    import pymc as pm

SAMPLER = Sampler()
DIVERGING_TRANSITION = 0.01


def sample_many(model: pm.Model, outcome: Array, data: Array, seed: int) -> tuple[dict[str, Array], Array]:
    """Draws (D, chains, draws, ...) of every variable for each of D outcomes; and shares that diverge (D,).

    Parameters
    ----------
    outcome : (n,) the outcome as it stands in the model
    data : (D, n) what to put in its place
    """
    import jax
    import jax.numpy as jnp
    from numpyro.infer.hmc import hmc
    from pymc.sampling.jax import get_jaxified_graph

    values = [model.rvs_to_values[v] for v in model.free_RVs]
    wanted = [*model.free_RVs, *model.deterministics]
    log_density, *outputs, y = _with_input([model.logp(), *model.replace_rvs_by_values(wanted)], outcome)
    target = get_jaxified_graph([*values, y], [log_density])
    back = get_jaxified_graph([*values, y], outputs)
    start = model.initial_point()
    centre = [np.asarray(start[v.name]) for v in values]

    def chain(key: Any, y: Any) -> Any:
        key, *own = jax.random.split(key, 1 + len(centre))
        first = [
            v + jax.random.uniform(k, v.shape, minval=-1, maxval=1) for k, v in zip(own, centre, strict=True)
        ]
        init, step = hmc(potential_fn_gen=lambda y: lambda z: -target(*z, y)[0], algo="NUTS")
        state = init(first, SAMPLER.tune, rng_key=key, model_args=(y,))

        def once(state: Any, _: Any) -> Any:
            state = step(state, (y,))
            return state, (state.z, state.diverging)

        state, _ = jax.lax.scan(lambda s, _: (step(s, (y,)), None), state, None, SAMPLER.tune)
        _, (z, diverging) = jax.lax.scan(once, state, None, SAMPLER.draws)
        return jax.vmap(lambda z: back(*z, y))(z), diverging.mean()

    def chains(given: Any) -> Any:
        drawn, diverging = jax.vmap(chain, (0, None))(*given)
        return drawn, diverging.mean()

    keys = jax.random.split(jax.random.key(seed), (len(data), SAMPLER.chains))
    # one data set after the other: a batch of trees is as slow as its deepest
    drawn, diverging = jax.jit(lambda each: jax.lax.map(chains, each))((keys, jnp.asarray(data)))
    named = {str(v.name): np.asarray(d) for v, d in zip(wanted, drawn, strict=True)}
    return named, np.asarray(diverging)


def _with_input(graphs: list[Any], outcome: Array) -> list[Any]:
    """The graphs with the constant that equals the outcome as an input, and that input."""
    from pytensor.graph.basic import Constant
    from pytensor.graph.replace import clone_replace
    from pytensor.graph.traversal import ancestors

    y: Any = None
    replacements: dict[Any, Any] = {}
    for node in ancestors(graphs):
        if not isinstance(node, Constant) or np.shape(node.data) != outcome.shape:
            continue
        if np.allclose(node.data, outcome, rtol=0, atol=1e-9):
            y = node.type() if y is None else y
            replacements[node] = y
    return [*clone_replace(graphs, replacements), y]


def expanded_subject(name: str, design: Design, form: Form, priors: Priors = DEFAULTS) -> Subject:
    """Calibration of the expanded model of effects, every effect a random variable, by NUTS."""
    design = in_standard_units(design)

    def simulate(count: int, rng: np.random.Generator) -> tuple[Values, Array]:
        truths = prior_values(design, form, priors, count, rng)
        return truths, simulated(design, form, truths, rng)

    return _subject(
        name, lambda: effects_model(design, priors, form), design, names_of(design, form, priors), simulate,
        lambda values, y: quantities(replace(design, y=y), form, values),
        Key(kind="calibration equation", data=(design.sha256,), form=form, errors="gaussian", priors=priors,
            sampler=SAMPLER, engine="nuts", extra={}),
    )  # fmt: skip


def transition_subject(
    name: str, found: Regimes, form: Form = "mundlak", priors: Priors = DEFAULTS
) -> Subject:
    """Calibration of the smooth transition: both end slopes, place and width, and the scales."""
    design = in_standard_units(found.design)
    found = replace(found, design=design)
    low, high = ends(found)
    names = ("slope_low", "slope_high", "location", "width", "sigma", "sd_entity", "sd_time")

    def simulate(count: int, rng: np.random.Generator) -> tuple[Values, Array]:
        values = prior_values(design, form, priors, count, rng)
        at, log_width = (
            rng.uniform(low, high, count),
            np.log(WIDTHS[0]) + rng.uniform(size=count) * np.log(WIDTHS[1] / WIDTHS[0]),
        )
        delta = priors["difference"].frozen().rvs(count, random_state=rng) * rng.normal(size=count)
        Y = simulated(design, form, values, rng)
        for i in range(count):
            column = found.x * curve(found.q, at[i], np.exp(log_width[i]), low, high)
            Y[i] += delta[i] * _cleared(column, design, form)
        slope = values["slope"][:, found.term]
        truth = {"slope_low": slope, "slope_high": slope + delta, "location": at, "width": np.exp(log_width)}
        return truth | {name: values[name] for name in names[4:]}, Y

    return _subject(
        name, lambda: smooth_model(found, priors, form), design, names, simulate,
        lambda values, y: np.column_stack([values[name] for name in names]),
        Key(kind="calibration transition", data=(design.sha256, fingerprint(found.q.tolist())), form=form,
            errors=None, priors=priors, sampler=SAMPLER, engine="nuts", extra={"term": found.name}),
        DIVERGING_TRANSITION,
    )  # fmt: skip


def _cleared(column: Array, design: Design, form: Form) -> Array:
    """A regime column as the form has it: centred in `random`, else by least squares on all dummies."""
    D = np.ones((design.n, 1))
    if form != "random":
        D = np.hstack(
            [D, np.eye(len(design.entities))[design.entity], np.eye(len(design.times))[design.time]]
        )
    return column - D @ np.linalg.lstsq(D, column, rcond=None)[0]


def _subject(
    name: str,
    model: Callable[[], pm.Model],
    design: Design,
    names: tuple[str, ...],
    simulate: Callable[[int, np.random.Generator], tuple[Values, Array]],
    quantities: Callable[[Values, Array], Array],
    key: Key,
    most_diverging: float = 0.0,
) -> Subject:
    def ask(question: Question, count: int, seed: int) -> Ranked:
        truths, Y = simulate(count, np.random.default_rng(seed))
        drawn, diverging = sample_many(model(), design.y, Y, seed)
        ranks, converged = [], []
        for i in range(count):
            values = {key: value[i].reshape(-1, *value.shape[3:]) for key, value in drawn.items()}
            truth = {key: value[i : i + 1] for key, value in truths.items()}
            found = quantities(values, Y[i])
            ranks.append(ranks_of(found, quantities(truth, Y[i])[0]))
            converged.append(_converged(found))
        return Ranked(np.array(ranks), np.array(converged) & (diverging <= most_diverging))

    return Subject(name, "nuts", names, ("prior",), ask, key, batch=100, synthetic=design.synthetic)


def _converged(drawn: Array) -> bool:
    """Whether R-hat and effective sample sizes of all quantities (chains x draws, Q) are good enough.

    The limits are those beyond which a run withholds its verdict.
    """
    from arviz_stats.base import array_stats

    chains = np.moveaxis(drawn.reshape(SAMPLER.chains, SAMPLER.draws, -1), -1, 0)
    return bool(
        (array_stats.rhat(chains) <= LIMITS.r_hat).all() and (array_stats.ess(chains) >= LIMITS.ess).all()
    )
