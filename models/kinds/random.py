"""Random effects that need not be unrelated to the regressors: the within and the between slope apart.

    y_it = xw_it' beta + xb_i' gamma + z_i' delta + mu_i + lambda_t + e_it,   mu_i ~ N(alpha, tau^2)

xw is the part of a regressor that varies within the effects, xb its entity part, z a regressor that does
not vary within entities (Mundlak 1978, doi:10.2307/1913646). A random-effects column takes gamma = beta;
where the contrast gamma - beta is not 0, its slope is a mixture of the two that depends on the variances.
Hausman's test asks the same of least squares. This is the form `mundlak` for regressors of which some are
constant within entities, with every slope scaled by the spread of its own part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...data.sample.design import Design
from ...data.sample.within import split

ABSORBED = 2e-5  # of a column's spread: less than this is left of what the effects, or other columns, explain


class Contrasts(NamedTuple):
    """A design with within and between parts as regressors of their own.

    Attributes
    ----------
    design : the regressors of the column, those that vary within entities replaced by their within part, then
        the entity parts, named `mean of x`
    pairs : for each regressor with both parts, the positions of within and between part
    """

    design: Design
    pairs: dict[str, tuple[int, int]]


def varying_within(design: Design) -> tuple[int, ...]:
    """Positions of the regressors that entity and time effects leave something of, less repetitions."""
    parts = split(design.X, design.entity, design.time, True, design.time_effects).within
    scaled = parts / design.X.std(axis=0)
    kept: list[int] = []
    for j, column in enumerate(scaled.T):
        before = scaled[:, kept]
        left = column - before @ np.linalg.lstsq(before, column, rcond=None)[0] if kept else column
        if np.sqrt((left**2).mean()) > ABSORBED * max(1.0, np.sqrt((column**2).mean())):
            kept.append(j)
    return tuple(kept)


def contrasts(design: Design) -> Contrasts:
    """The design whose random-effects posterior has within and between slopes.

    A regressor without a between part (its entity means are all alike) has its within slope only.
    """
    parts = split(design.X, design.entity, design.time, True, design.time_effects)
    spread = design.X.std(axis=0)
    varying = varying_within(design)
    X = design.X.copy()
    X[:, varying] = (parts.mean + parts.within)[:, varying]  # the mean keeps the convention of the constant
    between = parts.entity[design.entity]
    with_mean = [j for j in varying if between[:, j].std() > ABSORBED * spread[j]]
    terms = (*design.terms, *(f"mean of {design.terms[j]}" for j in with_mean))
    pairs = {design.terms[j]: (j, design.k + at) for at, j in enumerate(with_mean)}
    return Contrasts(replace(design, terms=terms, X=np.column_stack([X, between[:, with_mean]])), pairs)
