"""Sufficient statistics of the Gaussian panel models, from sums over rows.

The rows are y = M theta + u_entity + (time) + e with M = [slope | between | varying | time | 1]. Their
covariance given the scales is diagonal in a few orthogonal strata of the data, with one variance each,

    v = sigma^2 + a sd_entity^2 + b sd_time^2.

- Within entities, a = 0; of the means of entities with n rows, a = n. Entities with equally many rows
  share a stratum, so that there are as many strata as there are distinct n, whatever the gaps.
- In a balanced panel the means of times are a stratum of their own, b = number of entities (the four
  eigenspaces of Wallace and Hussain 1969, doi:10.2307/1905205). In an unbalanced one time effects are
  coefficients: columns of M in an orthonormal basis of the vectors that sum to zero.

A stratum is known by its degrees of freedom and its cross-product of [M | y]: with s_i the column sums
of entity i, sum of s_i s_i' / n over the entities with n rows, and what is left of the total within.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..groups import sums_by_group
from ..scale import Scale, spread_of_slopes, unit_scale
from .sums import Array, Sums, moved

if TYPE_CHECKING:
    from ...data.sample.design import Design
    from ...data.study.spec import Form


class Strata(NamedTuple):
    """What the likelihood reads.

    Attributes
    ----------
    cross : (E, p, p) cross-products of [slope | between | varying | time | 1 | y]
    degrees : (E,) degrees of freedom; they add up to the number of rows
    per_entity, per_time : (E,) multiples a, b of the squared scales of the effects
    """

    cross: Array
    degrees: Array
    per_entity: Array
    per_time: Array


@dataclass(frozen=True, eq=False)
class Statistics:
    """The sufficient statistics of one specification in one form, in standard units.

    Attributes
    ----------
    form : fixed, random or mundlak; None for the pooled model
    terms, entities, times : labels of slopes and effects
    strata : what the likelihood reads
    by_entity : (N, p) column sums of [M | y] for each entity
    by_time : (T, p) the same for each time
    rows : (N,) rows of each entity
    basis : (T, T - 1) the time columns of M in terms of the times
    explicit_time : whether M has time columns
    scale : means and standard deviations over the rows
    varying : terms whose slopes vary by group, one column of M for each of them and each group
    groups : labels
    """

    form: Form | None
    terms: tuple[str, ...]
    entities: tuple[str, ...]
    times: tuple[int, ...]
    entity_name: str
    time_name: str
    entity_effects: bool
    time_effects: bool
    explicit_time: bool
    strata: Strata
    by_entity: Array
    by_time: Array
    rows: Array
    basis: Array
    scale: Scale
    varying: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return int(self.rows.sum())

    @property
    def n_slope(self) -> int:
        return len(self.terms)

    @property
    def n_between(self) -> int:
        return len(self.terms) if self.form == "mundlak" and self.entity_effects else 0

    @property
    def n_varying(self) -> int:
        return len(self.varying) * len(self.groups)

    @property
    def n_time(self) -> int:
        return len(self.times) - 1 if self.explicit_time else 0


def statistics_of_design(design: Design, form: Form | None = "mundlak") -> Statistics:
    """The sufficient statistics of a design; `form` None for the pooled model."""
    return statistics_of_sums(
        sums_by_group(design),
        form,
        design.entity_effects,
        design.time_effects,
        design.entity_name,
        design.time_name,
        design.varying.groups if design.varying else (),
        design.scaled,
    )


def statistics_of_sums(
    sums: Sums,
    form: Form | None,
    entity_effects: bool,
    time_effects: bool,
    entity_name: str = "entity",
    time_name: str = "time",
    groups: tuple[str, ...] = (),
    scaled: bool = False,
) -> Statistics:
    """The sufficient statistics of one form, from additive sums; `scaled` if in standard units already."""
    if form is None:
        entity_effects = time_effects = False
    sums, scale = _standardised(sums, scaled)
    explicit_time = time_effects and not sums.balanced
    basis = zero_sum_basis(len(sums.times))
    rows = sums.rows.sum(axis=1)

    # a column of [M | y] is linear in the columns of [X | y | D] and in the entity parts of X
    within_time, part = _split(sums, entity_effects, time_effects)
    if not scaled:
        sums, scale, factor = _spread_within(sums, scale, within_time, part)
        within_time, part = within_time / factor, part / factor
    within_time, part = within_time[:, :-1], part[:, :-1]  # y keeps its own
    linear, constant = _columns(
        sums,
        within_time,
        within=form in ("fixed", "mundlak"),
        between=form == "mundlak" and entity_effects,
        basis=basis if explicit_time else basis[:, :0],
    )
    raw = np.hstack([sums.by_entity, sums.rows])
    by_entity = raw @ linear + rows[:, None] * (part @ constant)
    times = np.hstack([sums.by_time, np.diag(sums.rows.sum(axis=0))])
    by_time = times @ linear + sums.rows.T @ part @ constant
    gram = np.vstack([np.hstack([sums.cross, sums.by_time.T]), times])
    mixed = linear.T @ (raw.T @ part) @ constant
    total = linear.T @ gram @ linear + mixed + mixed.T
    total += constant.T @ (part.T @ (rows[:, None] * part)) @ constant

    strata = _strata(
        total,
        by_entity if entity_effects else None,
        by_time if time_effects and not explicit_time else None,
        rows,
    )
    return Statistics(
        form,
        sums.terms,
        tuple(map(str, sums.entities)),
        tuple(map(int, sums.times)),
        entity_name,
        time_name,
        entity_effects,
        time_effects,
        explicit_time,
        strata,
        by_entity,
        by_time,
        rows,
        basis,
        scale,
        tuple(sums.terms[j] for j in sums.varying),
        groups,
    )


def padded(statistics: Statistics, strata: int | None = None) -> Statistics:
    """The same statistics with empty strata added, up to a power of two, so that panels share a program.

    An empty stratum has no degrees of freedom and no cross-product: it adds exactly nothing.
    """
    have = len(statistics.strata.degrees)
    extra = (strata or 1 << (have - 1).bit_length()) - have
    cross, degrees, per_entity, per_time = statistics.strata
    return replace(
        statistics,
        strata=Strata(
            np.concatenate([cross, np.zeros((extra, *cross.shape[1:]))]),
            *(np.concatenate([array, np.zeros(extra)]) for array in (degrees, per_entity, per_time)),
        ),
    )


def zero_sum_basis(size: int) -> Array:
    """(size, size - 1) An orthonormal basis of the vectors that sum to zero (Helmert contrasts)."""
    steps = np.arange(1, size)
    basis = np.triu(np.ones((size, size - 1)))
    basis[steps, steps - 1] = -steps
    return basis / np.sqrt(steps * (steps + 1.0))


def _standardised(sums: Sums, scaled: bool) -> tuple[Sums, Scale]:
    """In standard units; columns of V in those of their regressor, and not centred again."""
    n, k = sums.n, len(sums.terms)
    if scaled:
        return moved(sums, np.zeros_like(sums.shift)), unit_scale(k)
    mean = sums.by_time.sum(axis=0) / n
    mean[k:-1] = 0
    sums = moved(sums, sums.shift + mean)
    sd = np.sqrt(np.diag(sums.cross) / n)
    sd[k:-1] = np.repeat(sd[list(sums.varying)], sums.groups)
    scale = Scale(float(sums.shift[-1]), float(sd[-1]), sums.shift[:k], sd[:k])
    return _divided(sums, sd), scale


def _divided(sums: Sums, by: Array) -> Sums:
    """The columns of [X | V | y] divided."""
    cross = sums.cross / np.outer(by, by)
    return replace(sums, cross=cross, by_entity=sums.by_entity / by, by_time=sums.by_time / by)


def _spread_within(sums: Sums, scale: Scale, at: Array, of: Array) -> tuple[Sums, Scale, Array]:
    """`models.scale` from sums; the array is what columns of [X | V | y] are divided by."""
    k = len(sums.terms)
    left = np.diag(sums.cross) - (at * sums.by_time).sum(axis=0) - (of * sums.by_entity).sum(axis=0)
    within = np.sqrt(np.maximum(left, 0.0) / sums.n)
    spread = spread_of_slopes(np.ones(k), 1.0, within[:k], float(within[-1]))
    factor = np.concatenate([spread, np.repeat(spread[list(sums.varying)], sums.groups), [1.0]])
    return _divided(sums, factor), scale._replace(x_sd=scale.x_sd * spread), factor


def _split(sums: Sums, by_entity: bool, by_time: bool) -> tuple[Array, Array]:
    """Time part (T, K + 1) and entity part (N, K + 1) of [X | V | y]: `data.within.split` from sums alone."""
    K = sums.cross.shape[0]
    rows, at_time = sums.rows.sum(axis=1), sums.rows.sum(axis=0)
    of, at = np.zeros((len(rows), K)), np.zeros((len(at_time), K))
    if by_time:
        gram, target = np.diag(at_time), sums.by_time[:, :K]
        if by_entity:
            share = sums.rows / rows[:, None]
            gram, target = gram - sums.rows.T @ share, target - share.T @ sums.by_entity[:, :K]
        at = np.linalg.lstsq(gram, target, rcond=None)[0]
        at = at - at_time @ at / sums.n
    if by_entity:
        of = (sums.by_entity[:, :K] - sums.rows @ at) / rows[:, None]
    return at, of


def _columns(sums: Sums, at: Array, within: bool, between: bool, basis: Array) -> tuple[Array, Array]:
    """[M | y] = [X | V | y | D] @ linear + parts @ constant, with (K + 1 + T, p) and (K, p)."""
    k, K, n_time = len(sums.terms), sums.cross.shape[0] - 1, len(sums.times)
    g, b = (k if between else 0), basis.shape[1]
    p = K + g + b + 2
    linear, constant = np.zeros((K + 1 + n_time, p)), np.zeros((K, p))
    slopes = [*range(k), *range(k + g, K + g)]  # where [X | V] stand in M
    linear[range(K), slopes] = 1.0
    if within:
        linear[K + 1 :, slopes] = -at
        constant[range(K), slopes] = -1.0
    if between:
        constant[:k, k : k + g] = np.eye(k)
    linear[K + 1 :, K + g : K + g + b] = basis
    linear[K + 1 :, p - 2] = 1.0
    linear[K, p - 1] = 1.0
    return linear, constant


def _strata(total: Array, by_entity: Array | None, by_time: Array | None, rows: Array) -> Strata:
    n = float(rows.sum())
    within, free = total, n
    parts: list[tuple[Array, float, float, float]] = []
    if by_entity is not None:
        for size in np.unique(rows):
            sums = by_entity[rows == size]
            cross = sums.T @ sums / size
            parts.append((cross, float(len(sums)), float(size), 0.0))
            within, free = within - cross, free - len(sums)
    if by_time is not None:  # balanced: every time has the same rows
        sums = by_time - by_time.mean(axis=0)
        each = n / len(sums)
        cross = sums.T @ sums / each
        parts.append((cross, len(sums) - 1.0, 0.0, each))
        within, free = within - cross, free - (len(sums) - 1)
    parts.insert(0, (within, free, 0.0, 0.0))
    cross, *rest = zip(*parts, strict=True)
    return Strata(np.stack(cross), *(np.array(values) for values in rest))
