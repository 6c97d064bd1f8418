"""The printed numbers of a paper: one row a number, digits kept, because rounding is information."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import ulp
from pathlib import Path

from .errors import MAX_NAME, InputError, did_you_mean, number_remedy, shortened
from .files import read_csv_rows

COLUMNS = (
    "table", "column", "term", "estimate", "std_error", "t_value", "stars", "ci_low", "ci_high",
    "p_value", "n", "r2", "outcome", "note",
)  # fmt: skip
NUMBERS = ("estimate", "std_error", "t_value", "ci_low", "ci_high", "p_value", "n", "r2")
STARS = ("", "none", "unknown", "*", "**", "***")
MAX_ROWS = 100_000
MAX_EXPONENT, MAX_EXPONENT_P = 30, 300  # squares of ratios must stay numbers
MAX_N = 10**12
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Printed:
    """One printed number with what stands beside it; every number is also kept as text."""

    table: str
    column: str
    term: str
    stars: str
    outcome: str
    note: str
    text: dict[str, str] = field(repr=False)

    @property
    def id(self) -> str:
        return f"{self.table}.{self.column}.{self.term}"

    @property
    def spec_id(self) -> str:
        return f"{self.table}.{self.column}"

    def number(self, name: str) -> float | None:
        """A printed number as a float, or None where the paper does not print it."""
        return float(self.text[name]) if self.text[name] else None

    @property
    def estimate(self) -> float:
        return float(self.text["estimate"])

    @property
    def n(self) -> int | None:
        n = self.number("n")
        return None if n is None else int(n)

    def rounding(self, name: str) -> tuple[float, float]:
        """The interval of values that print as this number does: half a unit either side."""
        value, half = float(self.text[name]), half_unit(self.text[name])
        return value - half, value + half

    def std_error_interval(self) -> tuple[float, float] | None:
        """Standard errors compatible with what is printed (standard error, t-value or interval)."""
        if self.text["std_error"]:
            return _positive(*self.rounding("std_error"))
        if self.text["t_value"]:
            estimate, t = self.rounding("estimate"), self.rounding("t_value")
            if estimate[0] <= 0 <= estimate[1] or t[0] <= 0 <= t[1]:
                return None
            (e0, e1), (t0, t1) = sorted(map(abs, estimate)), sorted(map(abs, t))
            return e0 / t1, e1 / t0
        if self.text["ci_low"] and self.text["ci_high"]:
            (a0, a1), (b0, b1) = self.rounding("ci_low"), self.rounding("ci_high")
            return _positive((b0 - a1) / 2 / NORMAL_95, (b1 - a0) / 2 / NORMAL_95)
        return None

    @property
    def std_error(self) -> float | None:
        """The printed standard error, or the one that the printed t-value or 95% interval implies."""
        if self.std_error_interval() is None:
            return None
        if self.text["std_error"]:
            return float(self.text["std_error"])
        if self.text["t_value"]:
            return abs(self.estimate / float(self.text["t_value"]))
        return (float(self.text["ci_high"]) - float(self.text["ci_low"])) / 2 / NORMAL_95

    @property
    def std_error_source(self) -> str | None:
        """`printed`, `t-value` or `interval`: where `std_error` comes from."""
        if self.std_error_interval() is None:
            return None
        for name, source in (("std_error", "printed"), ("t_value", "t-value"), ("ci_low", "interval")):
            if self.text[name]:
                return source
        return None


def _positive(low: float, high: float) -> tuple[float, float] | None:
    return (max(low, high / 1e6), high) if high > 0 else None


def half_unit(text: str) -> float:
    """Half a unit of the last printed place: '0.205' gives 0.0005, '12' gives 0.5."""
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return float(Decimal(5).scaleb(exponent - 1))


def within_rounding(value: float, text: str) -> bool:
    """Whether a value prints as the text does (ties either way allowed)."""
    return abs(value - float(text)) <= half_unit(text) * (1 + 1e-9) + 2 * ulp(value)


def read_published(path: Path) -> tuple[Printed, ...]:
    """Read and validate a published.csv.

    Raises
    ------
    InputError
        Naming file, row, column and value.
    """
    rows = read_csv_rows(path)
    if not rows:
        raise InputError(f"{path} is empty: its first row must read {','.join(COLUMNS)}.")
    header = [cell.strip() for cell in rows[0]]
    for name in COLUMNS:
        if name not in header:
            raise InputError(f"{path}, row 1: column {name!r} is missing.{did_you_mean(name, header)}")
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{path}, row 1: column {name!r} stands twice; remove one.")
    if len(rows) > MAX_ROWS:
        raise InputError(f"{path} has {len(rows):,} rows, more than {MAX_ROWS:,}: split the study.")
    printed: dict[str, Printed] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path}, row {number} has {len(row)} cells where the header has {len(header)}: "
                "quote a cell that contains a comma."
            )
        one = _printed(path, number, dict(zip(header, (c.strip() for c in row), strict=True)))
        if one.id in printed:
            raise InputError(
                f"{path}, row {number}: {one.id} stands twice; make table, column or term differ."
            )
        printed[one.id] = one
    if not printed:
        raise InputError(f"{path} has a header and no rows: add one row a printed number.")
    return tuple(printed.values())


def _printed(path: Path, row: int, cells: dict[str, str]) -> Printed:
    def wrong(column: str, why: str) -> InputError:
        return InputError(f"{path}, row {row}, column {column!r}: {cells[column]!r} {why}.")

    for column in ("table", "column", "term", "estimate"):
        if not cells[column]:
            raise wrong(column, "is empty; every printed number needs a table, column, term and estimate")
    for column in ("table", "column", "term", "outcome"):
        if len(cells[column]) > MAX_NAME:
            cells[column] = shortened(cells[column], 60)
            raise wrong(column, f"has more than {MAX_NAME} characters; shorten it")
    for column in ("table", "column"):
        if "." in cells[column] or any(c.isspace() for c in cells[column]):
            raise wrong(column, "has a dot or a blank; ids read table.column.term, so use T4 and 2")
    for column in NUMBERS:
        cells[column] = cells[column].replace("−", "-")
        most = MAX_EXPONENT_P if column == "p_value" else MAX_EXPONENT
        if cells[column] and not _is_number(cells[column], most):
            plain = "copy the digits as printed, stars go to column 'stars'"
            raise wrong(column, f"is not a number; {number_remedy(cells[column], plain)}")
    if cells["stars"] not in STARS:
        raise wrong("stars", "is not one of ***, **, *, none, unknown or empty")
    if cells["std_error"] and float(cells["std_error"]) < 0:
        raise wrong("std_error", "is negative; a standard error is not")
    if cells["n"] and not float(cells["n"]).is_integer():
        raise wrong("n", "is not a whole number")
    if cells["n"] and abs(float(cells["n"])) > MAX_N:
        raise wrong("n", f"is beyond {MAX_N:,}; copy the number of observations as printed")
    if cells["ci_low"] and cells["ci_high"] and float(cells["ci_low"]) > float(cells["ci_high"]):
        raise wrong("ci_low", f"lies above ci_high {cells['ci_high']!r}; swap them")
    text = {name: cells[name] for name in NUMBERS}
    return Printed(
        **{k: cells[k] for k in ("table", "column", "term", "stars", "outcome", "note")}, text=text
    )


def _is_number(text: str, most: int) -> bool:
    if "_" in text:  # Decimal drops it anywhere, float takes it between digits only
        return False
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and max(abs(exponent), abs(number.adjusted())) <= most
