"""Slopes that vary by groups of entities: columns z_j 1(group = g), from the sums of each group.

Groups partition the entities, so that the sums of a panel with such columns are made of the sums of its
groups, each gathered on its own (`sums.gather`), over chunks or workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .engine.sums import Array, Sums, merge, moved, sums_of_design

if TYPE_CHECKING:
    from ..data.sample.design import Design


def interactions(z: Array, varying: Sequence[int], group: NDArray[np.int64], count: int) -> Array:
    """(n, V G) Columns z_j 1(group = g), term by term.

    Parameters
    ----------
    z : (n, k) regressors in standard units
    varying : the V columns whose slopes vary
    group : (n,) codes 0 .. count - 1
    """
    return (z[:, list(varying), None] * np.eye(count)[group][:, None]).reshape(len(z), -1)


def sums_by_group(design: Design) -> Sums:
    """The sums of a design in memory, with interactions where its slopes vary."""
    if design.varying is None:
        return sums_of_design(design)
    group = design.varying.group[design.entity]
    parts = []
    for g in range(len(design.varying.groups)):
        at = group == g
        rows = {name: getattr(design, name)[at] for name in ("y", "X", "entity", "time")}
        parts.append(sums_of_design(replace(design, **rows)))
    return interacted(parts, design.varying.columns)


def interacted(parts: Sequence[Sums], varying: Sequence[int]) -> Sums:
    """Sums over [X | V | y] of a whole panel, from those over [X | y] of each of its groups.

    Regressors are centred on the mean of the whole panel before they are multiplied.
    """
    total = merge(parts)
    total = moved(total, total.shift + total.by_time.sum(axis=0) / total.n)
    k, js, count = len(total.terms), list(varying), len(parts)
    width = k + len(js) * count + 1
    plain = [*range(k), width - 1]  # where X and y stand
    shift, cross = np.zeros(width), np.zeros((width, width))
    by_entity, by_time = np.zeros((len(total.entities), width)), np.zeros((len(total.times), width))
    shift[plain], cross[np.ix_(plain, plain)] = total.shift, total.cross
    by_entity[:, plain], by_time[:, plain] = total.by_entity, total.by_time
    for g, part in enumerate(moved(part, total.shift) for part in parts):
        at = [k + v * count + g for v in range(len(js))]
        cross[np.ix_(at, plain)], cross[np.ix_(plain, at)] = part.cross[js], part.cross[:, js]
        cross[np.ix_(at, at)] = part.cross[np.ix_(js, js)]
        i, t = np.searchsorted(total.entities, part.entities), np.searchsorted(total.times, part.times)
        by_entity[np.ix_(i, at)] += part.by_entity[:, js]
        by_time[np.ix_(t, at)] += part.by_time[:, js]
    return replace(
        total,
        shift=shift,
        cross=cross,
        by_entity=by_entity,
        by_time=by_time,
        varying=tuple(js),
        groups=count,
    )
