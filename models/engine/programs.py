"""The collapsed model as two JAX programs that serve every data set and prior of one shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..priors import Priors
from .collapsed import Evaluate, collapsed_data, program, scale_priors
from .draw_back import coefficients
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


BLOCK = 256  # points in one call of a program: one size is compiled, and no more
_COMPILED: dict[tuple[Any, ...], Compiled] = {}


def compile_for(statistics: Statistics, priors: Priors) -> Compiled:
    """The programs for this shape, made once for each process; JAX keeps their machine code on disk.

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
        _COMPILED[shape] = _compile(statistics, priors)
    return _COMPILED[shape]


def _compile(statistics: Statistics, priors: Priors) -> Compiled:
    import jax

    jax.config.update("jax_enable_x64", True)
    evaluate = program(statistics, priors)
    return Compiled(in_blocks(_density(evaluate), 1), in_blocks(_coefficients(evaluate), 1))


def in_blocks(program: Callable[..., Any], axis: int) -> Callable[..., Any]:
    """The program called on blocks of points, the last of which is filled up with the first point.

    Parameters
    ----------
    program : points, data and perhaps noise -> arrays; all but data have the points along `axis`
    """
    import jax

    def over(points: Array, data: dict[str, Array], *noise: Array) -> Any:
        size = points.shape[axis]
        places = [np.arange(at, at + BLOCK) for at in range(0, size, BLOCK)]
        blocks = [[each.take(np.where(at < size, at, 0), axis) for each in (points, *noise)] for at in places]
        parts = [program(first, data, *rest) for first, *rest in blocks]
        return jax.tree.map(lambda *each: np.concatenate(each, axis).take(np.arange(size), axis), *parts)

    return over


def _density(evaluate: Evaluate) -> Any:
    import jax

    def one(problem: Any) -> Any:
        points, data = problem
        return jax.vmap(lambda point: evaluate(point, data).log_density)(points)

    return jax.jit(lambda points, data: jax.lax.map(one, (points, data)))


def _coefficients(evaluate: Evaluate) -> Any:
    import jax

    def at(point: Any, data: dict[str, Any], noise: Any) -> Any:
        state = evaluate(point, data)
        return state.scales, *coefficients(state, data, noise)

    def one(problem: Any) -> Any:
        return jax.vmap(at, (0, None, 0))(*problem)

    return jax.jit(lambda *arguments: jax.lax.map(one, arguments))
