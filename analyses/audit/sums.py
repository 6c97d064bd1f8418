"""An outcome that is a fixed weighted sum of two others: so are its coefficients in least squares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linprog

from ...data.intervals import Interval
from ...data.published import Printed
from .columns import CONSTANT, Column, Tables, printed
from .finding import Finding, listed, show

FEWEST = 5
LARGEST_WEIGHT = 10.0


@dataclass(frozen=True)
class Row:
    """One printed number of the sum and its two parts: whole = w1·first + w2·second."""

    table: str
    cells: tuple[Printed, Printed, Printed]
    linear: bool

    @property
    def boxes(self) -> tuple[Interval, Interval, Interval]:
        whole, first, second = (printed(c) for c in self.cells)
        return whole, first, second

    @property
    def telling(self) -> bool:
        """Whether the number itself is larger than its rounding."""
        whole = self.boxes[0]
        return 0 not in whole

    @property
    def texts(self) -> tuple[str, str, str]:
        whole, first, second = (c.text["estimate"] for c in self.cells)
        return whole, first, second


def weighted_sums(tables: Tables) -> list[Finding]:
    """`weighted_sum`, and the correlation of the two parts that their standard deviations then imply."""
    outcomes = list(dict.fromkeys(c.outcome for c in tables.columns))
    findings = []
    for whole in outcomes:
        for first, second in combinations([o for o in outcomes if o != whole], 2):
            rows = list(_rows(tables, whole, first, second))
            findings += _one(tables, (whole, first, second), rows)
    return findings


def _one(tables: Tables, names: tuple[str, str, str], rows: list[Row]) -> list[Finding]:
    linear = [r for r in rows if r.linear]
    if sum(r.telling for r in linear) < FEWEST or len({r.table for r in linear}) < 2:
        return []
    used: list[Row] = []
    failed: list[Row] = []
    for table in dict.fromkeys(r.table for r in linear):
        mine = [r for r in linear if r.table == table]
        if weights(used + mine) is not None:
            used += mine
        else:
            failed += mine
    found = weights(used) if used else None
    if found is None or len(failed) > len(used) / 4 or sum(r.telling for r in used) < FEWEST:
        return []
    whole, first, second = names
    w1, w2 = found
    if w1.width > 0.2 or w2.width > 0.2:
        return []
    one = " The weights add up to 1." if 1.0 in w1 + w2 else ""
    sum_words = f"{whole} = {show(w1.middle, 3)}·{first} + {show(w2.middle, 3)}·{second}"
    best = sorted((r for r in used if r.telling), key=lambda r: -abs(r.cells[0].estimate))[:3]
    words = "; ".join(_line(r, w1, w2) for r in best)
    findings = [
        Finding(
            "weighted_sum", tuple(c.id for r in used for c in r.cells), "only_if",
            f"{len(used)} printed triples of {listed(dict.fromkeys(r.table for r in used))} hold together "
            f"only if {sum_words}, weights fixed over rows.{one}",
            f"weights {show(w1)} and {show(w2)}; {words}", w1.middle,
        )
    ]  # fmt: skip
    for r in failed:
        if not _meets(r, w1, w2):
            findings.append(
                Finding(
                    "weighted_sum",
                    tuple(c.id for c in r.cells),
                    "only_if",
                    f"{r.cells[0].id} is not {sum_words}, which other columns obey: only if its rows or "
                    "controls differ, or it is misprinted.",
                    _line(r, w1, w2),
                )
            )
    odd = [r for r in rows if not r.linear and not _meets(r, w1, w2)]
    for table in dict.fromkeys(r.table for r in odd):
        mine = [r for r in odd if r.table == table]
        statement = (
            f"{table}: coefficients do not obey {sum_words}: only if the three were winsorised or "
            "rescaled one by one."
        )
        findings.append(
            Finding(
                "weighted_sum",
                tuple(c.id for r in mine for c in r.cells),
                "only_if",
                statement,
                "; ".join(_line(r, w1, w2) for r in mine[:3]),
            )
        )
    return findings + _correlation(tables, names, w1, w2)


def _line(row: Row, w1: Interval, w2: Interval) -> str:
    whole, first, second = row.texts
    found = w1 * row.boxes[1] + w2 * row.boxes[2]
    return (
        f"{row.cells[0].id}: {show(w1.middle, 3)}·{first} + {show(w2.middle, 3)}·{second} = "
        f"{show(found)}; printed {whole}"
    )


def _meets(row: Row, w1: Interval, w2: Interval) -> bool:
    whole, first, second = row.boxes
    return whole.meets(w1 * first + w2 * second)


def _rows(tables: Tables, *names: str) -> Iterator[Row]:
    described = [tables.described.get(n) for n in names]
    if all(d is not None and "mean" in d for d in described):
        cells = tuple(d.cells["mean"] for d in described if d is not None)
        yield Row(cells[0].table, (cells[0], cells[1], cells[2]), True)
    groups: dict[tuple[object, ...], dict[str, Column]] = {}
    for column in tables.columns:
        spec = column.spec
        if spec.thresholds or spec.max_thresholds:
            continue
        key = (
            column.table,
            frozenset(column.terms),
            spec.parsed.effects,
            spec.parsed.instruments,
            column.sample,
        )
        groups.setdefault(key, {})[column.outcome] = column
    for group in groups.values():
        if not all(n in group for n in names):
            continue
        whole, first, second = (group[n] for n in names)
        for term in whole.coefficients:
            if (
                term in first.coefficients
                and term in second.coefficients
                and (term in whole.terms or term == CONSTANT)
            ):
                triple = (whole.cells[term], first.cells[term], second.cells[term])
                yield Row(whole.table, triple, whole.linear)


def weights(rows: list[Row]) -> tuple[Interval, Interval] | None:
    """Ranges of non-negative weights that reproduce every row within rounding, or None where there are none.

    With weights of one sign the parts' intervals add up end by end, so the set is a polygon.
    """
    lines, limits = [], []
    for row in rows:
        whole, first, second = row.boxes
        lines += [[first.low, second.low], [-first.high, -second.high]]
        limits += [whole.high, -whole.low]
    ends = []
    for aim in ([1, 0], [-1, 0], [0, 1], [0, -1]):
        solved = linprog(
            aim, A_ub=np.array(lines), b_ub=np.array(limits) + 1e-12, bounds=[(0, LARGEST_WEIGHT)] * 2
        )
        if not solved.success:
            return None
        ends.append(float(np.dot(np.abs(aim), solved.x)))
    return Interval(ends[0], max(ends[0], ends[1])), Interval(ends[2], max(ends[2], ends[3]))


def _correlation(tables: Tables, names: tuple[str, str, str], w1: Interval, w2: Interval) -> list[Finding]:
    """var(whole) = w1²·var(first) + w2²·var(second) + 2·w1·w2·cov."""
    described = [tables.described.get(n) for n in names]
    if not all(d is not None and "sd" in d for d in described):
        return []
    cells = [d.cells["sd"] for d in described if d is not None]
    s, s1, s2 = (printed(c) for c in cells)
    if not (s1.middle and s2.middle and w1.middle and w2.middle):
        return []
    spread = s.square() - (w1 * s1).square() - (w2 * s2).square()
    found = spread / (2 * w1 * s1 * w2 * s2)
    middle = (s.middle**2 - (w1.middle * s1.middle) ** 2 - (w2.middle * s2.middle) ** 2) / (
        2 * w1.middle * s1.middle * w2.middle * s2.middle
    )
    possible = found.meet(Interval(-1.0, 1.0))
    words = (
        f"({cells[0].text['estimate']}² - ({show(w1.middle, 3)}·{cells[1].text['estimate']})² - "
        f"({show(w2.middle, 3)}·{cells[2].text['estimate']})²)/(2·product) = {show(middle, 2)}, with "
        f"rounding {show(found, 2)}"
    )
    statement = (
        f"{names[1]} and {names[2]} have a correlation of about {show(middle, 2)} over all rows, if "
        f"{names[0]} is their weighted sum."
        if possible
        else f"No correlation of {names[1]} and {names[2]} gives the printed standard deviation of their "
        f"weighted sum {names[0]}."
    )
    return [
        Finding(
            "correlation",
            tuple(c.id for c in cells),
            "only_if" if possible else "impossible",
            statement,
            words,
            middle,
        )
    ]
