"""The density of a PyMC model with its Gaussian coefficients integrated out exactly, for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax.flatten_util
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.sampling.jax import get_jaxified_logp

Array = NDArray[np.float64]


def integrated(
    model: pm.Model, *points: Mapping[str, float]
) -> list[tuple[float, dict[str, Array], dict[str, Array]]]:
    """log p(y | point), and the conditional means and standard deviations of all other variables.

    Given the variables of a point, the log-density is quadratic in the others, so that its value, gradient
    and Hessian at zero say all.

    Parameters
    ----------
    points : values of variables by name; of those that the model does not have, nothing is read
    """
    held = [v for v in model.free_RVs if v.name in points[0]]
    values = [model.rvs_to_values[v].name for v in held]
    start, names = model.initial_point(), [v.name for v in model.value_vars]
    zeros = {name: np.zeros_like(start[name], float) for name in names if name not in values}
    ravelled: Any = jax.flatten_util.ravel_pytree(zeros)
    flat, back = ravelled
    logp = get_jaxified_logp(model)
    priors = model.compile_fn(model.logp(vars=held, sum=False), mode="FAST_COMPILE")

    def density(point: Any, scales: Any) -> Any:
        every = {**back(point), **scales}
        return logp([every[name] for name in names])

    parts = jax.jit(lambda p, s: (density(p, s), jax.grad(density)(p, s), jax.hessian(density)(p, s)))
    to_line = [_forward(model, variable) for variable in held]
    found = []
    for at in points:
        scales = {
            name: forward(np.asarray(at[v.name], float))
            for v, name, forward in zip(held, values, to_line, strict=True)
        }
        value, slope, curve = map(np.asarray, parts(flat, scales))
        step, sd = np.linalg.solve(-curve, slope), np.sqrt(np.diag(np.linalg.inv(-curve)))
        total = value + 0.5 * slope @ step + 0.5 * len(flat) * np.log(2 * np.pi)
        total = total - 0.5 * np.linalg.slogdet(-curve)[1] - sum(np.sum(each) for each in priors(scales))
        found.append((float(total), back(step), back(sd)))
    return found


def _forward(model: pm.Model, variable: Any) -> Callable[[Any], Any]:
    """From a variable to its coordinate on the whole line."""
    transform = model.rvs_to_transforms[variable]
    if transform is None:
        return lambda value: value
    value = pt.scalar(dtype="float64")
    compiled: Any = pytensor.function(
        [value], transform.forward(value, *variable.owner.inputs), mode="FAST_COMPILE"
    )
    return compiled
