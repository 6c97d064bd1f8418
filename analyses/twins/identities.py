"""Indices that are weighted sums of two others in every column: inferred from printed numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from ...data.sample.steps import linear
from ...data.study.file import StudyFile

SPARE = 4
PRECISE = 0.1


@dataclass(frozen=True)
class Identity:
    """`total` = weights[0] * parts[0] + weights[1] * parts[1], within rounding, in every number they share.

    Attributes
    ----------
    corners : (c, 2) weights at the corners of the region that rounding allows
    numbers : how many printed numbers bind them
    """

    total: str
    parts: tuple[str, str]
    corners: NDArray[np.float64]
    numbers: int


def identities(file: StudyFile) -> list[Identity]:
    """Outcomes that can be a sum of two others, with weights of 0 or more, in all that is printed of them.

    Least squares and instrumental variables are linear in the outcome, and so is a mean: what they give for
    the total is the weighted sum of what they give for the parts. An outcome counts as a sum where at least
    `SPARE` more numbers than weights agree, within rounding, and leave each weight no more than `PRECISE`
    of play.
    """
    printed = _linear_numbers(file)
    found: list[Identity] = []
    taken: set[str] = set()
    for total in printed:
        for parts in combinations([name for name in printed if name != total], 2):
            if total in taken or taken & set(parts):
                continue
            shared = [key for key in printed[total] if all(key in printed[p] for p in parts)]
            if len(shared) < 2 + SPARE:
                continue
            corners = _corners([[printed[name][key] for name in (total, *parts)] for key in shared])
            if (
                len(corners)
                and (np.ptp(corners, axis=0) <= PRECISE).all()
                and (corners.max(axis=0) > PRECISE).all()
            ):
                found.append(Identity(total, parts, corners, len(shared)))
                taken.add(total)
    return found


def _linear_numbers(file: StudyFile) -> dict[str, dict[tuple, tuple[float, float]]]:
    """For every outcome, what is printed of it and linear in it: rounding intervals by what was computed."""
    found: dict[str, dict[tuple, tuple[float, float]]] = {}
    for spec_id, spec in file.spec.items():
        formula = spec.parsed
        if not spec.rules.linear_in_outcome or formula.outcome.log or not linear(spec.steps):
            continue
        right = (spec.formula.partition("~")[2], str(spec.steps), spec.variable, spec.thresholds)
        terms = {str(t) for t in formula.terms} | {"_cons"}
        for p in file.printed(spec_id):
            if p.term in terms:
                found.setdefault(formula.outcome.variable, {})[(*right, p.term)] = p.rounding("estimate")
    for p in file.published:
        if p.table == file.study.descriptives and p.column == "mean" and p.term in found:
            found[p.term]["mean",] = p.rounding("estimate")
    return found


def _corners(rows: list[list[tuple[float, float]]]) -> NDArray[np.float64]:
    """Corners of the weights w >= 0 with a in w1 b + w2 c for intervals a, b and c, in eight directions."""
    A, limit = [], []
    for (a0, a1), (b0, b1), (c0, c1) in rows:
        A += [[b0, c0], [-b1, -c1]]
        limit += [a1, -a0]
    corners = []
    for angle in np.arange(8) * np.pi / 4:
        answer = linprog([np.cos(angle), np.sin(angle)], A_ub=A, b_ub=limit, bounds=(0, None))
        if answer.status != 0:
            return np.zeros((0, 2))
        corners.append(answer.x)
    return np.array(corners)
