"""Names of entities against lists of those that exist: errors are found and named, no row is dropped."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..files import read_csv_rows
from .panel import Panel

PLACES = Path(__file__).parents[1] / "places"
RECOGNISED = 2 / 3
MOST = 2_000


@dataclass(frozen=True)
class NameFinding:
    """One thing about names: `statement` is a sentence, `error` whether rows belong to no known entity or two
    names stand for one."""

    names: tuple[str, ...]
    statement: str
    error: bool


@cache
def provinces() -> dict[str, str]:
    """Names of China's provinces, short, full and English, each with its short name."""
    rows = read_csv_rows(PLACES / "china_provinces.csv")[1:]
    return {name: row[0] for row in rows for name in row}


def recognised(
    names: set[str], groups: Mapping[str, Mapping[str, list[str]]], entities: int | None
) -> dict[str, str]:
    """Known names, each with the entity it stands for: a study's groups where one lists every entity, else
    the provinces of China where most names are theirs; else nothing, and names are only compared."""
    for members in groups.values():
        listed = [name for group in members.values() for name in group]
        if entities and len(set(listed)) >= entities:
            return {name: name for name in listed}
    known = provinces()
    return known if names and sum(name in known for name in names) >= RECOGNISED * len(names) else {}


def name_findings(panel: Panel, known: Mapping[str, str]) -> list[NameFinding]:
    """Unknown names, two names for one entity, and entities that some years lack.

    Parameters
    ----------
    known : every name that is right, with the entity it stands for; empty where none are known
    """
    frame = panel.frame
    years = {name: set(group) for name, group in frame.groupby(panel.entity)[panel.time]}
    every = set(frame[panel.time])
    found = []
    unknown = [name for name in years if known and name not in known]
    for name in unknown:
        rows = frame.index[frame[panel.entity] == name]
        complement = [other for other in years if other in known and every - years[other] == years[name]]
        near = complement[0] if len(complement) == 1 else nearest(name, known)
        remedy = f"did you mean {near!r}?" if near else "correct it or leave these rows out."
        if complement and near in complement:
            remedy = f"did you mean {near!r}, which lacks just these years?"
        found.append(
            NameFinding(
                (name,),
                f"{panel.source}, row {rows[0]}, column {panel.entity!r}: {name!r} ({_span(years[name])}, "
                f"{len(rows)} row{'s' * (len(rows) > 1)}) is not a known {panel.entity}; {remedy}",
                True,
            )
        )
    for name, other in _pairs(years, known):
        found.append(
            NameFinding(
                (name, other),
                f"{panel.source}, column {panel.entity!r}: {name!r} ({_span(years[name])}) and {other!r} "
                f"({_span(years[other])}) look like two names of one {panel.entity}; give it one.",
                name in known and other in known,
            )
        )
    named = {name for finding in found for name in finding.names}
    for name, seen in years.items():
        if seen != every and name not in named:
            lacking = every - seen
            found.append(
                NameFinding(
                    (name,),
                    f"{panel.source}: {name!r} has no row in {_span(lacking)}; its index has none there.",
                    False,
                )
            )
    return found


def nearest(name: str, known: Mapping[str, str]) -> str | None:
    """The known name that this one begins, or begins with, or is spelt most like."""
    bare = "".join(name.split())
    for other in sorted(known, key=len):
        if len(bare) > 1 and (other.startswith(bare) or bare.startswith(other)):
            return other
    near = difflib.get_close_matches(bare.casefold(), {k.casefold(): k for k in known}, n=1, cutoff=0.6)
    return next((k for k in known if near and k.casefold() == near[0]), None)


def _pairs(years: dict[str, set[int]], known: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names that a list says are one entity, or that are alike and never seen in the same year."""
    every = set().union(*years.values())
    names = [name for name in sorted(years) if known or years[name] != every]
    if not known and len(names) > MOST:
        return []
    pairs = []
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            if name in known and other in known:
                same = known[name] == known[other]
            elif known:
                same = False  # already named as unknown, with its likely entity
            else:
                same = not years[name] & years[other] and nearest(name, {other: other}) is not None
            if same:
                pairs.append((name, other))
    return pairs


def _span(years: set[int]) -> str:
    ordered = sorted(years)
    if len(ordered) == 1:
        return str(ordered[0])
    if ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered[:6])) + (", ..." if len(ordered) > 6 else "")
