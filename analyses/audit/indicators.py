"""Indicators that stand in an index and in another variable of the same column."""

from __future__ import annotations

import re
from functools import lru_cache

from ...data.indices.indicators import Indicator, read_systems
from ...data.study.file import StudyFile
from .columns import Column, Tables
from .finding import Finding, listed

SAME = 0.75
EMPTY = frozenset(
    {"a", "an", "and", "at", "by", "degree", "earlier", "for", "general", "in", "index", "intensity", "level",
    "local", "log", "number", "numbers", "of", "on", "one", "over", "per", "percentage", "period",
    "proportion", "public", "ratio", "share", "the", "to", "total", "unit", "units"}
)  # fmt: skip
ALIKE = {
    "expenditure": "spending", "expenditures": "spending", "expenses": "spending", "investment": "spending",
    "funding": "spending",
    "granted": "patent", "grants": "patent", "patents": "patent", "services": "service", "cities": "city",
    "capita": "head", "population": "head", "people": "head", "turnover": "transaction",
    "volume": "transaction",
}  # fmt: skip


def shared_indicators(tables: Tables) -> list[Finding]:
    """`shared_indicators`: what two variables of a column have in common by construction.

    Two indices share an indicator where both list its column, or `[[shared]]` of the study file joins
    theirs. Another variable is part of an index where `[[shared]]` says so, or where its meaning has the
    words of the indicator.
    """
    file = tables.file
    if file.indicators_path is None:
        return []
    systems = {
        part.index: part.indicators
        for s in read_systems(file.indicators_path).values()
        for part in s.with_parts()
    }
    together: dict[tuple[str, str], list[str]] = {}
    for column in tables.columns:
        used = _variables(column)
        for one in used:
            for other in used:
                if one in systems and other != one and (other, one) not in together:
                    together.setdefault((one, other), []).append(column.id)
    findings = []
    for (one, other), ids in together.items():
        if other in systems:
            pairs = [
                (a, b)
                for a in systems[one]
                for b in systems[other]
                if a.column == b.column or _joined(file, a.column, b.column)
            ]
            if pairs:
                nearly = _nearly(file, {i.column for pair in pairs for i in pair})
                findings.append(_shared(one, other, pairs, tuple(ids), nearly))
            continue
        meaning = file.variables.get(other, "")
        itself = [
            a for a in systems[one] if _joined(file, a.column, other) or (meaning and _says(a, meaning))
        ]
        if itself:
            nearly = _nearly(file, {other, *(i.column for i in itself)})
            findings.append(_itself(one, other, meaning, itself, tuple(ids), nearly))
    return findings


def _variables(column: Column) -> list[str]:
    """Outcome first, threshold variable last."""
    formula = column.spec.parsed
    return list(dict.fromkeys(v for v in (*formula.variables, column.spec.variable) if v))


def _joined(file: StudyFile, one: str, other: str) -> bool:
    return any({one, other} <= {t.variable for t in s.terms} for s in file.shared)


def _nearly(file: StudyFile, names: set[str]) -> bool:
    """Whether the study file calls two of the names near-duplicates."""
    return any(s.alike < 1 and len(names & {t.variable for t in s.terms}) > 1 for s in file.shared)


def _says(indicator: Indicator, meaning: str) -> bool:
    return any(same(words(text), words(meaning)) for text in (indicator.name, indicator.measurement) if text)


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """The words of a phrase that carry its meaning, with synonyms replaced by one of them."""
    text = re.sub(r"research and development( \(r&d\))?", "r&d", text.lower())
    text = re.sub(r"\([^)]*\)", " ", text)
    found = re.findall(r"[a-z&]+|[^\x00-\x7f]+", text)
    return frozenset(ALIKE.get(w, w) for w in found if w not in EMPTY)


def same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two phrases have most of their telling words in common."""
    return bool(one) and len(one & other) >= SAME * len(one | other)


def _shared(
    one: str, other: str, pairs: list[tuple[Indicator, Indicator]], ids: tuple[str, ...], nearly: bool
) -> Finding:
    names = list(dict.fromkeys(a.measurement or a.name for a, _ in pairs))
    arithmetic = "; ".join(f"{_told(a)} = {_told(b)}" for a, b in pairs)
    statement = (
        f"{one} and {other} have in common{', or nearly' if nearly else ''}: {listed(names)}. Their "
        "slope is in part an identity, an effect only as far as it does not come from there."
    )
    return Finding("shared_indicators", ids, "only_if", statement, arithmetic, len(names))


def _itself(
    one: str, other: str, meaning: str, itself: list[Indicator], ids: tuple[str, ...], nearly: bool
) -> Finding:
    statement = (
        f"{other} ({meaning}) is itself{', or nearly,' if nearly else ''} a part of {one}. Their "
        "slope is in part an identity, an effect only as far as it does not come from there."
    )
    return Finding("shared_indicators", ids, "only_if", statement, "; ".join(map(_told, itself)), len(itself))


def _told(indicator: Indicator) -> str:
    return f"{indicator.table}: {indicator.measurement or indicator.name}"
