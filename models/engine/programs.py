"""The collapsed model for many points of many problems: in NumPy on the CPU, compiled by JAX for a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..priors import DEFAULTS, Priors
from .collapsed import collapsed_data, evaluate, scale_priors
from .draw_back import coefficients
from .sampling import Device, prepare
from .statistics import Statistics
from .sums import Array

BLOCK = 256  # points in one call of a JAX program: one size is compiled, and no more
NUMBERS = 2**18  # in the largest array of one call of NumPy: what a processor's cache holds

Function = Callable[..., Any]  # points (..., B, d), data, noise (..., B, q) or none -> arrays (..., B, ...)


@dataclass(frozen=True)
class Programs:
    """Programs over D problems; every array of `collapsed_data` has a leading (D,).

    Attributes
    ----------
    density : points (D, B, d), data -> (D, B) log-density in unconstrained coordinates
    coefficients : points (D, m, d), data, noise (D, m, q + 1) -> scales (D, m, d), theta (D, m, q),
        constant (D, m)
    """

    density: Function
    coefficients: Function


def programs(statistics: Statistics, priors: Priors = DEFAULTS, device: Device = "cpu") -> Programs:
    """The programs for this shape: of the arguments only shapes, families and the form are used."""
    if device == "cpu":
        return Programs(*(in_numpy(_of_problems(each), _matrices) for each in _functions(statistics, priors)))
    prepare(device)
    return compiled(statistics, priors)


_COMPILED: dict[tuple[Any, ...], Programs] = {}


def compiled(statistics: Statistics, priors: Priors = DEFAULTS) -> Programs:
    """The programs in JAX, made once for each process and shape; their machine code is kept on disk."""
    shape = (
        statistics.form,
        statistics.entity_effects,
        statistics.time_effects,
        (statistics.n_slope, statistics.n_varying, statistics.n_time),
        *(prior.family for prior in scale_priors(statistics, priors).values()),
        *((name, value.shape) for name, value in collapsed_data(statistics, priors).items()),
    )
    if shape not in _COMPILED:
        import jax

        def one_by_one(function: Function) -> Function:
            return lambda *arguments: jax.lax.map(lambda problem: function(*problem), arguments)

        _COMPILED[shape] = Programs(*(in_jax(one_by_one(each)) for each in _functions(statistics, priors)))
    return _COMPILED[shape]


def _functions(statistics: Statistics, priors: Priors) -> tuple[Function, Function]:
    """Density and coefficients of one problem, on whole arrays of points."""

    def density(points: Any, data: Any) -> Any:
        return evaluate(points, data, statistics, priors).log_density

    def drawn(points: Any, data: Any, noise: Any) -> Any:
        state = evaluate(points, data, statistics, priors)
        return state.scales, *coefficients(state, data, noise)

    return density, drawn


def _of_problems(function: Function) -> Function:
    """With an axis for the points in all data but `cross`, which multiplies all of a problem at once."""

    def over(points: Array, data: dict[str, Array], *noise: Array) -> Any:
        data = {name: value if name == "cross" else value[:, None] for name, value in data.items()}
        return function(points, data, *noise)

    return over


def _matrices(data: dict[str, Array]) -> int:
    """Numbers in the matrices of all problems at one point."""
    return data["cross"].shape[0] * data["cross"].shape[-1]


def _largest(data: dict[str, Array]) -> int:
    return max(value.size for value in data.values())


def in_numpy(function: Function, width: Callable[[dict[str, Array]], int] = _largest) -> Function:
    """The function on blocks of points so small that its largest array stays in the processor's cache.

    Parameters
    ----------
    width : data -> numbers in the largest array at one point
    """

    def over(points: Array, data: dict[str, Array], *noise: Array) -> Any:
        block = max(NUMBERS // width(data), 1)
        places = [slice(at, at + block) for at in range(0, points.shape[-2], block)]
        with np.errstate(all="ignore"):  # far from the mode scales overflow, and their density is no number
            parts = [function(points[..., at, :], data, *(n[..., at, :] for n in noise)) for at in places]
        return _joined(parts, points.ndim - 2)

    return over


def in_jax(function: Function) -> Function:
    """The function compiled, on blocks of points, the last of which is filled up with the first point."""
    import jax

    compiled = jax.jit(function)

    def over(points: Array, data: dict[str, Array], *noise: Array) -> Any:
        axis, size = points.ndim - 2, points.shape[-2]
        places = [np.arange(at, at + BLOCK) for at in range(0, size, BLOCK)]
        blocks = [[each.take(np.where(at < size, at, 0), axis) for each in (points, *noise)] for at in places]
        whole = _joined([compiled(first, data, *rest) for first, *rest in blocks], axis)
        if isinstance(whole, tuple):
            return tuple(each.take(np.arange(size), axis) for each in whole)
        return whole.take(np.arange(size), axis)

    return over


def _joined(parts: list[Any], axis: int) -> Any:
    """One array, or a tuple of them, of those of each block."""
    if isinstance(parts[0], tuple):
        return tuple(np.concatenate(each, axis) for each in zip(*parts, strict=True))
    return np.concatenate(parts, axis)
