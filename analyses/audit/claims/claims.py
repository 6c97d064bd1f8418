"""What a paper's text says about its own tables, checked against them."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from ....data.errors import InputError, did_you_mean
from ....data.published import Printed
from ....data.study.claims import Claim
from ..columns import Column, Tables
from ..finding import Finding
from ..stars import groups, star_cells
from .methods import (
    clustered,
    full_mediation,
    insignificant,
    interaction,
    reported,
    same_stars,
    significant,
    standardised,
    trimmed,
)
from .numbers import (
    QUOTED,
    Answer,
    Context,
    attributed,
    beyond,
    differ,
    extreme,
    increasing,
    mean_of,
    per_deviation,
    quoted_value,
    ratio_of,
    sign_of,
)

COLUMNS = ("clustered", "trimmed")
VARIABLES = ("interaction", "standardised", "reported")


def claims(tables: Tables) -> list[Finding]:
    """`claim`: every claim of the study file.

    Raises
    ------
    InputError
        If a claim names a number, column or variable that is not there.
    """
    found = tuple(groups(tables)[0]) if star_cells(tables) else ()
    context = Context(tables, found)
    findings = []
    for claim in tables.file.claim:
        findings.append(_check(context, claim))
        if claim.kind == "ratio":
            findings += per_deviation(tables, _cells(tables, claim))
    return _quoted(findings)


def _quoted(findings: list[Finding]) -> list[Finding]:
    """Numbers that the text quotes rightly are told in one finding."""
    right = [f for f in findings if f.status == "consistent" and f.statement.endswith(QUOTED)]
    if len(right) < 2:
        return findings
    where = tuple(dict.fromkeys(i for f in right for i in f.where))
    words = "; ".join(f.statement.removeprefix("Said: ").removesuffix(f". Found: {QUOTED}") for f in right)
    one = Finding(
        "claim",
        where,
        "consistent",
        f"{len(right)} statements quote numbers as the tables print them.",
        words,
        len(right),
    )
    return [*(f for f in findings if f not in right), one]


def _check(context: Context, claim: Claim) -> Finding:
    if claim.kind in VARIABLES:
        status, statement, words = OF_VARIABLES[claim.kind](context, claim.of)
        where = tuple(p.id for p in context.tables.file.published if p.term in claim.of)
    elif claim.kind in COLUMNS:
        columns = _columns(context.tables, claim)
        status, statement, words = OF_COLUMNS[claim.kind](context, columns)
        where = tuple(i for c in columns for i in c.ids)
    else:
        cells = _cells(context.tables, claim)
        status, statement, words = OF_CELLS[claim.kind](context, cells, claim.value or "")
        where = tuple(c.id for c in cells)
    value = float(claim.value) if claim.value not in (None, "+", "-") else None
    return Finding("claim", where, status, f"Said: {claim.text}. Found: {statement}", words, value)


def _cells(tables: Tables, claim: Claim) -> list[Printed]:
    return [
        p
        for pattern in claim.of
        for p in _matching(tables, {p.id: p for p in tables.file.published}, pattern)
    ]


def _columns(tables: Tables, claim: Claim) -> list[Column]:
    return [c for pattern in claim.of for c in _matching(tables, {c.id: c for c in tables.columns}, pattern)]


def _matching[T](tables: Tables, known: dict[str, T], pattern: str) -> list[T]:
    hits = [
        item
        for name, item in known.items()
        if name == pattern or ("*" in pattern and fnmatchcase(name, pattern))
    ]
    if not hits:
        raise InputError(
            f"{tables.file.path}: a claim names {pattern!r}, which is not "
            f"printed.{did_you_mean(pattern, known)}"
        )
    return hits


OF_CELLS: dict[str, Callable[[Context, list[Printed], str], Answer]] = {
    "value": quoted_value,
    "maximum": extreme(max, "maximum"),
    "minimum": extreme(min, "minimum"),
    "mean": mean_of,
    "ratio": ratio_of,
    "above": beyond(1),
    "below": beyond(-1),
    "sign": sign_of,
    "significant": significant,
    "insignificant": insignificant,
    "increasing": increasing,
    "difference": differ,
    "attributed": attributed,
    "full_mediation": full_mediation,
    "same_stars": same_stars,
}
OF_COLUMNS: dict[str, Callable[[Context, list[Column]], Answer]] = {
    "clustered": clustered,
    "trimmed": trimmed,
}
OF_VARIABLES: dict[str, Callable[[Context, list[str]], Answer]] = {
    "interaction": interaction,
    "standardised": standardised,
    "reported": reported,
}
