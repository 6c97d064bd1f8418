"""Printed numbers of rows, and columns of sub-samples against the column of the whole sample."""

from __future__ import annotations

import math
from collections.abc import Iterable

from scipy import stats

from ...data.intervals import Interval
from ...data.sample.steps.select import without_keep
from .columns import Column, Tables, printed
from .finding import Finding, Status, listed

FAR = 1.5


def sample_size(tables: Tables) -> list[Finding]:
    """N against entities × periods, less the rows that steps leave out and the periods that lags cost."""
    header = tables.file.study
    good: dict[tuple[int, str], list[str]] = {}
    findings = []
    for column in tables.columns:
        if column.n is None or column.entities is None or column.periods is None:
            continue
        full = column.entities * column.periods
        ids = (column.statistic_id("N"),) if "N" in column.cells else column.ids
        words = f"{column.entities} × {column.periods} = {full}; printed {column.n}"
        if column.n == full:
            good.setdefault((column.n, f"{column.entities} × {column.periods} = {full}"), []).extend(ids[:1])
        else:
            more = column.n > full
            findings.append(
                Finding(
                    "sample_size",
                    ids,
                    "impossible" if more else "only_if",
                    f"{column.id} has {'more' if more else 'fewer'} rows than {header.entity} × "
                    f"{header.time} gives"
                    + ("." if more else f": only if {full - column.n} are missing or left out."),
                    words,
                    column.n,
                )
            )
    for (n, words), found in good.items():
        statement = (
            f"N of {n} is that of a balanced panel in {len(found)} columns, exclusions and lags counted."
        )
        findings.append(Finding("sample_size", tuple(found), "consistent", statement, words, n))
    return findings + _described(tables)


def _described(tables: Tables) -> list[Finding]:
    header = tables.file.study
    if header.entities is None or header.periods is None:
        return []
    full = header.entities * (header.periods[1] - header.periods[0] + 1)
    counts = {v.variable: v for v in tables.described.values() if v.n is not None}
    over = [v for v in counts.values() if (v.n or 0) > full]
    under = [v for v in counts.values() if (v.n or 0) < full]
    if not counts:
        return []
    worst = over or under
    status: Status = "impossible" if over else "only_if" if under else "consistent"
    statement = (
        f"{listed(v.variable for v in worst)}: {'more' if over else 'fewer'} values than the panel has rows."
        if worst
        else f"Every described variable has the panel's {full} values."
    )
    ids = tuple(v.cells["n"].id for v in (worst or counts.values()))
    return [
        Finding(
            "sample_size",
            ids,
            status,
            statement,
            f"{header.entities} × {full // header.entities} = {full}",
            full,
        )
    ]


def subsample(tables: Tables) -> list[Finding]:
    """Columns that split the rows of another: whether N adds up, where their slopes lie, how they differ."""
    findings: list[Finding] = []
    for whole in tables.columns:
        parts = [c for c in tables.columns if _keeps(c) and _without_keep(c) == _without_keep(whole)]
        if whole.n is None or _keeps(whole) or len(parts) < 2 or any(p.n is None for p in parts):
            continue
        for table in dict.fromkeys(p.table for p in parts):
            mine = [p for p in parts if p.table == table]
            if whole.entities is None or sum(p.entities or 0 for p in mine) != whole.entities:
                continue
            findings += [_sum(whole, mine), *_slopes(whole, mine)]
    return findings


def _keeps(column: Column) -> bool:
    return without_keep(column.spec.steps) != column.spec.steps


def _without_keep(column: Column) -> tuple[str, str]:
    return column.spec.formula, repr(without_keep(column.spec.steps))


def _sum(whole: Column, parts: list[Column]) -> Finding:
    found = sum(p.n or 0 for p in parts)
    words = f"{' + '.join(str(p.n) for p in parts)} = {found}; whole {whole.n}"
    ids = tuple(c.statistic_id("N") for c in (*parts, whole))
    good = found == whole.n
    statement = (
        f"The rows of {listed(p.id for p in parts)} {'add' if good else 'do not add'} up to those of "
        f"{whole.id}."
    )
    return Finding("subsample", ids, "consistent" if good else "impossible", statement, words, found)


def _slopes(whole: Column, parts: list[Column]) -> Iterable[Finding]:
    for term, cell in whole.slopes.items():
        if not all(term in p.slopes for p in parts):
            continue
        mine = [p.slopes[term] for p in parts]
        slopes = [printed(c) for c in mine]
        ids = (cell.id, *(c.id for c in mine))
        words = f"{', '.join(c.text['estimate'] for c in mine)}; whole {cell.text['estimate']}"
        low, high = min(s.low for s in slopes), max(s.high for s in slopes)
        between = printed(cell).meets(Interval(low, high))
        apart = min(abs(printed(cell) - s).low for s in slopes)
        error = max((c.std_error or 0.0) for c in mine)
        far = not between and apart > FAR * error > 0
        statement = f"The whole sample's slope of {term} lies " + (
            f"{apart / error:.1f} standard errors or more outside those of its parts: only if what differs "
            "between the parts, not within them, makes much of it."
            if far
            else "between those of its parts."
            if between
            else "beyond those of its parts, by no more than chance."
        )
        yield Finding("subsample", ids, "only_if" if far else "consistent", statement, words, cell.estimate)


def difference(one: Column, other: Column, term: str) -> tuple[float, float, float] | None:
    """Difference of a slope between two separate samples, its standard error, and the two-sided normal p."""
    a, b = one.cells[term], other.cells[term]
    if not a.std_error or not b.std_error:
        return None
    gap, error = a.estimate - b.estimate, math.hypot(a.std_error, b.std_error)
    return gap, error, float(2 * stats.norm.sf(abs(gap) / error))
