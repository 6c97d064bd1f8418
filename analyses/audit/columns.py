"""The printed numbers as the rules read them: columns of regressions, and described variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ...data.intervals import Interval
from ...data.published import Printed
from ...data.sample.counts import Counts, counts_of_column
from ...data.sample.steps import linear
from ...data.study.file import StudyFile
from ...data.study.spec import Spec, Step

CONSTANT = "_cons"
DESCRIPTIVES = ("n", "mean", "sd", "min", "max", "median")


@dataclass(frozen=True)
class Column:
    """One column of a regression table: its specification beside its printed numbers.

    Attributes
    ----------
    cells : every printed number of the column, by term
    counts : of the sample if nothing is missing, None where the study does not say
    """

    id: str
    spec: Spec
    cells: dict[str, Printed]
    counts: Counts

    @property
    def entities(self) -> int | None:
        return self.counts.entities

    @property
    def periods(self) -> int | None:
        return self.counts.periods

    @property
    def table(self) -> str:
        return self.id.split(".")[0]

    @property
    def outcome(self) -> str:
        return str(self.spec.parsed.outcome)

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Regressors of the formula."""
        return tuple(str(t) for t in self.spec.parsed.terms)

    @cached_property
    def coefficients(self) -> dict[str, Printed]:
        """Printed coefficients, the constant and those of threshold regimes among them."""
        regime = f"{self.spec.regime_dependent}_regime" if self.spec.regime_dependent else None
        return {
            term: cell
            for term, cell in self.cells.items()
            if term in self.terms or term == CONSTANT or (regime and term.startswith(regime))
        }

    @property
    def slopes(self) -> dict[str, Printed]:
        return {term: cell for term, cell in self.coefficients.items() if term != CONSTANT}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(cell.id for cell in self.coefficients.values())

    @property
    def n(self) -> int | None:
        if "N" in self.cells:
            return int(self.cells["N"].estimate)
        return next((c.n for c in self.cells.values() if c.n is not None), None)

    def statistic(self, name: str) -> Interval | None:
        """Rounding interval of `R2` or `adj_R2`."""
        if name in self.cells:
            return printed(self.cells[name])
        if name == "R2":
            return next((printed(c, "r2") for c in self.cells.values() if c.text["r2"]), None)
        return None

    def statistic_id(self, name: str) -> str:
        return f"{self.id}.{name}"

    @property
    def stated_terms(self) -> int:
        """Slopes that the specification estimates: one more for each threshold."""
        return self.counts.slopes

    @property
    def absorbed(self) -> int | None:
        """Constants that the effects take up (1 without effects)."""
        return self.counts.absorbed

    @property
    def residual_df(self) -> int | None:
        """n less every estimated slope and effect."""
        return None if self.n is None else self.counts.residual_df(self.n)

    @property
    def linear(self) -> bool:
        """Least squares without steps that treat each variable on its own."""
        return linear(self.spec.steps)

    @property
    def sample(self) -> tuple[str, int | None]:
        """Columns with equal samples have equal rows, as far as the study says."""
        return repr([_plain(s) for s in self.spec.steps]), self.n


def _plain(step: Step) -> dict[str, object]:
    return step.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Described:
    """Printed descriptive statistics of one variable, by name of the statistic."""

    variable: str
    cells: dict[str, Printed] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.cells

    def __getitem__(self, name: str) -> Interval:
        return printed(self.cells[name])

    @property
    def n(self) -> int | None:
        return int(self.cells["n"].estimate) if "n" in self.cells else None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(cell.id for cell in self.cells.values())


@dataclass(frozen=True, eq=False)
class Tables:
    """A study's printed numbers, arranged once for all rules."""

    file: StudyFile
    columns: tuple[Column, ...]
    described: dict[str, Described]

    def column(self, spec_id: str) -> Column | None:
        return next((c for c in self.columns if c.id == spec_id), None)

    def moments_fit(self, column: Column) -> bool:
        """Whether the descriptive statistics speak of this column's rows."""
        variables = (column.outcome, *column.terms)
        return not column.spec.steps and all(
            v in self.described and self.described[v].n in (None, column.n) for v in variables
        )


def printed(cell: Printed, name: str = "estimate") -> Interval:
    """The rounding interval of one printed number."""
    return Interval(*cell.rounding(name))


def arrange(file: StudyFile) -> Tables:
    """Sort a study's printed numbers into columns and described variables."""
    columns = []
    for spec_id, spec in file.spec.items():
        cells = {p.term: p for p in file.printed(spec_id)}
        columns.append(Column(spec_id, spec, cells, counts_of_column(file, spec)))
    described: dict[str, dict[str, Printed]] = {}
    table = file.study.descriptives
    for p in file.published:
        if p.table == table and p.column in DESCRIPTIVES:
            described.setdefault(p.term, {})[p.column] = p
    return Tables(file, tuple(columns), {v: Described(v, cells) for v, cells in described.items()})
