"""What a printed estimate is worth where significance favours print: the winner's curse, three ways.

At tables evidence, beside each posterior: inference given print (`models.printed.selection`), shrinkage by
the z-values of a field (`models.printed.shrinkage`), and type S and type M errors of an estimate with the
printed standard error (`models.printed.design_analysis`). None of them changes a verdict.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ...models.families import Prior
from ...models.printed.design_analysis import TypeErrors, critical_value, type_errors
from ...models.printed.grids import Summary, summary
from ...models.printed.selection import BETA_P, selected_densities, selected_quantiles
from ...models.printed.shrinkage import COCHRANE, Field, field_density
from ...models.printed.tables import PrintedEstimate
from ..run.results import SpecFit
from .interval import CONSTANT

SHARES = (1.0, 0.5, 0.25)  # of the printed estimate, as hypothetical effects
STANDARDISED = 0.1  # standard deviations of the outcome for one of the regressor
CACHED = 4_096


def field_of(one: SpecFit) -> Field:
    """The field's mixture: that of the study file, else that of clinical trials."""
    own = one.view.file.tables.field
    if own is None:
        return COCHRANE
    total = sum(own.weights)
    return Field(tuple(w / total for w in own.weights), tuple(own.sds), own.name, own.source)


def beta_p_of(one: SpecFit) -> float:
    """The relative probability that an insignificant estimate is printed."""
    return one.view.file.tables.beta_p or BETA_P


def winners_curse(one: SpecFit, term: str) -> dict[str, Any] | None:
    """The `winners_curse` object of comparison.json; None for constants and at other evidence."""
    if term == CONSTANT or term not in one.inputs:
        return None
    beliefs = tuple((b.source, b.estimate) for b in one.view.spec.belief if b.term == term)
    made = _record(one.inputs[term], one.priors["slope"], beta_p_of(one), field_of(one), beliefs)
    return {name: [*part] if isinstance(part, tuple) else part for name, part in made.items()}


@lru_cache(CACHED)
def _record(
    printed: PrintedEstimate,
    slope: Prior,
    beta_p: float,
    field: Field,
    beliefs: tuple[tuple[str, float], ...],
) -> dict[str, Any]:
    s = sum(printed.std_error) / 2
    z = printed.estimate / s
    grid, densities = selected_densities(printed, slope, np.array([beta_p]))
    low, median, high = selected_quantiles(printed, np.array([beta_p]))[0].tolist()
    effects, density = field_density(printed, field)
    shrunk = summary(effects, density)
    mass = density * np.gradient(effects)
    return {
        "z": z,
        "df": printed.df,
        "significant": abs(z) > critical_value(printed.df),
        "selection": {
            "beta_p": beta_p,
            **ends(summary(grid, densities[0]), printed),
            "median_unbiased": {"estimate": median, "q2.5": low, "q97.5": high},
        },
        "field": {
            "name": field.name,
            **ends(shrunk, None),
            "shrinkage": shrunk.mean / printed.estimate if printed.estimate else None,
            **errors(type_errors(effects / s, printed.df, mass)),
        },
        "hypothetical": tuple(
            {"effect": effect, "what": what, **errors(type_errors(np.array([effect / s]), printed.df))}
            for what, effect in hypothetical(printed, beliefs)
            if effect
        ),
    }


def hypothetical(printed: PrintedEstimate, beliefs: tuple[tuple[str, float], ...]) -> list[tuple[str, float]]:
    """Effects at which type S and type M errors are told, each with what it is, on the paper's scale.

    Shares of the printed estimate, a tenth of a standard deviation where the tables print these, and what
    other papers found, as the study file has it.
    """
    found = [
        ("as printed" if share == 1 else f"{share:g} of the printed", share * printed.estimate)
        for share in SHARES
    ]
    if printed.unit is not None:
        small = math.copysign(STANDARDISED * printed.unit, printed.estimate)
        found.append((f"{STANDARDISED:g} standardised", small))
    return [*found, *beliefs]


def ends(found: Summary, flat: PrintedEstimate | None) -> dict[str, float | None]:
    """A summary as comparison.json has it; without a mean where a flat prior on t leaves none."""
    heavy = flat is not None and flat.unit is None and flat.df <= 1
    return {
        "mean": None if heavy else found.mean,
        "q2.5": found.low,
        "q97.5": found.high,
        "prob_positive": found.prob_positive,
    }


def errors(found: TypeErrors) -> dict[str, float | None]:
    """Power, type S and type M as comparison.json has them; null for what is infinite."""
    return {
        "power": found.power,
        "type_s": found.type_s,
        "type_m": found.type_m if math.isfinite(found.type_m) else None,
    }
