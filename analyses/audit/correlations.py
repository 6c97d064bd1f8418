"""Which correlations nested pooled columns imply, or the number that no correlations allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, linprog

from ...data.intervals import Interval
from .columns import Column, Tables
from .finding import Finding, listed, show
from .fit import adjusted_tables
from .moments import STEP, Floats, System

TOLERANCE = 0.02
WIDTHS = (300.0, 100.0, 30.0, 10.0, 5.0, 2.0, 1.5, 1.0)
REACH_STEPS = 5
CENTRE_STEPS = 12
STARTS = 8
LEAST_STEP = 1e-7
NUDGES = 8
MOST_SUSPECTS = 10
PATIENT = 400
CLEARLY = 0.25
MOST_VARIABLES = 9


def solve(system: System) -> tuple[Floats, float]:
    """Moments that reproduce the boxes, and the largest distance beyond one (half widths).

    Boxes start wide and narrow step by step, so that the search never has far to go.
    """
    every = np.ones(len(system.boxes), dtype=bool)
    guess = system.recursive()
    first = system.start(guess)
    best: tuple[Floats, float] | None = None
    rng = np.random.default_rng(1)
    for attempt in range(STARTS):
        theta = first.copy()
        if attempt:
            theta[-len(system.pairs) :] += rng.normal(0, 0.1 * attempt, len(system.pairs))
        for wider in WIDTHS:
            theta = _narrowed(system, theta, wider, every)
        far = float(np.abs(system.excess(theta)).max())
        if far > TOLERANCE and np.abs(system.excess(inner := centred(system, theta))).max() <= TOLERANCE:
            theta, far = inner, 0.0
        if best is None or far < best[1]:
            best = theta, far
        if far <= TOLERANCE:
            break
    assert best is not None
    return best


def _narrowed(system: System, theta: Floats, wider: float, mask: NDArray[np.bool_], most: int = 60) -> Floats:
    def distance(x: Floats) -> Floats:
        return system.excess(x, wider)[mask]

    def derivative(x: Floats) -> Floats:
        room = system.room(wider)
        outside = np.abs(system.offset(x)) > room
        return np.asarray((system.slope(x) * (outside / room)[:, None])[mask])

    return np.asarray(least_squares(distance, theta, derivative, x_scale="jac", max_nfev=most).x)


def centred(system: System, theta: Floats) -> Floats:
    """Moments as far inside all boxes as linear programs find them (least largest distance from a middle)."""
    radius = 0.05
    for _ in range(CENTRE_STEPS):
        offset, slope = system.offset(theta), system.slope(theta)
        ones = np.ones((len(offset), 1))
        solved = linprog(
            np.append(np.zeros(theta.size), 1.0),
            A_ub=np.vstack([np.hstack([slope, -ones]), np.hstack([-slope, -ones])]),
            b_ub=np.concatenate([-offset, offset]),
            bounds=[*[(-radius, radius)] * theta.size, (0, None)],
        )  # fmt: skip
        if not solved.success:
            break
        moved = theta + solved.x[:-1]
        if np.abs(system.offset(moved)).max() < np.abs(offset).max():
            theta, radius = moved, radius * 1.5
        else:
            radius /= 4
        if radius < LEAST_STEP:
            break
    return theta


def reaches(system: System, theta: Floats) -> list[Interval]:
    """How far each correlation can at least move with every box still met.

    Each end is sought by linear programs, from the best of all moments met so far, so what one search
    finds serves the others. The ends are attained, so the true ranges are these or a little wider.
    """
    points = [theta, centred(system, theta)]
    for i, j in system.pairs:
        for sign in (-1.0, 1.0):
            best = int(np.argmax(sign * system.correlations(np.array(points))[:, i, j]))
            points.append(_pushed(system, points[best], i, j, sign))
    found = system.correlations(np.array(points))
    return [Interval(float(found[:, i, j].min()), float(found[:, i, j].max())) for i, j in system.pairs]


def _pushed(system: System, at: Floats, i: int, j: int, sign: float) -> Floats:
    """Moments inside every box with one correlation increased (sign 1) or decreased (sign -1)."""
    radius = 0.02
    every = np.ones(len(system.boxes), dtype=bool)
    for _ in range(REACH_STEPS):
        offset, slope = system.offset(at), system.slope(at)
        here = system.correlations(np.vstack([at, at + STEP * np.eye(at.size)]))[:, i, j]
        solved = linprog(
            -sign * (here[1:] - here[0]) / STEP,
            A_ub=np.vstack([slope, -slope]),
            b_ub=np.concatenate([np.maximum(1 - offset, 0), np.maximum(1 + offset, 0)]),
            bounds=[(-radius, radius)] * at.size,
        )  # fmt: skip
        if not solved.success:
            break
        moved = at + solved.x
        if np.abs(system.offset(moved)).max() > 1:
            moved = _narrowed(system, moved, 1.0, every, NUDGES)
        gain = sign * (system.correlations(moved)[i, j] - here[0])
        if gain > 1e-6 and np.abs(system.excess(moved)).max() <= TOLERANCE:
            at, radius = moved, radius * 2
        else:
            radius /= 4
    return at


def systems(tables: Tables) -> list[System]:
    """Sets of pooled least-squares columns that one correlation matrix must explain.

    The columns of a set have the same outcome and rows and no effects, and all their variables have printed
    descriptive statistics.
    """
    groups: dict[tuple[str, tuple[str, int | None]], list[Column]] = {}
    for column in tables.columns:
        fits = tables.moments_fit(column) and column.n is not None
        least_squares = column.spec.rules.plain_least_squares
        if (
            fits
            and least_squares
            and all("sd" in tables.described[v] for v in (column.outcome, *column.terms))
        ):
            groups.setdefault((column.outcome, column.sample), []).append(column)
    found = []
    for (outcome, _), columns in groups.items():
        regressors = list(dict.fromkeys(t for c in columns for t in c.terms))
        if len(columns) > 1 and 1 < len(regressors) < MOST_VARIABLES:
            conventional = all(c.spec.vcov == "iid" for c in columns)
            adjusted = adjusted_tables(tables)
            found.append(System(tuple(columns), (outcome, *regressors), tables, conventional, adjusted))
    return found


def correlations(tables: Tables) -> list[Finding]:
    """`correlation`: the matrix that nested columns imply, or the number that no matrix allows."""
    findings = []
    for system in systems(tables):
        findings += _one(system)
    return findings


def _one(system: System) -> list[Finding]:
    ids = tuple(dict.fromkeys(i for i, _, _ in system.boxes))
    where = listed(c.id for c in system.columns)
    theta, far = solve(system)
    if TOLERANCE < far < CLEARLY:
        return []
    silent = {c.table for c in system.columns if c.statistic("adj_R2") is None} - system.adjusted
    if far > TOLERANCE and silent:
        other = replace(system, adjusted=system.adjusted | silent)
        if solve(other)[1] <= TOLERANCE:
            statement = (
                f"{where}: slopes, errors and moments hold together only if {listed(sorted(silent))} "
                "prints adjusted R²."
            )
            return [
                Finding(
                    "correlation",
                    ids,
                    "only_if",
                    statement,
                    f"as R², moments miss by {far:.2f} half units; as adjusted R², by none",
                )
            ]
    found = _culprits(system, theta) if far > TOLERANCE else []
    if far > TOLERANCE and system.errors and not found:
        bare = replace(system, errors=False)
        if solve(bare)[1] <= TOLERANCE:
            statement = (
                f"{where}: slopes, R² and moments hold together, the standard errors only if they "
                "are not conventional ones."
            )
            return [
                Finding(
                    "correlation",
                    ids,
                    "only_if",
                    statement,
                    f"nearest moments miss a standard error by {far:.2f} half units",
                )
            ]
    if far > TOLERANCE:
        if not found:
            return []
        names = list(dict.fromkeys(system.boxes[i][0] for i, _ in found))
        words = "; ".join(
            f"without {system.boxes[i][0]} ({kind(system, i)}) the others give {show(value, 3)}, printed "
            f"{show(system.boxes[i][1], 3)}"
            for i, value in found[:3]
        )
        statement = (
            f"{where}: no correlations of the variables reproduce all printed numbers; leaving out "
            f"{' or '.join(names)} mends it."
        )
        return [Finding("correlation", tuple(names), "impossible", statement, words)]
    size = len(system.variables)
    ranges = reaches(system, theta)
    spans = [
        (system.variables[j], system.variables[i], r) for (i, j), r in zip(system.pairs, ranges, strict=True)
    ]
    words = "; ".join(f"r({a}, {b}) {s.low:.3f} to {s.high:.3f}" for a, b, s in spans)
    statement = (
        f"{where}: {len(system.boxes)} printed numbers of {size} variables follow from one "
        "correlation matrix."
    )
    return [
        Finding("correlation", ids, "consistent", statement, words, len(system.boxes)),
        *_shifts(system, spans),
    ]


def kind(system: System, at: int) -> str:
    return {"t": "its t", "se": "its standard error"}.get(system.boxes[at][2], "its value")


def _culprits(system: System, theta: Floats) -> list[tuple[int, float]]:
    """Numbers without which all others hold together, with the value that the others then imply.

    A distance beyond a box of less than a quarter of half a unit is ignored: the search may have stopped
    that early.
    """
    order = np.argsort(-np.abs(system.offset(theta)))
    every = np.ones(len(system.boxes), dtype=bool)
    found = []
    for at in order[:MOST_SUSPECTS]:
        keep = every.copy()
        keep[at] = False
        x = theta
        for wider in WIDTHS[-4:]:
            x = _narrowed(system, x, wider, keep)
        if np.abs(system.excess(x)[keep]).max() > TOLERANCE:
            continue
        again = float(np.abs(system.excess(_narrowed(system, x, 1.0, every, PATIENT))).max())
        if again <= TOLERANCE:
            return []
        if min(again, abs(system.excess(x)[at])) < CLEARLY:
            continue
        found.append((int(at), float(system.values(x)[at])))
    return found


def _shifts(system: System, spans: list[tuple[str, str, Interval]]) -> list[Finding]:
    """When a second regressor joins a first one, the slope of the first moves by their correlation alone."""
    span = {frozenset((a, b)): s for a, b, s in spans}
    findings = []
    for short in system.columns:
        for long in system.columns:
            if len(short.terms) != 1 or len(long.terms) != 2 or short.terms[0] not in long.terms:
                continue
            term = short.terms[0]
            added = next(t for t in long.terms if t != term)
            r, critical = span[frozenset((term, added))], 2 / np.sqrt(short.n or 2)
            weak = max(abs(r.low), abs(r.high)) < critical
            a, b = short.cells[term], long.cells[term]
            statement = (
                f"The slope of {term} moves from {a.text['estimate']} ({short.id}) to {b.text['estimate']} "
                f"({long.id}) when {added} joins through their correlation alone, "
                f"which is {'not ' if weak else ''}to be told from zero at N of {short.n}."
            )
            words = f"r({term}, {added}) {r.low:.3f} to {r.high:.3f}; 2/sqrt({short.n}) = {critical:.2f}"
            findings.append(Finding("correlation", (a.id, b.id), "consistent", statement, words, r.middle))
    return findings
