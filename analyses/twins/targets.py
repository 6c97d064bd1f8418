"""What a twin must reproduce: printed numbers as intervals of statistics."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...data.published import Printed, half_unit
from ...models.moment_columns import Column

MARGIN = 0.98


@dataclass(frozen=True)
class Target:
    """One printed number that a twin must reproduce.

    Attributes
    ----------
    id, quantity : which number: `T4.2.NqP` and `estimate`, `std_error`, `t_value` or `r2`
    text : as printed
    statistic : what reproduces it, a name of `models.moments`
    low, high : the values that print so, less a little
    """

    id: str
    quantity: str
    text: str
    statistic: str
    low: float
    high: float

    @property
    def name(self) -> str:
        return self.id if self.quantity == "estimate" else f"{self.id} ({self.quantity})"


@dataclass(frozen=True)
class Question:
    """One regression: the printed numbers of a column of a table, and how they come from a panel.

    Attributes
    ----------
    variables : positions of the column's variables among those of the plan, in the order of `Column`
    rows : number of entity-years that enter
    targets : one for each of `column.wanted`
    """

    id: str
    column: Column
    variables: tuple[int, ...]
    rows: int
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that a study asks of a twin.

    Attributes
    ----------
    variables : columns of the panel
    entities : labels of entities, all marked SYNTHETIC; the first are those that the study names
    times : years
    clusters : number of clusters, 0 where no column has any; `cluster` names the column that holds them
    groups : for each group of the study, the group of every entity (or None)
    descriptives : targets by (variable, statistic)
    rates : variables of a table of variance inflation factors, with targets by (variable or mean, column)
    left_out : printed numbers without a statistic, and why
    """

    variables: tuple[str, ...]
    entities: tuple[str, ...]
    times: tuple[int, ...]
    cluster: str | None
    clusters: int
    groups: dict[str, tuple[str | None, ...]]
    questions: tuple[Question, ...]
    descriptives: dict[tuple[str, str], Target]
    rates: tuple[tuple[tuple[str, ...], dict[tuple[str, str], Target]], ...]
    counted: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def targets(self) -> list[Target]:
        found = list(self.descriptives.values())
        for question in self.questions:
            found += question.targets
        for _, rates in self.rates:
            found += rates.values()
        return found

    def without(self, dropped: dict[str, str]) -> Plan:
        """The plan less the targets named, with the reason of each."""
        names = set(dropped)
        questions = []
        for question in self.questions:
            kept = [
                (w, t)
                for w, t in zip(question.column.wanted, question.targets, strict=True)
                if t.name not in names
            ]
            if kept:
                wanted, targets = zip(*kept, strict=True)
                questions.append(
                    replace(question, column=replace(question.column, wanted=wanted), targets=targets)
                )
        return replace(
            self,
            questions=tuple(questions),
            descriptives={k: t for k, t in self.descriptives.items() if t.name not in names},
            rates=tuple(
                (group, {k: t for k, t in rates.items() if t.name not in names})
                for group, rates in self.rates
            ),
            left_out={**self.left_out, **dropped},
        )


class UnmappedError(Exception):
    """A printed number, or a whole column, that no statistic here reproduces; its text says why."""


def target(printed: Printed, quantity: str, statistic: str, text: str | None = None) -> Target:
    text = printed.text[quantity] if text is None else text
    half = half_unit(text) * MARGIN
    value = float(text)
    if quantity == "t_value" and value * printed.estimate < 0:
        value = -value
    return Target(printed.id, quantity, text, statistic, value - half, value + half)
