"""What the models with other errors read: y = M theta + u_entity + constant + e, its coordinates and its sums.

Columns of M are [slope | between | time]; sums are over [M | 1 | y]. Coefficients are theta = m + tau z with z
standard normal and tau their spread, times a coordinate of the model where one owns them (the scale of time
effects, or the mixing variable of a heavy-tailed slope), as in `collapsed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError
from ...data.sample.within import split
from ...data.study.spec import Errors
from ..engine.collapsed import MIXTURES, collapsible
from ..engine.statistics import zero_sum_basis
from ..priors import Prior, Priors
from ..scale import Array, Standardised, standardise

if TYPE_CHECKING:
    from ...data.sample.design import Design
    from ...data.study.spec import Form

OWN: dict[str, tuple[str, ...]] = {
    "gaussian": (),
    "student_t": ("nu",),
    "ar1": ("rho_error",),
    "entity_variance": ("sd_variance",),
    "cluster": ("sd_cluster", "rho_cluster"),
}
CORRELATIONS = ("rho_error", "rho_cluster")


class Plan(NamedTuple):
    """All of a problem but its numbers: one compiled program serves every data set and prior of one plan.

    Attributes
    ----------
    names, families : of the d coordinates, scales first and the parameters of the errors after them
    owner : for each coefficient the coordinate that its spread is multiplied by, or -1
    slopes : number k of slopes, which are the first coefficients
    """

    errors: Errors
    form: Form | None
    entity_effects: bool
    names: tuple[str, ...]
    families: tuple[str, ...]
    owner: tuple[int, ...]
    slopes: int

    @property
    def pooled_entities(self) -> bool:
        """Whether entity effects have a scale to be learnt."""
        return self.entity_effects and self.form != "fixed"


class Rows(NamedTuple):
    """The rows in standard units.

    Attributes
    ----------
    M : (n, q + 2) [slope | between | time | 1 | y]
    entity, time : (n,) codes
    year : (n,) the time itself
    cluster : (n,) codes, or None
    """

    M: Array
    entity: NDArray[np.int64]
    time: NDArray[np.int64]
    year: NDArray[np.int64]
    cluster: NDArray[np.int64] | None


def coordinates(plan_of: Errors, design: Design, form: Form | None, priors: Priors) -> dict[str, Prior]:
    """The free variables that are not integrated out, with their priors."""
    pooled = form in ("random", "mundlak")
    names = ["sigma"]
    names += ["sd_entity"] * (pooled and design.entity_effects)
    names += ["sd_time"] * (pooled and design.time_effects)
    found = {name: priors[name] for name in (*names, *OWN[plan_of])}
    for name, width in (("slope", design.k), ("between", design.k * (form == "mundlak"))):
        if priors[name].family in MIXTURES and (name == "slope" or design.entity_effects):
            mixing = MIXTURES[priors[name].family](priors[name].arguments)
            found |= {f"{name}_mixing[{j}]": mixing for j in range(width)}
    return found


def rows_of(
    design: Design, form: Form | None, z: Standardised | None = None
) -> tuple[Rows, tuple[int, int, int]]:
    """Rows of a design, and how many slopes, between slopes and time columns M has.

    Parameters
    ----------
    z
        Outcome and regressors already in standard units; from the design where omitted.
    """
    z = z or standardise(design)
    by_entity, by_time = (design.entity_effects, design.time_effects) if form else (False, False)
    part = split(z.X, design.entity, design.time, by_entity, by_time)
    columns = [part.within if form in ("fixed", "mundlak") else z.X]
    if form == "mundlak" and by_entity:
        columns.append(part.entity[design.entity])
    if by_time:
        columns.append(zero_sum_basis(len(design.times))[design.time])
    sizes = (design.k, design.k * (form == "mundlak" and by_entity), (len(design.times) - 1) * by_time)
    M = np.column_stack([*columns, np.ones(design.n), z.y])
    year = np.array(design.times)[design.time]
    return Rows(M, design.entity, design.time, year, design.clusters), sizes


def plan_and_priors(
    design: Design, priors: Priors, form: Form | None, errors: Errors, sizes: tuple[int, int, int]
) -> tuple[Plan, dict[str, Array]]:
    """The plan of a problem and the numbers of its priors.

    Raises
    ------
    InputError
        Where slopes vary by groups, or a prior cannot be integrated out.
    """
    if design.varying is not None:
        raise InputError(
            f"slopes that vary cannot be combined with errors = {errors!r}; leave one of them out."
        )
    if not collapsible(priors):
        raise InputError(
            f"prior intercept = {priors['intercept']}: errors = {errors!r} needs a normal intercept; change it."
        )
    found = coordinates(errors, design, form, priors)
    names, (k, g, b) = list(found), sizes
    place = {name: at for at, name in enumerate(names)}
    owner = [place.get(f"slope_mixing[{j}]", -1) for j in range(k)]
    owner += [place.get(f"between_mixing[{j}]", -1) for j in range(g)]
    owner += [place.get("sd_time", -1)] * b
    entity_effects = form is not None and design.entity_effects
    plan = Plan(
        errors,
        form,
        entity_effects,
        tuple(names),
        tuple(prior.family for prior in found.values()),
        tuple(owner),
        k,
    )
    (slope, slope_sd), (between, between_sd) = (priors[n].arguments[-2:] for n in ("slope", "between"))
    level, level_sd = priors["intercept"].arguments
    flat = priors["effect"].arguments[-1] if form == "fixed" else 1.0
    variance = level_sd**2 - (flat**2 / len(design.entities) if form == "fixed" and entity_effects else 0.0)
    arguments = np.zeros((len(found), 3))
    log_cut = np.zeros(len(found))
    for at, (name, prior) in enumerate(found.items()):
        arguments[at, : len(prior.arguments)] = prior.arguments
        if name in CORRELATIONS:
            law = prior.frozen()
            log_cut[at] = np.log(law.cdf(1.0) - law.cdf(-1.0))
    data = {
        "location": np.concatenate([np.full(k, slope), np.full(g, between), np.zeros(b), [level]]),
        "spread": np.concatenate([np.full(k, slope_sd), np.full(g, between_sd), np.full(b, flat)]),
        "constant_variance": np.array(variance),
        "effect_sd": np.array(flat),
        "arguments": arguments,
        "log_cut": log_cut,
    }
    return plan, data


def sums_by(codes: NDArray[np.int64], values: Array, size: int) -> Array:
    """(size, ...) Sums of the rows of each code."""
    total = np.zeros((size, *values.shape[1:]))
    np.add.at(total, codes, values)
    return total


def ar1_sums(rows: Rows) -> dict[str, Array]:
    """Sums over pairs of rows that follow each other in an entity, by the gap between their times.

    Class 0 holds the first row of each entity, whose predecessor counts as zero.
    """
    order = np.lexsort((rows.year, rows.entity))
    M, entity, year = rows.M[order], rows.entity[order], rows.year[order]
    follows = np.append(False, entity[1:] == entity[:-1])
    gap = np.where(follows, np.diff(year, prepend=year[0]), 0)
    before = np.where(follows[:, None], np.roll(M, 1, axis=0), 0.0)
    size, gaps = int(entity.max()) + 1, np.unique(gap)
    parts: dict[str, list[Array]] = {
        name: [] for name in ("own", "past", "both", "own_sum", "past_sum", "count")
    }
    for g in gaps:
        at = gap == g
        now, last, who = M[at], before[at], entity[at]
        mixed = now.T @ last
        for name, value in (
            ("own", now.T @ now),
            ("past", last.T @ last),
            ("both", mixed + mixed.T),
            ("own_sum", sums_by(who, now, size)),
            ("past_sum", sums_by(who, last, size)),
            ("count", sums_by(who, np.ones(len(who)), size)),
        ):
            parts[name].append(value)
    return {"gap": gaps.astype(float), **{name: np.stack(values) for name, values in parts.items()}}


def entity_clusters(
    clusters: NDArray[np.int64] | None, entity: NDArray[np.int64], entity_effects: bool
) -> NDArray[np.int64]:
    """(n,) The clusters, which entities with effects of their own must not leave.

    Raises
    ------
    InputError
        Without clusters, or where such an entity is in more than one.
    """
    if clusters is None:
        raise InputError(
            "errors = 'cluster' needs clusters: give the specification vcov = { cluster = \"COLUMN\" }."
        )
    of = np.full(int(entity.max()) + 1, -1)
    of[entity] = clusters
    if entity_effects and (of[entity] != clusters).any():
        raise InputError(
            "errors = 'cluster' needs clusters that an entity never leaves; cluster by entities or groups of them."
        )
    return clusters


def cluster_sums(rows: Rows, times: tuple[int, ...], entity_effects: bool) -> dict[str, Array]:
    """Products of [time dummies | M | 1 | y] over the rows of each cluster, and their sums over each entity in it."""
    cluster = entity_clusters(rows.cluster, rows.entity, entity_effects)
    each = [np.flatnonzero(cluster == g) for g in range(int(cluster.max()) + 1)]
    both = np.column_stack([np.eye(len(times))[rows.time], rows.M])
    most = max(len(np.unique(rows.entity[at])) for at in each)
    sums = np.zeros((len(each), most, both.shape[1]))
    for g, at in enumerate(each):
        codes = np.unique(rows.entity[at], return_inverse=True)[1]
        sums[g] = sums_by(codes, both[at], most)
    return {
        "joint": np.stack([both[at].T @ both[at] for at in each]),
        "by_entity": sums,
        "entity_rows": sums[:, :, : len(times)].sum(axis=2),
        "year": np.array(times, float),
        "n": np.array(float(len(rows.M))),
    }
