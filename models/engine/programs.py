"""The collapsed model as two JAX programs that serve every data set and prior of one shape."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..priors import Priors
from .collapsed import Evaluate, collapsed_data, program, scale_priors, scales_of
from .draw_back import coefficients
from .program_cache import cached_program
from .statistics import Statistics
from .sums import Array


@dataclass(frozen=True)
class Compiled:
    """Programs over D problems; every argument, and every array of `collapsed_data`, has a leading (D,).

    Attributes
    ----------
    density : points (D, B, d), data -> (D, B) log-density in unconstrained coordinates
    coefficients : points (D, m, d), data, noise (D, m, q + 1) -> scales (D, m, d), theta (D, m, q),
        constant (D, m)
    """

    density: Callable[[Array, dict[str, Any]], Any]
    coefficients: Callable[[Array, dict[str, Any], Array], tuple[Any, Any, Any]]


_COMPILED: dict[tuple[Any, ...], Compiled] = {}


def compile_for(statistics: Statistics, priors: Priors) -> Compiled:
    """The programs for this shape, made once for each process and kept on disk where that is possible.

    Of the arguments only shapes, families and the form are used.
    """
    shape = (
        statistics.form,
        statistics.entity_effects,
        statistics.time_effects,
        (statistics.n_slope, statistics.n_varying, statistics.n_time),
        *(prior.family for prior in scale_priors(statistics, priors).values()),
        *((name, value.shape) for name, value in collapsed_data(statistics, priors).items()),
    )
    if shape not in _COMPILED:
        _COMPILED[shape] = _compile(shape, statistics, priors)
    return _COMPILED[shape]


def _compile(shape: tuple[Any, ...], statistics: Statistics, priors: Priors) -> Compiled:
    import jax

    jax.config.update("jax_enable_x64", True)
    # each of these programs compiles faster than JAX's threshold for keeping it, and together they count
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    evaluate = functools.cache(lambda: program(statistics, priors))

    def specs(noise: bool) -> list[Any]:
        return _specs(statistics, priors, noise)

    return Compiled(
        cached_program("density", shape, lambda: _density(evaluate()), lambda: specs(noise=False)),
        cached_program("coefficients", shape, lambda: _coefficients(evaluate()), lambda: specs(noise=True)),
    )


def _density(evaluate: Evaluate) -> Any:
    import jax

    def one(problem: Any) -> Any:
        points, data = problem
        return jax.vmap(lambda point: evaluate(point, data).log_density)(points)

    return jax.jit(lambda points, data: jax.lax.map(one, (points, data)), keep_unused=True)


def _coefficients(evaluate: Evaluate) -> Any:
    import jax

    def at(point: Any, data: dict[str, Any], noise: Any) -> Any:
        state = evaluate(point, data)
        return state.scales, *coefficients(state, data, noise)

    def one(problem: Any) -> Any:
        return jax.vmap(at, (0, None, 0))(*problem)

    return jax.jit(lambda *arguments: jax.lax.map(one, arguments), keep_unused=True)


def _specs(statistics: Statistics, priors: Priors, noise: bool) -> list[Any]:
    """The arguments of either program, for any number of problems D and points B."""
    import jax
    from jax.export import symbolic_shape

    count, size = symbolic_shape("D, B")
    data = collapsed_data(statistics, priors)
    shapes: list[Any] = [
        (count, size, len(scales_of(statistics, priors))),
        {name: (count, *value.shape) for name, value in data.items()},
    ]
    if noise:
        shapes.append((count, size, len(data["spread"]) + 1))
    return jax.tree.map(
        lambda shape: jax.ShapeDtypeStruct(shape, np.float64),
        shapes,
        is_leaf=lambda node: isinstance(node, tuple),
    )
