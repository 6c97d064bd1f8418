"""Kind `threshold` in the report: how many thresholds there are, where they lie, and the slopes."""

from __future__ import annotations

import re

from ....analyses.run.results import SpecFit
from ....models.kinds import threshold
from ..kind import Kind
from ..model import Model, one_equation, with_effects
from .section import section

MEANING = (
    "The slope on x changes by δ where q passes a threshold γ; number and places of the thresholds are"
    " unknown. Every set of places that leaves 5% of the rows in each regime is enumerated, coefficients and"
    " effects are integrated out."
)
LATER_REGIME = re.compile(r"_regime(?!1$)")


def model(one: SpecFit) -> Model:
    """The panel threshold regression with the form of its effects; without effects, one equation."""
    if one.form is None:
        return one_equation(one)
    return with_effects("threshold", threshold.EQUATION, MEANING, ("difference",), one.form)


def further_terms(one: SpecFit, term: str) -> bool:
    """The slope in each regime is printed as a coefficient."""
    name = one.view.spec.regime_dependent
    return bool(name and term.startswith(f"{name}_regime"))


def has_slope_prior(term: str) -> bool:
    """The slope in the first regime has it; later slopes add changes, which have a prior of their own."""
    return LATER_REGIME.search(term) is None


KIND = Kind(
    model,
    section,
    methods={
        "hansen1999threshold": "tests and intervals of thresholds",
        "sundararajan2001predictive": "leaving one row out",
    },
    further_terms=further_terms,
    has_slope_prior=has_slope_prior,
)
