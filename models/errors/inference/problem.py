"""What the samplers read of a design under a law of errors: y = M theta + u_entity + constant + e.

Columns of M are [slope | between | time]; sums are over [M | 1 | y]. Coefficients are theta = m + tau z with
z standard normal and tau their spread, times a coordinate of the model where one owns them (the scale of time
effects, or the mixing variable of a heavy-tailed slope), as in `engine.collapsed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ....data.errors import InputError
from ....data.sample.within import split
from ...arrays import library_of
from ...engine.collapsed import collapsible
from ...engine.statistics import zero_sum_basis
from ...families import FAMILIES, Prior, Priors
from ...parameters import POSITIVE, Support
from ...scale import Array, Standardised, standardise
from ..law import Law, Rows, Whitening

if TYPE_CHECKING:
    from ....data.sample.design import Design
    from ....data.study.spec import Form


class Plan(NamedTuple):
    """All of a problem but its numbers: one compiled program serves every data set and prior of one plan.

    Attributes
    ----------
    names, families, supports : of the d coordinates, scales first, then parameters of the errors, then
        mixing variables
    owner : for each coefficient the coordinate that its spread is multiplied by, or -1
    slopes : number k of slopes, which are the first coefficients
    """

    law: Law
    form: Form | None
    entity_effects: bool
    names: tuple[str, ...]
    families: tuple[str, ...]
    supports: tuple[Support, ...]
    owner: tuple[int, ...]
    slopes: int

    @property
    def pooled_entities(self) -> bool:
        """Whether entity effects have a scale to be learnt."""
        return self.entity_effects and self.form != "fixed"


def problem(
    design: Design, priors: Priors, form: Form | None, law: Law, z: Standardised | None = None
) -> tuple[Plan, dict[str, Array]]:
    """The plan of a design, and its numbers.

    Parameters
    ----------
    z
        Outcome and regressors already in standard units; from the design where omitted.

    Raises
    ------
    InputError
        Where slopes vary by groups, a prior cannot be integrated out, or the law needs what the design lacks.
    """
    rows, sizes = rows_of(design, form, z)
    plan, data = plan_and_priors(design, priors, form, law, sizes)
    if isinstance(law.collapsed, Whitening):
        return plan, data | law.collapsed.sums(rows)
    assert law.collapsed is not None, f"{law.name}: `engine.posterior` draws from it"
    return plan, data | _rows_by_weight(rows, law.collapsed.by_row)


def rows_of(
    design: Design, form: Form | None, z: Standardised | None = None
) -> tuple[Rows, tuple[int, int, int]]:
    """Rows of a design, and how many slopes, between slopes and time columns M has."""
    z = z or standardise(design, form is not None)
    by_entity, by_time = (design.entity_effects, design.time_effects) if form else (False, False)
    part = split(z.X, design.entity, design.time, by_entity, by_time)
    columns = [part.within if form in ("fixed", "mundlak") else z.X]
    if form == "mundlak" and by_entity:
        columns.append(part.entity[design.entity])
    if by_time:
        columns.append(zero_sum_basis(len(design.times))[design.time])
    sizes = (design.k, design.k * (form == "mundlak" and by_entity), (len(design.times) - 1) * by_time)
    M = np.column_stack([*columns, np.ones(design.n), z.y])
    return Rows(M, design.entity, design.time, design.times, design.clusters, by_entity), sizes


def _rows_by_weight(rows: Rows, by_row: bool) -> dict[str, Array]:
    """The rows themselves, and which weight each has."""
    size = int(rows.entity.max()) + 1
    group = np.arange(len(rows.M)) if by_row else rows.entity
    each: Array = np.bincount(group).astype(float)
    return {
        "M": rows.M,
        "entity": rows.entity,
        "group": group,
        "rows": each,
        "weights": np.ones(len(each)),
        "sums": np.zeros((size, 0)),
        "n": np.array(float(len(rows.M))),
    }


def coordinates(
    law: Law, design: Design, form: Form | None, priors: Priors
) -> tuple[dict[str, Prior], tuple[Support, ...]]:
    """The free variables that are not integrated out, with their priors, and their supports."""
    pooled = form in ("random", "mundlak")
    names = ["sigma"]
    names += ["sd_entity"] * (pooled and design.entity_effects)
    names += ["sd_time"] * (pooled and design.time_effects)
    found = {name: priors[name] for name in (*names, *(own.name for own in law.parameters))}
    for name, width in (("slope", design.k), ("between", design.k * (form == "mundlak"))):
        mixing = priors[name].mixing
        if mixing is not None and (name == "slope" or design.entity_effects):
            found |= {f"{name}_mixing[{j}]": mixing for j in range(width)}
    own = {parameter.name: parameter.support for parameter in law.parameters}
    return found, tuple(own.get(name, POSITIVE) for name in found)


def plan_and_priors(
    design: Design, priors: Priors, form: Form | None, law: Law, sizes: tuple[int, int, int]
) -> tuple[Plan, dict[str, Array]]:
    """The plan of a problem and the numbers of its priors."""
    if design.varying is not None:
        raise InputError(
            f"slopes that vary cannot be combined with errors = {law.name!r}; leave one of them out."
        )
    if not collapsible(priors):
        raise InputError(
            f"prior intercept = {priors['intercept']}: errors = {law.name!r} needs a normal intercept; "
            "change it."
        )
    found, supports = coordinates(law, design, form, priors)
    names, (k, g, b) = list(found), sizes
    place = {name: at for at, name in enumerate(names)}
    owner = [place.get(f"slope_mixing[{j}]", -1) for j in range(k)]
    owner += [place.get(f"between_mixing[{j}]", -1) for j in range(g)]
    owner += [place.get("sd_time", -1)] * b
    entity_effects = form is not None and design.entity_effects
    families = tuple(prior.family for prior in found.values())
    plan = Plan(law, form, entity_effects, tuple(names), families, supports, tuple(owner), k)
    (slope, slope_sd), (between, between_sd) = (priors[n].arguments[-2:] for n in ("slope", "between"))
    level, level_sd = priors["intercept"].arguments
    flat = priors["effect"].arguments[-1] if form == "fixed" else 1.0
    variance = level_sd**2 - (flat**2 / len(design.entities) if form == "fixed" and entity_effects else 0.0)
    arguments = np.zeros((len(found), 3))
    for at, prior in enumerate(found.values()):
        arguments[at, : len(prior.arguments)] = prior.arguments
    log_cut = [support.log_mass(prior) for support, prior in zip(supports, found.values(), strict=True)]
    data = {
        "location": np.concatenate([np.full(k, slope), np.full(g, between), np.zeros(b), [level]]),
        "spread": np.concatenate([np.full(k, slope_sd), np.full(g, between_sd), np.full(b, flat)]),
        "constant_variance": np.array(variance),
        "effect_sd": np.array(flat),
        "arguments": arguments,
        "log_cut": np.array(log_cut),
    }
    return plan, data


def values_of(plan: Plan, point: Any) -> dict[str, Any]:
    """Coordinates (..., d) on the whole line to variables (...), in NumPy or JAX."""
    named = zip(plan.names, plan.supports, strict=True)
    return {name: support.value(point[..., j]) for j, (name, support) in enumerate(named)}


def log_prior(plan: Plan, point: Any, data: Any) -> Any:
    """(...) Log-density of the coordinates, with the Jacobian of `values_of`."""
    total = -data["log_cut"].sum()
    values = values_of(plan, point)
    for j, (name, family) in enumerate(zip(plan.names, plan.families, strict=True)):
        value = values[name]
        jacobian = plan.supports[j].log_jacobian(point[..., j], value)
        total += FAMILIES[family].log_density(value, data["arguments"][j]) + jacobian
    return total


def entity_sd(plan: Plan, values: Mapping[str, Any], data: Mapping[str, Any]) -> Any | None:
    """The standard deviation of the entity effects, or None without them."""
    if not plan.entity_effects:
        return None
    return values["sd_entity"] if plan.pooled_entities else data["effect_sd"]


def spreads(plan: Plan, values: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """(..., q) Prior standard deviations of the coefficients."""
    xp = library_of(values["sigma"])
    one = xp.ones_like(values["sigma"])
    own = {
        at: values[name] if name == "sd_time" else xp.sqrt(values[name])
        for at, name in enumerate(plan.names)
        if at in plan.owner
    }
    return data["spread"] * xp.stack([own.get(at, one) for at in plan.owner], -1)
