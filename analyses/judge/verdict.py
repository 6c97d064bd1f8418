"""What a 95% interval says of the claim that a printed coefficient makes: the rule, as data, and its reader.

The rule stands here once. `rule` gives it to the page, whose script reads the same conditions in this order.
A coefficient that is printed significant claims an effect, one that is printed insignificant claims none.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

SIGN_LOST = 0.0
HALF, DOUBLE = 0.5, 2.0  # of the printed size: between them an effect that keeps its sign holds
EQUIVALENCE = 0.1  # standard deviations of the outcome for one of the regressor: a null within it is precise
NOT_REPRODUCED = "not reproduced"
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Claim(NamedTuple):
    """What a paper says by printing a coefficient.

    Attributes
    ----------
    published : the printed value
    effect : whether it is printed significant at 5%, and so claims an effect; else it claims none
    """

    published: float
    effect: bool = True

    @property
    def name(self) -> Literal["effect", "null"]:
        """As the rule and comparison.json call it."""
        return "effect" if self.effect else "null"


class Condition(NamedTuple):
    """A point of the interval, as `toward_printed` measures it, against a multiple of the printed size."""

    point: Literal["low", "middle", "high"]
    relation: Literal["<", "<=", ">", ">="]
    times_printed: float

    def holds(self, points: dict[str, float], size: float) -> bool:
        return bool(RELATIONS[self.relation](points[self.point], self.times_printed * size))


SAME_SIGN = Condition("low", ">", SIGN_LOST)
OTHER_SIGN = Condition("high", "<", SIGN_LOST)
RULE: dict[str, tuple[tuple[str, tuple[Condition, ...]], ...]] = {
    "effect": (
        ("shrinks", (SAME_SIGN, Condition("middle", "<", HALF))),
        ("holds", (SAME_SIGN, Condition("middle", "<=", DOUBLE))),
        ("grows", (SAME_SIGN,)),
        ("reverses", (OTHER_SIGN,)),
        ("uncertain", ()),
    ),
    "null": (
        ("emerges", (SAME_SIGN,)),
        ("emerges", (OTHER_SIGN,)),
        ("null stands", ()),
    ),
}
OF_EFFECT = ("holds", "shrinks", "grows", "uncertain", "reverses")
OF_NULL = ("null stands", "emerges")
VERDICTS = (*OF_EFFECT, *OF_NULL, NOT_REPRODUCED)


def verdict(claim: Claim, low: float, high: float) -> str:
    """The first verdict of the claim's `RULE` whose conditions hold for the interval from `low` to `high`.

    Of a claimed effect: `holds` where the interval lies on the printed side of 0 and its middle is between
    half of the printed value and its double, `shrinks` where the middle is nearer 0, `grows` where it is
    further away; `reverses` where the interval lies on the other side of 0; `uncertain` where it contains 0
    (an end at 0 counts), and where 0 is printed, which has no sign. Of a claimed null: `null stands` where
    the interval contains 0, `emerges` where it does not.

    Examples
    --------
    >>> [verdict(Claim(0.5), *ends) for ends in ((0.3, 0.7), (0.1, 0.3), (0.8, 1.4), (-0.1, 0.4))]
    ['holds', 'shrinks', 'grows', 'uncertain']
    >>> verdict(Claim(0.5, effect=False), -0.1, 0.4), verdict(Claim(0.5, effect=False), 0.1, 0.4)
    ('null stands', 'emerges')
    """
    points, size = toward_printed(claim, low, high), abs(claim.published)
    return next(
        name for name, conditions in RULE[claim.name] if all(c.holds(points, size) for c in conditions)
    )


def under_two_laws(claim: Claim, first: tuple[float, float], second: tuple[float, float]) -> str:
    """The verdict on a claim where the intervals are of two laws of the errors.

    It is that of the first interval where both settle the sign of the coefficient, and on one side, or where
    neither does; else the sign rests on the law of errors, so that an effect is uncertain and a null stands.

    Examples
    --------
    >>> under_two_laws(Claim(0.5), (0.3, 0.7), (0.1, 0.2))
    'holds'
    >>> under_two_laws(Claim(0.5), (0.3, 0.7), (-0.1, 0.7))
    'uncertain'
    >>> under_two_laws(Claim(0.5, effect=False), (0.3, 0.7), (-0.7, -0.3))
    'null stands'
    """
    if settled_sign(*first) == settled_sign(*second):
        return verdict(claim, *first)
    return "uncertain" if claim.effect else "null stands"


def by_laws(claim: Claim, ends: tuple[float, float], other: Mapping[str, Any] | None) -> str:
    """The verdict by a judged interval and by that of the `other_law` object, where there is one."""
    if other is None:
        return verdict(claim, *ends)
    return under_two_laws(claim, ends, (other["judged"]["q2.5"], other["judged"]["q97.5"]))


def settled_sign(low: float, high: float) -> int:
    """1 or -1 where an interval excludes 0, else 0.

    Examples
    --------
    >>> settled_sign(0.1, 0.2), settled_sign(-0.2, -0.1), settled_sign(0.0, 0.2)
    (1, -1, 0)
    """
    return int(low > 0) - int(high < 0)


def toward_printed(claim: Claim, low: float, high: float) -> dict[str, float]:
    """Ends and middle of the interval in the direction of the printed sign.

    All are 0 where an effect is claimed and 0 printed; as they are where a null is.

    Examples
    --------
    >>> toward_printed(Claim(-0.5), -0.75, 0.25)
    {'low': -0.25, 'middle': 0.25, 'high': 0.75}
    """
    sign = (claim.published > 0) - (claim.published < 0) or (not claim.effect)
    if sign == 0:
        return {"low": 0.0, "middle": 0.0, "high": 0.0}
    near, far = (low, high) if sign > 0 else (-high, -low)
    return {"low": near, "middle": (near + far) / 2, "high": far}


def precise(low: float, high: float, unit: float | None) -> bool:
    """Whether an interval lies within `EQUIVALENCE` about 0: the effect, if any, is small.

    Parameters
    ----------
    unit : one standard deviation of the outcome for one of the regressor, on the paper's scale; None where it
        is not known

    Examples
    --------
    >>> precise(-0.04, 0.09, 1.0), precise(-0.04, 0.11, 1.0), precise(-0.04, 0.09, None)
    (True, False, False)
    """
    return unit is not None and -EQUIVALENCE * unit < low and high < EQUIVALENCE * unit


def rule() -> dict[str, Any]:
    """The rule as JSON holds it.

    Returns
    -------
    `{"effect": [{"verdict", "when": [{"point", "relation", "times_printed"}]}], "null": [...]}`. With the
    points of the interval taken as `toward_printed` takes them, a condition compares `point` with
    `times_printed` times the size of the printed value. The first verdict whose conditions all hold is given;
    the last has none.

    Examples
    --------
    >>> rule()["null"][1]
    {'verdict': 'emerges', 'when': [{'point': 'high', 'relation': '<', 'times_printed': 0.0}]}
    """
    return {
        claim: [{"verdict": name, "when": [c._asdict() for c in conditions]} for name, conditions in rows]
        for claim, rows in RULE.items()
    }
