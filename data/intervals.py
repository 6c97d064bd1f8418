"""Arithmetic on rounding intervals: every value that would have printed as the text does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .published import half_unit

SLACK = 1e-9


@dataclass(frozen=True)
class Interval:
    """A closed interval of real numbers; `low` <= `high`, either end may be infinite.

    Operations treat their operands as independent, so results hold every attainable value and,
    where an operand occurs twice in an expression, perhaps more.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval from {self.low} to {self.high} is empty")

    @classmethod
    def printed(cls, text: str) -> Interval:
        """What prints as the text does, ties either way: '0.205' gives 0.2045 to 0.2055."""
        value, half = float(text), half_unit(text)
        return cls(value - half, value + half)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        slack = SLACK * max(1.0, abs(value))
        return self.low - slack <= value <= self.high + slack

    def meets(self, other: Interval) -> bool:
        """Whether the two share a point, with a hair's breadth of slack for ties."""
        slack = SLACK * max(1.0, *(abs(x) for x in (self.low, other.high) if math.isfinite(x)))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def meet(self, other: Interval) -> Interval | None:
        """The intersection, or None where there is none."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else None

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Interval(0.0, max(-self.low, self.high))

    def __add__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __sub__(self, other: Interval | float) -> Interval:
        return self + -_interval(other)

    def __rsub__(self, other: float) -> Interval:
        return -self + other

    def __mul__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        ends = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    __rmul__ = __mul__

    def __truediv__(self, other: Interval | float) -> Interval:
        """The quotient; the whole line where the divisor holds zero inside, a half line where at an end."""
        other = _interval(other)
        if other.low < 0 < other.high or other.low == other.high == 0:
            return Interval(-math.inf, math.inf)
        low = 1 / other.high if other.high else -math.inf
        high = 1 / other.low if other.low else math.inf
        return self * Interval(low, high)

    def __rtruediv__(self, other: float) -> Interval:
        return _interval(other) / self

    def square(self) -> Interval:
        """x², which is never negative, unlike `self * self`."""
        size = abs(self)
        return Interval(size.low * size.low, size.high * size.high)  # `**` of a large number raises

    def sqrt(self) -> Interval:
        """The square root of the part that is not negative."""
        if self.high < 0:
            raise ValueError(f"no square root of {self.low} to {self.high}")
        return Interval(math.sqrt(max(self.low, 0.0)), math.sqrt(self.high))


def total(terms: Iterable[Interval]) -> Interval:
    """The sum of intervals."""
    result = Interval(0.0, 0.0)
    for term in terms:
        result = result + term
    return result


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(float(value), float(value))


def _product(a: float, b: float) -> float:
    """Zero times an infinite end is zero: the end is never reached."""
    return 0.0 if a == 0 or b == 0 else a * b
