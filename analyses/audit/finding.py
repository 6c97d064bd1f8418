"""What a rule answers, and how its numbers are written."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ...data.intervals import Interval

Status = Literal["consistent", "only_if", "impossible"]
WORST_FIRST: tuple[Status, ...] = ("impossible", "only_if", "consistent")


@dataclass(frozen=True)
class Finding:
    """One answer of one rule.

    Attributes
    ----------
    rule : stable name of the rule
    where : ids of the printed numbers (`T4.2.NqP`) that it rests on
    status : `consistent`; `only_if` a convention that the paper does not state; `impossible`
    statement : one or two plain sentences
    arithmetic : the numbers, in one line
    value : the number that the rule finds, where there is one
    """

    rule: str
    where: tuple[str, ...]
    status: Status
    statement: str
    arithmetic: str
    value: float | None = None

    def record(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        value = self.value if self.value is not None and math.isfinite(self.value) else None
        return {
            "rule": self.rule,
            "where": list(self.where),
            "status": self.status,
            "value": value,
            "statement": self.statement,
            "arithmetic": self.arithmetic,
        }


def show(value: Interval | float, digits: int = 4) -> str:
    """A number to `digits` significant digits, or an interval as 'low to high'."""
    if isinstance(value, Interval):
        return f"{show(value.low, digits)} to {show(value.high, digits)}"
    return f"{value:.{digits}g}"


def listed(names: Iterable[object]) -> str:
    """'a, b and c'."""
    words = [str(n) for n in names]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
