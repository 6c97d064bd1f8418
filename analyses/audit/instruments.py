"""First-stage F against the t of its instruments; standard errors of 2SLS against those of least squares."""

from __future__ import annotations

import math

from .columns import Column, Tables, printed
from .finding import Finding, listed, show
from .fit import t_size


def instruments(tables: Tables) -> list[Finding]:
    """`first_stage` and `instrument`."""
    findings = []
    stages = {c.id: c for c in tables.columns if c.spec.parsed.endogenous}
    for column in tables.columns:
        names = {
            str(i)
            for c in stages.values()
            for i in c.spec.parsed.instruments
            if column.outcome in map(str, c.spec.parsed.endogenous)
        }
        if names and names <= set(column.terms):
            findings += _first_stage(column, sorted(names))
    for column in stages.values():
        findings += _errors(tables, column)
    return findings


def _first_stage(column: Column, names: list[str]) -> list[Finding]:
    """F of q instruments is at least max(t²)/q; of two, it gives the correlation of their estimates."""
    cells = [column.cells[n] for n in names if n in column.cells]
    sizes = [t for c in cells if (t := t_size(c)) is not None]
    if "F" not in column.cells or len(sizes) < len(names) or column.spec.vcov != "iid":
        return []
    f, q = printed(column.cells["F"]), len(names)
    least = max(t.low for t in sizes) ** 2 / q
    ids = (column.cells["F"].id, *(c.id for c in cells))
    words = (
        f"F {column.cells['F'].text['estimate']}; t of {listed(f'{show(t.middle, 3)}' for t in sizes)}; "
        f"max(t²)/{q} = {show(least, 3)}"
    )
    if f.high < least:
        statement = (
            f"{column.id}: the F of {q} instruments cannot be below the largest t² over {q}: only if "
            "it is another F, or of other errors."
        )
        return [Finding("first_stage", ids, "only_if", statement, words, f.middle)]
    statement = f"{column.id}: F and t of the instruments can hold together."
    if q == 2:
        roots = _correlations(f.middle, sizes[0].middle, sizes[1].middle)
        words += f"; needs a correlation of the two estimates of {' or '.join(show(r, 2) for r in roots)}"
    return [Finding("first_stage", ids, "consistent", statement, words, f.middle)]


def _correlations(f: float, one: float, other: float) -> list[float]:
    """Roots r of F = (t1² + t2² - 2·r·t1·t2)/(2(1 - r²))."""
    if f <= 0:
        return []
    under = (one * other) ** 2 - 2 * f * (one**2 + other**2 - 2 * f)
    if under < 0:
        return []
    return [r for sign in (-1, 1) if -1 < (r := (one * other + sign * math.sqrt(under)) / (2 * f)) < 1]


def _errors(tables: Tables, column: Column) -> list[Finding]:
    """Conventional standard errors of two-stage least squares are at least those of least squares.

    This holds where the least-squares column has at least as many rows.
    """
    findings = []
    for plain in tables.columns:
        same = set(plain.terms) == set(column.terms) and plain.outcome == column.outcome and plain.linear
        if (
            not same
            or plain.spec.parsed.endogenous
            or plain.spec.parsed.effects != column.spec.parsed.effects
            or plain.spec.steps
        ):
            continue
        if (plain.n or 0) < (column.n or 0):
            continue
        for name in map(str, column.spec.parsed.endogenous):
            if name not in plain.cells or name not in column.cells:
                continue
            a, b = column.cells[name].std_error_interval(), plain.cells[name].std_error_interval()
            if a and b and a[1] < b[0]:
                statement = (
                    f"{column.id}: {name} has a smaller standard error instrumented than in "
                    f"{plain.id}: only if the errors of the two are of different kinds."
                )
                words = f"{show((a[0] + a[1]) / 2, 3)} < {show((b[0] + b[1]) / 2, 3)}"
                findings.append(
                    Finding(
                        "instrument",
                        (column.cells[name].id, plain.cells[name].id),
                        "only_if",
                        statement,
                        words,
                        (a[0] + a[1]) / (b[0] + b[1]),
                    )
                )
    return findings
