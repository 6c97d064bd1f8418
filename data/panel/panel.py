"""An entity by time data set: balanced or not, validated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ..display import display
from ..errors import InputError, did_you_mean, number_remedy, such
from ..study.formula import Term
from .keys import composed, entity_names, synthetic_label, whole_times
from .read import marked_synthetic, read_table

MAX_ROWS = 50_000_000


@dataclass(frozen=True, eq=False)
class Panel:
    """A validated panel.

    Attributes
    ----------
    frame
        One row an entity-time, sorted by both; the index holds the row number in the file.
    entity, time
        Names of the two key columns; entities are text, times whole numbers.
    source
        Where it came from, as messages should name it.
    synthetic
        Whether the panel is simulated; every output then says so.

    Examples
    --------
    >>> import pandas as pd
    >>> import posterity as po
    >>> frame = pd.DataFrame({"city": ["A", "A", "B"], "year": [2001, 2002, 2001], "wage": [3.1, 3.3, 2.9]})
    >>> panel = po.Panel.of(frame, entity="city", time="year", source="my data frame")
    >>> panel.n_entities, panel.n_times, panel.balanced
    (2, 2, False)
    """

    frame: pd.DataFrame
    entity: str
    time: str
    source: str
    synthetic: bool = False

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        entity: str,
        time: str,
        sheet: str | None = None,
        synthetic: bool | None = None,
        rename: dict[str, str] | None = None,
    ) -> Panel:
        """Read CSV, Parquet, Stata `.dta` or Excel; `rename` gives columns of the file other names.

        Raises
        ------
        InputError
            One sentence naming file, row, column, value and remedy.
        """
        path = Path(path)
        rename = rename or {}
        named = tuple(old for old, new in rename.items() if new == entity) or (entity,)
        frame = read_table(path, sheet, text=named)
        for old in rename:
            if old not in frame.columns:
                raise InputError(
                    f"{path} has no column {old!r}, which the study renames."
                    f"{did_you_mean(old, frame.columns)}"
                )
        frame = frame.rename(columns=rename)
        if synthetic is None:
            synthetic = "synthetic" in path.name.lower() or marked_synthetic(path)
        return cls.of(frame, entity=entity, time=time, source=str(path), synthetic=synthetic)

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, entity: str, time: str, source: str, synthetic: bool = False
    ) -> Panel:
        """Validate a data frame whose index holds row numbers."""
        twice = frame.columns[frame.columns.duplicated()]
        if len(twice):
            raise InputError(f"{source}: column {str(twice[0])!r} stands twice; rename one.")
        for role, name in (("entity", entity), ("time", time)):
            if name not in frame.columns:
                raise InputError(
                    f"{source} has no column {name!r}, the {role} of the study."
                    f"{did_you_mean(name, frame.columns)}"
                )
        if entity == time:
            raise InputError(f"{source}: entity and time are both {entity!r}; name two columns.")
        if frame.empty:
            raise InputError(f"{source} has a header and no rows: give one row an entity and time.")
        if len(frame) > MAX_ROWS:
            raise InputError(f"{source} has {len(frame):,} rows, more than {MAX_ROWS:,}.")
        if not frame.index.is_unique:
            frame = frame.set_axis(range(1, len(frame) + 1))
        keys = {entity: entity_names(frame[entity], source), time: whole_times(frame[time], source)}
        frame = frame.assign(**keys)
        duplicate = frame.duplicated([entity, time], keep="first")
        if duplicate.any():
            row = duplicate.idxmax()
            who, when = frame.loc[row, entity], frame.loc[row, time]
            first = frame.index[(frame[entity] == who) & (frame[time] == when)][0]
            raise InputError(
                f"{source}, row {row}: {who!r} in {when} stands already in row {first}"
                f"{such(int(duplicate.sum()), 'rows in all')}; keep one row an entity and time."
            )
        for name, least in ((entity, 2), (time, 2)):
            values = frame[name].unique()
            if len(values) < least:
                raise InputError(
                    f"{source}: column {name!r} holds one value only ({values[0]!r}); a panel needs at "
                    "least two."
                )
        return cls(frame.sort_values([entity, time]), entity, time, source, synthetic)

    @property
    def n_entities(self) -> int:
        return self.frame[self.entity].nunique()

    @property
    def n_times(self) -> int:
        return self.frame[self.time].nunique()

    @property
    def balanced(self) -> bool:
        return len(self.frame) == self.n_entities * self.n_times

    @property
    def singletons(self) -> list[str]:
        """Entities that are seen once."""
        counts = self.frame[self.entity].value_counts()
        return sorted(counts.index[counts == 1])

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The panel as an xarray data set with dims (entity, time); gaps are missing values."""
        return self.frame.set_index([self.entity, self.time]).to_xarray()

    @cached_property
    def sha256(self) -> str:
        """A fingerprint of the content, whatever the file format or the order of rows and columns."""
        digest = hashlib.sha256()
        ordered = self.frame[sorted(self.frame.columns, key=str)]
        for column in ordered.columns:
            text = [v.hex() if isinstance(v, float) else str(v) for v in ordered[column].tolist()]
            # JSON quotes what separates, so that no other panel has the same text
            digest.update(json.dumps([str(column), *text]).encode())
        return digest.hexdigest()

    def numeric(self, name: str) -> pd.Series:
        """A column as floats, missing where blank.

        Raises
        ------
        InputError
            If the column is absent, holds text, or is infinite somewhere.
        """
        if name not in self.frame.columns:
            raise InputError(f"{self.source} has no column {name!r}.{did_you_mean(name, self.frame.columns)}")
        column = self.frame[self._beside(name) if self._beside(name) in self.frame.columns else name]
        if pd.api.types.is_bool_dtype(column):
            column = column.astype(float)
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        bad = numbers.isna() & column.notna()
        if bad.any():
            row = bad.idxmax()
            raise InputError(
                f"{self.source}, row {row}, column {name!r}: {column.loc[row]!r} is not a number"
                f"{such(int(bad.sum()))}; "
                f"{number_remedy(str(column.loc[row]), 'leave a missing value blank')}."
            )
        infinite = np.isinf(numbers)
        if infinite.any():
            row = infinite.idxmax()
            raise InputError(
                f"{self.source}, row {row}, column {name!r}: the value is infinite"
                f"{such(int(infinite.sum()))}; correct it or leave it blank."
            )
        return numbers

    def term(self, term: Term) -> pd.Series:
        """The values of a formula's term."""
        values = self.numeric(term.variable)
        if not term.log:
            return values
        bad = values <= 0
        if bad.any():
            row = bad.idxmax()
            raise InputError(
                f"{self.source}, row {row}, column {term.variable!r}: log({values.loc[row]:g}) does not exist"
                f"{such(int(bad.sum()), 'rows')}; drop these rows or use the variable without log()."
            )
        return np.log(values)

    def with_columns(self, columns: dict[str, pd.Series]) -> Panel:
        """The same panel with columns added or replaced; a key keeps its own beside what `numeric` gives."""
        return replace(self, frame=self.frame.assign(**{self._beside(k): v for k, v in columns.items()}))

    def _beside(self, name: str) -> str:
        return f"{name}\x00value" if name in (self.entity, self.time) else name

    def where(self, keep: pd.Series) -> Panel:
        """The rows for which `keep` holds."""
        return replace(self, frame=self.frame.loc[keep])

    def labelled(self, entity: str) -> str:
        """An entity that a study names as this panel calls it: in a twin its name is marked SYNTHETIC."""
        name = composed(entity)
        marked = synthetic_label(name)
        return marked if self.synthetic and (self.frame[self.entity] == marked).any() else name

    def with_groups(self, groups: dict[str, dict[str, list[str]]]) -> Panel:
        """Add the study's groups of entities as columns, where the panel has none of that name."""
        known = set(self.frame[self.entity])
        panel = self
        for name, members in groups.items():
            if name in self.frame.columns:
                continue
            of = {self.labelled(entity): group for group, entities in members.items() for entity in entities}
            absent = [entity for entity in of if entity not in known]
            if len(absent) == len(of):
                continue
            if absent:
                raise InputError(
                    f"{self.source}: group {name!r} of the study names the {self.entity} {absent[0]!r}, "
                    "which the "
                    f"panel does not have.{did_you_mean(absent[0], known)}"
                )
            panel = panel.with_columns({name: panel.frame[self.entity].map(of)})
        return panel

    def _repr_html_(self) -> str:
        shape = "balanced" if self.balanced else "unbalanced"
        label = "SYNTHETIC panel" if self.synthetic else "panel"
        size = (
            f"{self.n_entities} {self.entity} × {self.n_times} {self.time}, {len(self.frame):,} rows, "
            f"{shape}; the first:"
        )
        first = self.frame.head(4)
        return display(
            f"{label}: {Path(self.source).name}",
            [size],
            [*map(str, first.columns)],
            first.to_numpy().tolist(),
        )
