"""Indicator systems of composite indices, and their columns in a table of raw indicators."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from ..files import read_csv_rows
from ..panel.panel import Panel

NEEDED = ("index", "dimension", "indicator", "direction")
READ = (*NEEDED, "column", "unit", "table", "measurement", "note")


@dataclass(frozen=True)
class Indicator:
    """One indicator of one index; `column` is its name in tables and in other systems that share it, `table`
    where the paper lists it."""

    index: str
    dimension: str
    name: str
    column: str
    negative: bool
    unit: str = ""
    table: str = ""
    measurement: str = ""
    note: str = ""


@dataclass(frozen=True)
class System:
    """The indicators of one index.

    Attributes
    ----------
    index : its name
    indicators : in the paper's order
    """

    index: str
    indicators: tuple[Indicator, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(i.column for i in self.indicators)

    @property
    def negative(self) -> NDArray[np.bool_]:
        """(k,) Whether more of it is worse."""
        return np.array([i.negative for i in self.indicators])

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(i.dimension for i in self.indicators if i.dimension))

    def part(self, dimension: str) -> System:
        """One dimension as an index of its own."""
        return System(dimension, tuple(i for i in self.indicators if i.dimension == dimension))

    def with_parts(self) -> tuple[System, ...]:
        """The index, then each of its dimensions where there are several."""
        return (self, *(map(self.part, self.dimensions) if len(self.dimensions) > 1 else ()))


def read_systems(path: Path) -> dict[str, System]:
    """Read the systems of a study from CSV, by index.

    Columns `index`, `dimension`, `indicator`, `direction` (+ or -); optional `column`, `unit`, `table`,
    `measurement`, `note`; others are left alone. Where `column` is blank the indicator's name is its
    column.

    Raises
    ------
    InputError
        One sentence naming file, row and value.
    """
    rows = read_csv_rows(path)
    if len(rows) < 2:
        raise InputError(
            f"{path} lists no indicator: give the header {','.join(NEEDED)} and one row an indicator."
        )
    header = [name.strip() for name in rows[0]]
    for name in NEEDED:
        if name not in header:
            raise InputError(f"{path}, row 1 has no column {name!r}.{did_you_mean(name, header)}")
    found: dict[str, list[Indicator]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(f"{path}, row {number} has {len(row)} cells where the header has {len(header)}.")
        cell = {name: row[header.index(name)].strip() if name in header else "" for name in READ}
        for name in ("index", "indicator"):
            if not cell[name]:
                raise InputError(f"{path}, row {number}, column {name!r} is blank; fill it.")
        if cell["direction"] not in ("+", "-"):
            raise InputError(
                f"{path}, row {number}, column 'direction' holds {cell['direction']!r}; write + or - (more "
                "is worse)."
            )
        one = Indicator(
            cell["index"], cell["dimension"], cell["indicator"], cell["column"] or cell["indicator"],
            cell["direction"] == "-", cell["unit"], cell["table"], cell["measurement"], cell["note"],
        )  # fmt: skip
        mine = found.setdefault(one.index, [])
        if one.column in (i.column for i in mine):
            raise InputError(
                f"{path}, row {number}: {one.column!r} stands twice in index {one.index!r}; give each "
                "indicator its own "
                "'column'."
            )
        mine.append(one)
    return {name: System(name, tuple(indicators)) for name, indicators in found.items()}


@dataclass(frozen=True, eq=False)
class Table:
    """A panel of raw indicators set beside the systems of a study.

    Attributes
    ----------
    systems : those whose indicators the panel has
    absent : indices none of whose indicators it has
    columns : the distinct indicators of the systems, by `Indicator.column`
    X : (n, k) their values in the panel's order of rows, gaps as not-a-number
    unused : columns of the panel that are neither keys nor indicators
    """

    panel: Panel
    systems: dict[str, System]
    absent: tuple[str, ...]
    columns: tuple[str, ...]
    X: NDArray[np.float64]
    unused: tuple[str, ...]

    @property
    def entity(self) -> NDArray[np.int64]:
        """(n,) codes in the order of sorted names."""
        return np.unique(self.panel.frame[self.panel.entity], return_inverse=True)[1]

    @property
    def years(self) -> NDArray[np.int64]:
        """(n,)"""
        return self.panel.frame[self.panel.time].to_numpy(np.int64)

    @property
    def times(self) -> NDArray[np.int64]:
        """(n,) codes of years"""
        return np.unique(self.years, return_inverse=True)[1]

    def where(self, system: System) -> list[int]:
        """Positions in `columns` of a system's indicators."""
        return [self.columns.index(column) for column in system.columns]


def match(panel: Panel, systems: dict[str, System]) -> Table:
    """Find each indicator's column: by its `column`, by its name, or by its measurement.

    Raises
    ------
    InputError
        Where a system's indicators are there in part; or the panel has none of any system; or a column
        holds text or is blank throughout.
    """
    header = [name for name in panel.frame.columns if name not in (panel.entity, panel.time)]
    at: dict[str, str] = {}
    present, absent = {}, []
    for index, system in systems.items():
        names = Counter(i.name for i in system.indicators)
        places = {i.column: _place(i, header, names[i.name] == 1) for i in system.indicators}
        missing = [column for column, place in places.items() if place is None]
        if len(missing) == len(places):
            absent.append(index)
            continue
        if missing:
            shown = ", ".join(map(repr, missing[:6])) + (", ..." if len(missing) > 6 else "")
            near = did_you_mean(missing[0], header)
            raise InputError(
                f"{panel.source} lacks {len(missing)} of the {len(places)} indicators of {index}: {shown}; "
                "add these "
                f"columns, or name yours in the 'column' field of the study's indicators."
                f"{near if 'Did you mean' in near else ''}"
            )
        at |= {column: str(place) for column, place in places.items()}
        present[index] = system
    if not present:
        first = next(iter(systems.values()))
        raise InputError(
            f"{panel.source} has no indicator of {', '.join(systems)}; it needs columns such as "
            f"{', '.join(map(repr, first.columns[:3]))}."
        )
    columns = tuple(at)
    X = np.column_stack([panel.numeric(at[column]).to_numpy(float) for column in columns])
    blank = np.isnan(X).all(axis=0)
    if blank.any():
        raise InputError(
            f"{panel.source}, column {at[columns[int(blank.argmax())]]!r} is blank throughout; fill it."
        )
    unused = tuple(name for name in header if name not in at.values())
    return Table(panel, present, tuple(absent), columns, X, unused)


def _place(indicator: Indicator, header: list[str], unique: bool) -> str | None:
    for name in (indicator.column, indicator.name if unique else "", indicator.measurement):
        if name and name in header:
            return name
    return None
