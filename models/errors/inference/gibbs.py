"""A partially collapsed Gibbs sampler for errors that are Gaussian given a weight of each row or entity.

    e_it ~ N(0, sigma^2 / w_g),  w_g ~ Gamma(nu / 2, nu / 2).

One weight belongs to each row or to each entity, as the law says, which also says how its own parameter
determines nu (`law.Weighting`). One sweep draws

1. nu and sigma given the errors, the weights integrated out (Metropolis), then the weights;
2. the scales given the weights, coefficients and effects integrated out (Metropolis), then coefficients
   and effects.

Each draw is from the joint posterior of what it draws given what it keeps, so that the order is safe (van Dyk
and Park 2008, doi:10.1198/016214508000000409). Steps are tuned in the warm-up and fixed afterwards. Chains
run as one batch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine.draw_back import coefficients
from ...engine.integrate import Marginal, integrate, without_entities
from ...scale import Array
from ..law import Weighting
from .problem import Plan, entity_sd, log_prior, spreads, values_of

CHAINS, WARMUP, THIN, REPEATS = 4, 400, 4, 6
WANTED = 0.44  # acceptance of a Metropolis step in one dimension
START, FIRST_STEP = -0.7, 0.5


def weighting_of(plan: Plan) -> Weighting:
    assert isinstance(plan.law.collapsed, Weighting)
    return plan.law.collapsed


def _log_errors(plan: Plan, point: Any, squares: Any, rows: Any, data: Any) -> Any:
    """Log-density of nu and sigma given the errors, weights out; squares and rows (g,) are sums by weight."""
    law, values = weighting_of(plan), values_of(plan, point)
    total = law.log_density(law.degrees(values), values["sigma"], squares, rows)
    return total + log_prior(plan, point, data)


def _weights(key: Any, shape: Any, rate: Any, now: Any) -> Any:
    """Gamma draws by one attempt of Marsaglia and Tsang (2000) at shape + 1, and a power of a uniform.

    Where the attempt fails, with a probability that does not depend on the weight, the weight stays: the
    conditional law is kept all the same.
    """
    import jax
    import jax.numpy as jnp

    k1, k2, k3 = jax.random.split(key, 3)
    x = jax.random.normal(k1, now.shape)
    u, power = jax.random.uniform(k2, now.shape), jax.random.uniform(k3, now.shape)
    d = shape + 2 / 3
    v = (1 + x / jnp.sqrt(9 * d)) ** 3
    accepted = (v > 0) & (jnp.log(u) < x**2 / 2 + d - d * v + d * jnp.log(jnp.where(v > 0, v, 1.0)))
    return jnp.where(accepted, d * v * power ** (1 / shape) / rate, now)


def _evaluate(plan: Plan, point: Any, H: Any, sums: Any, gram: Any, data: Any) -> tuple[Any, Marginal]:
    """Log-density of the scales given the weights, coefficients and effects out."""
    import jax.numpy as jnp

    values = values_of(plan, point)
    precision = values["sigma"] ** -2
    reduced_H, log_determinant = H * precision, -data["n"] * jnp.log(precision)
    sd = entity_sd(plan, values, data)
    if sd is not None:
        reduced_H, more = without_entities(reduced_H, sums * precision, gram * precision, sd)
        log_determinant += more
    tau = spreads(plan, values, data)
    marginal = integrate(reduced_H, log_determinant, data["location"], tau, data["constant_variance"])
    return marginal.log_likelihood + log_prior(plan, point, data), marginal


def _effects(
    plan: Plan, key: Any, theta: Any, constant: Any, values: Any, sums: Any, gram: Any, data: Any
) -> Any:
    """(N,) Level plus effect of every entity, given the coefficients (and the constant, unless `fixed`)."""
    import jax
    import jax.numpy as jnp

    z = jax.random.normal(key, gram.shape)
    precision = values["sigma"] ** -2
    left = (sums[:, -1] - sums[:, :-2] @ theta) * precision
    if plan.form != "fixed":
        spread = 1 / (gram * precision + values["sd_entity"] ** -2)
        mean = (left - constant * gram * precision) * spread
        return constant + mean + jnp.sqrt(spread) * z
    # levels plus zero-sum effects have the prior covariance s^2 I + w 11', where w may be negative
    s2, w, mu, size = data["effect_sd"] ** 2, data["constant_variance"], data["location"][-1], len(gram)
    kappa = w / (s2 * (s2 + size * w))
    own = gram * precision + 1 / s2
    centre = (left + mu * (1 / s2 - kappa * size)) / own
    rest = 1 - kappa * (1 / own).sum()
    centre += kappa * centre.sum() / rest / own
    v = 1 / jnp.sqrt(own)
    return centre + v * (z + (1 / jnp.sqrt(rest) - 1) / (v @ v) * v * (v @ z))


def _metropolis(
    key: Any,
    density: Callable[[Any], Any],
    point: Any,
    steps: Any,
    schedule: list[tuple[int, int]],
    gain: Any,
) -> tuple[Any, Any]:
    """Metropolis steps of one coordinate after another; `schedule` holds coordinate and place of its step."""
    import jax
    import jax.numpy as jnp

    k1, k2 = jax.random.split(key)
    shocks = jax.random.normal(k1, (len(schedule),))
    chance = jnp.log(jax.random.uniform(k2, (len(schedule),)))

    def one(state: Any, each: Any) -> Any:
        point, steps, now = state
        (at, step), shock, limit = each
        moved = point.at[at].add(jnp.exp(steps[step]) * shock)
        there = density(moved)
        ratio = jnp.where(jnp.isfinite(there), there - now, -jnp.inf)
        steps = steps.at[step].add(gain * (jnp.minimum(jnp.exp(ratio), 1.0) - WANTED))
        taken = limit < ratio
        return (jnp.where(taken, moved, point), steps, jnp.where(taken, there, now)), None

    each = (jnp.array(schedule), shocks, chance)
    (point, steps, _), _ = jax.lax.scan(one, (point, steps, density(point)), each)
    return point, steps


def _sweep(plan: Plan, data: Any, state: Any, each: Any) -> tuple[Any, Any]:
    """One sweep; `each` is a key and how far the steps are still tuned."""
    import jax
    import jax.numpy as jnp

    point, steps, weights, errors = state
    key, gain = each
    keys = jax.random.split(key, 6)
    law = weighting_of(plan)
    d, by_row = len(plan.names), law.by_row
    own, sigma = plan.names.index(law.parameter), plan.names.index("sigma")
    group, M = data["group"], data["M"]
    squares = errors**2 if by_row else jax.ops.segment_sum(errors**2, group, weights.shape[0])

    def of_errors(at: Any) -> Any:
        return _log_errors(plan, at, squares, data["rows"], data)

    point, steps = _metropolis(keys[0], of_errors, point, steps, REPEATS * [(own, d), (sigma, d + 1)], gain)
    values = values_of(plan, point)
    nu = law.degrees(values)
    rate = (nu + squares / values["sigma"] ** 2) / 2
    weights = _weights(keys[2], (nu + data["rows"]) / 2, rate, weights)

    sums: Any
    gram: Any
    weighted = M * (weights if by_row else weights[group])[:, None]
    H = weighted.T @ M
    if plan.entity_effects:
        sums = jax.ops.segment_sum(weighted, data["entity"], data["sums"].shape[0])
        gram = sums[:, -2]  # of the dummy with the constant, which is with itself
    else:
        sums, gram = None, None

    def of_scales(at: Any) -> Any:
        return _evaluate(plan, at, H, sums, gram, data)[0]

    scales = [(j, j) for j in range(d) if j != own]
    point, steps = _metropolis(keys[1], of_scales, point, steps, scales, gain)
    values, (_, marginal) = values_of(plan, point), _evaluate(plan, point, H, sums, gram, data)

    noise = jnp.append(jax.random.normal(keys[3], (len(plan.owner),)), jax.random.normal(keys[4]))
    theta, constant = coefficients(marginal, data, noise)
    fitted = M[:, :-2] @ theta
    if plan.entity_effects:
        level = _effects(plan, keys[5], theta, constant, values, sums, gram, data)
        errors = M[:, -1] - fitted - level[data["entity"]]
    else:
        errors = M[:, -1] - fitted - constant
    return (point, steps, weights, errors), (point, theta[: plan.slopes], constant)


@functools.cache
def program(plan: Plan, sweeps: int) -> Callable[..., Any]:
    """(seed key, data) -> points (C, S, d), slopes (C, S, k), constants (C, S) of one problem."""
    import jax
    import jax.numpy as jnp

    d = len(plan.names)

    def chain(key: Any, data: Any) -> Any:
        k1, k2 = jax.random.split(key)
        point = START + 0.5 * jax.random.normal(k1, (d,))
        # of the law's own parameter, or of a mixing variable where slopes have heavy tails
        point = point.at[-1].set(weighting_of(plan).start)
        steps = jnp.full(d + 2, jnp.log(FIRST_STEP))
        state = (point, steps, jnp.ones(len(data["weights"])), data["M"][:, -1])
        gain = jnp.where(jnp.arange(sweeps) < WARMUP, 1.5 / (1 + jnp.arange(sweeps)) ** 0.6, 0.0)
        each = (jax.random.split(k2, sweeps), gain)
        _, kept = jax.lax.scan(lambda s, e: _sweep(plan, data, s, e), state, each)
        return jax.tree.map(lambda a: a[WARMUP::THIN], kept)

    def problem(key: Any, data: Any) -> Any:
        return jax.vmap(chain, (0, None))(jax.random.split(key, CHAINS), data)

    return jax.jit(problem)


def draw(
    plan: Plan, problems: Sequence[dict[str, Array]], draws: int, seed: int
) -> tuple[Array, Array, Array]:
    """Points (D, m, d), slopes (D, m, k) and constants (D, m) of D problems of one plan and shape.

    The chains stand one after another.
    """
    import jax

    each = -(-draws // CHAINS)
    run, key = program(plan, WARMUP + THIN * each), jax.random.key(seed)
    found = [run(key, data) for data in problems]
    points, slopes, constant = (
        np.stack([np.asarray(one[j]).reshape(CHAINS * each, *one[j].shape[2:])[:draws] for one in found])
        for j in range(3)
    )
    return points, slopes, constant
