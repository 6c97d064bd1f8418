"""The same rows with entity and time effects, less the regressors of which those leave nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .design import Design
from .estimable import COLLINEAR
from .within import split

REASONS = {
    (True, False): "does not vary within entities",
    (False, True): "is the same for all entities at a time",
    (True, True): "does not vary within entity and time effects",
}


def with_both_effects(design: Design) -> Design:
    """The design with entity and time effects, without the regressors that these absorb."""
    out = absorbed(design)
    kept = [j for j, term in enumerate(design.terms) if term not in out]
    return replace(
        design,
        terms=tuple(design.terms[j] for j in kept),
        X=design.X[:, kept],
        entity_effects=True,
        time_effects=True,
    )


def absorbed(design: Design) -> dict[str, str]:
    """Why entity and time effects absorb a regressor, for each that they do.

    A regressor is absorbed where the within transformation leaves less than 2e-5 of its standard deviation,
    the bound at which `check_estimable` refuses a regressor. No column of the design is constant.

    Parameters
    ----------
    design
        Its own effects are not read; its regressors (n, k) may be on any scale.
    """
    found: dict[str, str] = {}
    for (by_entity, by_time), why in REASONS.items():
        within = split(design.X, design.entity, design.time, by_entity, by_time).within
        nothing = within.std(axis=0) < COLLINEAR * design.X.std(axis=0)
        found |= {design.terms[j]: why for j in np.flatnonzero(nothing) if design.terms[j] not in found}
    return {term: found[term] for term in design.terms if term in found}
