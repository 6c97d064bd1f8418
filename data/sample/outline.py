"""What a study file tells of a sample without its rows: who is in it, when, and in which groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..panel.keys import MAX_TIME, composed
from ..study.file import StudyFile


@dataclass(frozen=True)
class Outline:
    """A sample of which no row is known, only what the study file says of it.

    Steps change an outline as they change a panel of these entities and periods in which no value is missing.

    Attributes
    ----------
    entity, time : names of the columns that hold them
    entities : those that the study file names
    unnamed : how many others there are; None where the study file does not tell
    times : the periods that have rows, or None where the study file does not tell
    values : for each variable that a lag leaves without values in some periods, the periods in which it has
        one
    groups : for each grouping of the study file, the group of every entity that it names
    complete : whether every entity is there in every period
    """

    entity: str
    time: str
    entities: tuple[str, ...] = ()
    unnamed: int | None = None
    times: Sequence[int] | None = None
    values: dict[str, frozenset[int]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    complete: bool = True

    @property
    def periods(self) -> Sequence[int] | None:
        """The periods in which every variable has a value, whose rows alone are estimated from."""
        if self.times is None or not self.values:
            return self.times
        return tuple(t for t in self.times if all(t in there for there in self.values.values()))

    def count(self, column: str) -> int | None:
        """How many entities, periods, or groups of a grouping there are; None where that is not told."""
        if column == self.entity:
            return None if self.unnamed is None else len(self.entities) + self.unnamed
        if column == self.time:
            return None if self.periods is None else len(self.periods)
        if column in self.groups:
            return len({self.groups[column][e] for e in self.entities if e in self.groups[column]})
        return None

    def limited(self, entities: tuple[str, ...], times: Sequence[int] | None, *, unnamed: bool) -> Outline:
        """Only the rows of these entities and periods, with or without the entities that have no name."""
        others = self.unnamed if unnamed else 0
        return replace(self, entities=entities, times=times, unnamed=others).or_unknown()

    def or_unknown(self) -> Outline:
        """The outline itself, or one of which nothing is told if no row is left to estimate from."""
        nobody = not self.entities and self.unnamed == 0
        never = self.periods is not None and not self.periods
        return self.unknown() if nobody or never else self

    def unknown(self) -> Outline:
        """The outline of a sample of which nothing can be told any more."""
        return Outline(self.entity, self.time)


def outline_of(file: StudyFile) -> Outline:
    """The outline of a study's whole panel.

    Where the study file names more entities than it says there are, their number counts as unknown.
    """
    header = file.study
    named = named_entities(file)
    unnamed = None if header.entities is None else header.entities - len(named)
    times = range(header.periods[0], header.periods[1] + 1) if header.periods else None
    groups = {
        name: {composed(e): group for group, entities in members.items() for e in entities}
        for name, members in file.groups.items()
    }
    if unnamed is not None and unnamed < 0:
        unnamed = None
    if times is not None and len(times) > MAX_TIME:
        times = None  # no panel has so many
    return Outline(header.entity, header.time, named, unnamed, times, groups=groups)


def named_entities(file: StudyFile) -> tuple[str, ...]:
    """Entities that the groups and the steps of a study name, in the order of the file."""
    entity = file.study.entity
    named = [e for members in file.groups.values() for group in members.values() for e in group]
    for spec in file.spec.values():
        for step in spec.steps:
            named += [str(value) for value in step.selected(entity)]
    return tuple(dict.fromkeys(map(composed, named)))
