"""What a 95% interval says of a printed coefficient: the rule, as data, and the function that reads it.

The rule stands here once. `rule` gives it to the page, whose script reads the same conditions in this order.
"""

from __future__ import annotations

import operator
from typing import Any, Literal, NamedTuple

SIGN_LOST = 0.0
PRINTED_SIZE = 1.0
NOT_REPRODUCED = "not reproduced"
RELATIONS = {"<": operator.lt, ">": operator.gt, ">=": operator.ge}


class Condition(NamedTuple):
    """An end of the interval, as `toward_printed` measures it, against a multiple of the printed size."""

    end: Literal["low", "high"]
    relation: Literal["<", ">", ">="]
    times_printed: float

    def holds(self, ends: dict[str, float], size: float) -> bool:
        return bool(RELATIONS[self.relation](ends[self.end], self.times_printed * size))


RULE: tuple[tuple[str, tuple[Condition, ...]], ...] = (
    ("holds", (Condition("low", ">", SIGN_LOST), Condition("high", ">=", PRINTED_SIZE))),
    ("shrinks", (Condition("low", ">", SIGN_LOST), Condition("high", "<", PRINTED_SIZE))),
    ("reverses", (Condition("high", "<", SIGN_LOST),)),
    ("uncertain", ()),
)
VERDICTS = ("holds", "shrinks", "uncertain", "reverses", NOT_REPRODUCED)


def verdict(published: float, low: float, high: float) -> str:
    """The first verdict of `RULE` whose conditions hold for the interval from `low` to `high`.

    `holds`: the interval lies on the printed side of 0 and reaches or passes the printed value.
    `shrinks`: it lies on the printed side of 0, wholly nearer 0 than the printed value. `reverses`: it lies
    on the other side of 0. `uncertain`: anything else, that is an interval that contains 0 (an end at 0
    counts), and a printed 0, which has no sign.

    Examples
    --------
    >>> verdict(0.5, 0.3, 0.7), verdict(0.5, 0.1, 0.4), verdict(-0.5, 0.1, 0.2), verdict(0.5, 0.0, 0.7)
    ('holds', 'shrinks', 'reverses', 'uncertain')
    """
    ends, size = toward_printed(published, low, high), abs(published)
    return next(name for name, conditions in RULE if all(c.holds(ends, size) for c in conditions))


def toward_printed(published: float, low: float, high: float) -> dict[str, float]:
    """Both ends of the interval, measured in the direction of the printed sign; both 0 where 0 is printed.

    Examples
    --------
    >>> toward_printed(-0.5, -0.7, 0.1)
    {'low': -0.1, 'high': 0.7}
    """
    if published > 0:
        return {"low": low, "high": high}
    if published < 0:
        return {"low": -high, "high": -low}
    return {"low": 0.0, "high": 0.0}


def rule() -> dict[str, Any]:
    """The rule as JSON holds it.

    Returns
    -------
    `{"verdicts": [{"verdict", "when": [{"end", "relation", "times_printed"}]}]}`. With the ends of the
    interval taken as `toward_printed` takes them, a condition compares `end` with `times_printed` times the
    size of the printed value. The first verdict whose conditions all hold is given; the last has none.

    Examples
    --------
    >>> rule()["verdicts"][2]
    {'verdict': 'reverses', 'when': [{'end': 'high', 'relation': '<', 'times_printed': 0.0}]}
    """
    return {
        "verdicts": [
            {"verdict": name, "when": [c._asdict() for c in conditions]} for name, conditions in RULE
        ]
    }
