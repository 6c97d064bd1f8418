"""R², adjusted R², t, slope, constant and the printed moments of least-squares columns must agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ...data.intervals import Interval, total
from ...data.published import Printed
from .columns import CONSTANT, Column, Tables, printed
from .finding import Finding, Status, listed, show


def simple(column: Column) -> bool:
    """Pooled least squares of one variable on one other."""
    return column.spec.rules.plain_least_squares and len(column.terms) == 1 and len(column.slopes) == 1


def adjusted(r2: Interval, n: int, k: int) -> Interval:
    """Adjusted R² of `k` slopes and a constant."""
    return 1 - (1 - r2) * ((n - 1) / max(n - k - 1, 1))


def t_size(cell: Printed) -> Interval | None:
    """|t|: printed, or estimate ÷ standard error."""
    if cell.text["t_value"]:
        return abs(printed(cell, "t_value"))
    return abs(printed(cell)) / printed(cell, "std_error") if cell.text["std_error"] else None


@dataclass(frozen=True)
class Reading:
    """What R² of a simple regression follows from: its name, the numbers, and the interval it gives."""

    ids: tuple[str, ...]
    words: str
    r2: Interval
    conventional: bool


def readings(tables: Tables, column: Column) -> list[Reading]:
    """R² of a simple regression from its t, t²/(t² + n - 2), and from its slope, (b·sd(x)/sd(y))²."""
    (term, cell), found = next(iter(column.slopes.items())), []
    t = t_size(cell)
    if t is not None and column.n is not None and column.n > 2:
        df = column.n - 2
        low, high = (x**2 / (x**2 + df) if math.isfinite(x) else 1.0 for x in (t.low, t.high))
        words = f"t {show(t)} gives t²/(t² + {df}) = {show(Interval(low, high))}"
        found.append(Reading((cell.id,), words, Interval(low, high), True))
    x, y = tables.described.get(term), tables.described.get(column.outcome)
    if x and y and tables.moments_fit(column) and "sd" in x and "sd" in y:
        r2 = (printed(cell) * x["sd"] / y["sd"]).square()
        slope, sd_x, sd_y = (c.text["estimate"] for c in (cell, x.cells["sd"], y.cells["sd"]))
        words = f"({slope}·{sd_x}/{sd_y})² = {show(r2)}"
        found.append(Reading((cell.id, x.cells["sd"].id, y.cells["sd"].id), words, r2, False))
    return found


@lru_cache(maxsize=2)
def adjusted_tables(tables: Tables) -> frozenset[str]:
    """Tables whose "R²" is the adjusted one, as the t of one of their simple regressions shows."""
    found = set()
    for column in filter(simple, tables.columns):
        r2, n = column.statistic("R2"), column.n
        common = _common(readings(tables, column)) if r2 is not None and n is not None else None
        if common and r2 and n and not common.meets(r2) and adjusted(common, n, 1).meets(r2):
            found.add(column.table)
    return frozenset(found)


def taken_back(r2: Interval, column: Column) -> Interval:
    """The R² whose adjusted value is `r2`; `r2` itself where the degrees of freedom are unknown."""
    if column.n is None or column.residual_df is None or column.n < 2:
        return r2
    return 1 - (1 - r2) * (column.residual_df / (column.n - 1))


def plain_r2(tables: Tables, column: Column) -> Interval | None:
    """R² of a column, converted from the adjusted one where its table is known to print that."""
    r2 = column.statistic("R2")
    return taken_back(r2, column) if r2 is not None and column.table in adjusted_tables(tables) else r2


def r_squared(tables: Tables) -> list[Finding]:
    """`r2_t`: the printed R² of a simple regression against its t and its slope, as R² or adjusted R²."""
    findings = []
    for column in filter(simple, tables.columns):
        r2, n = column.statistic("R2"), column.n
        found = readings(tables, column) if r2 is not None and n is not None else []
        if r2 is None or n is None or not found:
            continue
        if column.spec.vcov != "iid":
            found = [r for r in found if not r.conventional or r.r2.meets(r2)] or found
        ids = (*dict.fromkeys(i for r in found for i in r.ids), column.statistic_id("R2"))
        words = "; ".join(r.words for r in found) + f"; printed {show(r2)}"
        common = _common(found)
        if common is None:
            findings.append(
                Finding(
                    "r2_t", ids, "only_if",
                    f"{column.id}: t and slope imply different R²: only if the errors are not conventional, "
                    "or the descriptive statistics are of other rows.", words,
                )
            )  # fmt: skip
            found = [r for r in found if not r.conventional]
            common = found[0].r2
        plain, less = common.meets(r2), adjusted(common, n, 1).meets(r2)
        if not plain:
            words += f"; adjusted {show(adjusted(common, n, 1))}"
        statement = (
            f"{column.id}: R² is that of its t and slope."
            if plain
            else f"{column.id}: the printed R² fits its t and slope only if it is the adjusted R²."
            if less
            else f"{column.id}: the printed R² is neither R² nor adjusted R² of its t and slope."
        )
        conventional = all(r.conventional for r in found)
        status: Status = "consistent" if plain else "only_if" if less or conventional else "impossible"
        if status == "only_if" and not less:
            statement = (
                f"{column.id}: the printed R² is not that of its t: only if the errors are not "
                "conventional, or other regressors are in."
            )
        findings.append(Finding("r2_t", ids, status, statement, words, common.middle))
    return findings


def _common(found: list[Reading]) -> Interval | None:
    common = found[0].r2 if found else None
    for reading in found[1:]:
        common = common.meet(reading.r2) if common else None
    return common


def adjusted_r2(tables: Tables) -> list[Finding]:
    """R² and adjusted R², both printed, leave few numbers of regressors."""
    findings = []
    for column in tables.columns:
        r2, less, n = column.statistic("R2"), column.statistic("adj_R2"), column.n
        if r2 is None or less is None or n is None or column.absorbed is None:
            continue
        possible = [k for k in range(n - 1) if adjusted(r2, n, k).meets(less)]
        mine = column.stated_terms + column.absorbed - 1
        words = (
            f"1 - (1 - {show(r2.middle)})·{n - 1}/({n - 1} - k) prints as "
            f"{column.cells['adj_R2'].text['estimate']} for k of {_runs(possible)}; the column has {mine}"
        )
        ids = (column.statistic_id("R2"), column.statistic_id("adj_R2"))
        hidden = len(column.terms) - sum(t in column.cells for t in column.terms)
        if mine in possible and not hidden:
            findings.append(
                Finding(
                    "adjusted_r2",
                    ids,
                    "consistent",
                    f"{column.id}: R² and adjusted R² fit {mine} regressors.",
                    words,
                    mine,
                )
            )
        elif mine in possible:
            findings.append(Finding("adjusted_r2", ids, "only_if", *_hidden(column, possible, words), mine))
        elif possible:
            findings.append(
                Finding(
                    "adjusted_r2",
                    ids,
                    "only_if",
                    f"{column.id}: R² and adjusted R² fit only if there are {_runs(possible)} regressors, "
                    f"not {mine}.",
                    words,
                    possible[0],
                )
            )
        else:
            findings.append(
                Finding(
                    "adjusted_r2",
                    ids,
                    "impossible",
                    f"{column.id}: no number of regressors makes this adjusted R² of this R².",
                    words,
                )
            )
    return findings


def _hidden(column: Column, possible: list[int], words: str) -> tuple[str, str]:
    shown = [t for t in column.terms if t in column.cells]
    statement = (
        f"{column.id} prints {listed(shown)} alone; R² and adjusted R² fit {_runs(possible)} regressors"
    )
    t = t_size(column.cells[shown[0]]) if len(shown) == 1 else None
    if t is None or column.n is None or column.spec.parsed.effects:
        return f"{statement}: only if others are in the regression.", words
    alone = t.middle**2 / (t.middle**2 + column.n - 2)
    r2 = column.statistic("R2")
    words += (
        f"; t of {show(t.middle)} alone would make R² {show(alone, 3)}, printed "
        f"{show(r2.middle if r2 else alone, 3)}"
    )
    return f"{statement}, and its t alone another R²: only if others are in the regression.", words


def _runs(numbers: list[int]) -> str:
    if not numbers:
        return "no number"
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def through_means(tables: Tables) -> list[Finding]:
    """Least squares passes through the means: constant = mean(y) - Σ b·mean(x).

    With effects this holds where they are measured from their average, and not where they are measured
    from a base category.
    """
    findings = []
    for column in tables.columns:
        if CONSTANT not in column.cells or not tables.moments_fit(column) or column.spec.parsed.endogenous:
            continue
        cells = [column.slopes.get(t) for t in column.terms]
        if None in cells or not all("mean" in tables.described[v] for v in (column.outcome, *column.terms)):
            continue
        mean = tables.described[column.outcome]
        parts = [printed(c) * tables.described[c.term]["mean"] for c in cells if c]
        found = mean["mean"] - total(parts)
        constant = column.cells[CONSTANT]
        effects = bool(column.spec.parsed.effects)
        good = found.meets(printed(constant))
        words = (
            f"{mean.cells['mean'].text['estimate']} - ("
            + " + ".join(
                f"{c.text['estimate']}·{tables.described[c.term].cells['mean'].text['estimate']}"
                for c in cells
                if c
            )
            + f") = {show(found)}; printed {constant.text['estimate']}"
        )
        ids = (
            constant.id,
            *(c.id for c in cells if c),
            *(tables.described[v].cells["mean"].id for v in (column.outcome, *column.terms)),
        )
        status: Status = "consistent" if good else "only_if" if effects else "impossible"
        statement = (
            f"{column.id}: the constant is that of a regression through the means."
            if good
            else f"{column.id}: the constant is not that of effects measured from their average: only if it "
            "belongs to a base category."
            if effects
            else f"{column.id}: the constant is not mean(y) less slopes times means."
        )
        rule = "simple_regression" if simple(column) else "through_means"
        findings.append(Finding(rule, ids, status, statement, words, found.middle))
        if simple(column):
            findings += _constant_error(tables, column)
    return findings


def _constant_error(tables: Tables, column: Column) -> list[Finding]:
    """se(constant)/se(slope) = sqrt(mean(x)² + (n - 1)/n·sd(x)²) under conventional errors."""
    (term, cell), constant = next(iter(column.slopes.items())), column.cells[CONSTANT]
    errors, x = (constant.std_error_interval(), cell.std_error_interval()), tables.described[term]
    if None in errors or column.n is None or "sd" not in x:
        return []
    of_constant, of_slope = (Interval(*e) for e in errors if e)
    expected = (x["mean"].square() + x["sd"].square() * ((column.n - 1) / column.n)).sqrt()
    found = of_constant / of_slope
    good = found.meets(expected)
    statement = f"{column.id}: standard errors of constant and slope " + (
        "stand as conventional ones do."
        if good
        else "do not stand as conventional ones do: only if they are robust ones."
    )
    words = (
        f"{show(of_constant)} over {show(of_slope)} is {show(found)}; sqrt(mean(x)² + (n - 1)/n·sd(x)²) "
        f"= {show(expected)}"
    )
    return [
        Finding(
            "simple_regression",
            (constant.id, cell.id),
            "consistent" if good else "only_if",
            statement,
            words,
            found.middle,
        )
    ]
