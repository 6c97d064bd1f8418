"""Whether the rows and effects of a design can tell its coefficients apart."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .counts import counts_of_design
from .design import Design
from .within import split

COLLINEAR = 2e-5  # linearmodels takes what leaves less than 1e-5 of a column for absorbed
EXACT = 1e-6  # cross-products in 64 bits cannot tell a smaller residual from none
SMALLEST, LARGEST = 1e-150, 1e150


def check_estimable(design: Design, prefix: str = "") -> None:
    """Refuse a design whose coefficients its rows and effects cannot tell apart."""
    _check_sizes(design, prefix)
    if np.ptp(design.y) == 0:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} is constant ({design.y[0]:g}); nothing can be estimated."
        )
    for name, size in ((design.entity_name, len(design.entities)), (design.time_name, len(design.times))):
        if size < 2:
            raise InputError(f"{prefix}only one {name} is left after dropping rows; at least two are needed.")
    counts = counts_of_design(design)
    parameters = counts.slopes + (counts.absorbed or 0)
    if design.n <= parameters:
        raise InputError(
            f"{prefix}{design.n} rows cannot estimate {parameters} coefficients and effects; add rows."
        )
    spread = np.ptp(design.X, axis=0)
    for name, width in zip(design.terms, spread, strict=True):
        if width == 0:
            raise InputError(f"{prefix}the regressor {name!r} is constant; remove it from the formula.")
    _check_connected(design, prefix)
    both = np.column_stack([design.X, design.y])
    within = split(both, design.entity, design.time, design.entity_effects, design.time_effects).within
    scaled = within / both.std(axis=0)
    left_over = np.sqrt((scaled**2).mean(axis=0))
    if left_over[-1] < EXACT:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} does not vary within the effects of the formula; "
            "nothing can be estimated."
        )
    outcome, scaled, left_over = scaled[:, -1], scaled[:, :-1], left_over[:-1]
    for name, left in zip(design.terms, left_over, strict=True):
        if left < COLLINEAR:
            raise InputError(
                f"{prefix}the regressor {name!r} does not vary within the effects of the formula; remove "
                "it or them."
            )
    q, r = np.linalg.qr(scaled / left_over)
    weak = np.abs(np.diag(r)) < COLLINEAR * np.sqrt(design.n)
    if weak.any():
        name = design.terms[int(np.argmax(weak))]
        raise InputError(
            f"{prefix}the regressor {name!r} is a linear combination of those before it (and the effects) "
            "to within "
            f"1 part in {1 / COLLINEAR:,.0f}; remove one."
        )
    residual = outcome - q @ (q.T @ outcome)
    if np.sqrt((residual**2).mean()) < EXACT:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} is a linear combination of the regressors (and the "
            "effects) to "
            f"within 1 part in {1 / EXACT:,.0f}, so that no error is left to learn from; look for an "
            "identity."
        )


def _check_sizes(design: Design, prefix: str) -> None:
    for name, values in zip(
        (design.outcome, *design.terms), np.column_stack([design.y, design.X]).T, strict=True
    ):
        width = values.max() / 2 - values.min() / 2
        if width != 0 and not SMALLEST <= width <= LARGEST:
            raise InputError(
                f"{prefix}the values of {name!r} run from {values.min():g} to {values.max():g}, "
                f"{'too close to tell apart' if width < SMALLEST else 'too far apart to compute with'}; "
                "rescale it."
            )


def _check_connected(design: Design, prefix: str) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not (design.entity_effects and design.time_effects):
        return
    n, size = len(design.entities), len(design.entities) + len(design.times)
    edges = coo_array((np.ones(design.n), (design.entity, n + design.time)), shape=(size, size))
    groups, of = connected_components(edges, directed=False)
    if groups > 1:
        other = design.entities[int(np.argmax(of[:n] != of[0]))]
        raise InputError(
            f"{prefix}{groups} groups of {design.entity_name} share no {design.time_name}, that of "
            f"{design.entities[0]!r} and that of {other!r}, so their effects cannot be told apart; drop one."
        )
