"""The R² of nested columns against each other, and against the t of the regressor that was added."""

from __future__ import annotations

from ...data.intervals import Interval
from .columns import Column, Tables
from .finding import Finding, show
from .fit import adjusted_tables, t_size, taken_back


def pairs_of_r2(tables: Tables, short: Column, long: Column) -> list[tuple[Interval, Interval]]:
    """The R² of two columns in each reading that their tables allow.

    As printed, unless their tables are known to print adjusted R²; converted from adjusted R² to R² where
    that is known of their tables or of another table.
    """
    known = adjusted_tables(tables)
    lower, upper = short.statistic("R2"), long.statistic("R2")
    if lower is None or upper is None:
        return []
    back = [(taken_back(lower, short), taken_back(upper, long))] if known else []
    plain = [] if {short.table, long.table} <= known else [(lower, upper)]
    if len({short.table, long.table} & known) == 1:
        plain.append((back[0][0], upper) if short.table in known else (lower, back[0][1]))
    return plain + back


def nested_r2(tables: Tables) -> list[Finding]:
    """R² cannot fall when regressors or effects join a least-squares column on the same rows."""
    findings, good = [], []
    for long in tables.columns:
        upper = long.statistic("R2")
        if upper is None or long.spec.parsed.endogenous or not long.linear:
            continue
        for short in tables.columns:
            lower = short.statistic("R2")
            if lower is None or not _nested(short, long):
                continue
            ids = (short.statistic_id("R2"), long.statistic_id("R2"))
            if any(more.high >= less.low - 1e-12 for less, more in pairs_of_r2(tables, short, long)):
                good.append((lower.middle, upper.middle, ids))
                continue
            words = f"{show(upper.middle)} < {show(lower.middle)}"
            allowed = (
                ""
                if {short.table, long.table} & adjusted_tables(tables)
                else _as_adjusted(short, lower, long, upper)
            )
            kinds = " the two are not the same kind of R²" + (
                " (within effects, say)" if long.spec.parsed.effects else ""
            )
            statement = f"{long.id} holds all of {short.id} and yet has a smaller R²: only if" + (
                " they are adjusted ones." if allowed else f"{kinds}, or not on the same rows."
            )
            findings.append(
                Finding(
                    "nested_r2",
                    ids,
                    "only_if",
                    statement,
                    words + (f"; {allowed}" if allowed else ""),
                    upper.middle,
                )
            )
    if good:
        words = "; ".join(f"{show(a)} ≤ {show(b)}" for a, b, _ in good[:6]) + ("; …" if len(good) > 6 else "")
        every = tuple(dict.fromkeys(i for g in good for i in g[2]))
        findings.append(
            Finding(
                "nested_r2",
                every,
                "consistent",
                f"R² does not fall from a column to one that holds all of it, in {len(good)} pairs.",
                words,
                len(good),
            )
        )
    return findings


def _nested(short: Column, long: Column) -> bool:
    fewer = set(short.terms) | set(short.spec.parsed.effects)
    more = set(long.terms) | set(long.spec.parsed.effects)
    split = bool(long.spec.thresholds) and not short.spec.thresholds
    return (
        short.id != long.id
        and short.outcome == long.outcome
        and short.sample == long.sample
        and not short.spec.parsed.endogenous
        and not short.spec.thresholds
        and (fewer < more or (fewer == more and split))
    )


def _as_adjusted(short: Column, lower: Interval, long: Column, upper: Interval) -> str:
    """The fall as adjusted R², where the lost degrees of freedom allow it, else nothing."""
    if long.residual_df is None or short.residual_df is None or long.n is None:
        return ""
    n = long.n - 1
    rise = 1 - (1 - upper) * (long.residual_df / n)
    base = 1 - (1 - lower) * (short.residual_df / n)
    return f"as R² {show(rise)} and {show(base)}" if rise.high >= base.low else ""


def added_regressor(tables: Tables) -> list[Finding]:
    """Where one regressor joins on the same rows, its conventional t² is (R² - R²_before)/(1 - R²)·df."""
    findings, good = [], []
    for long in tables.columns:
        after, df = long.statistic("R2"), long.residual_df
        if after is None or df is None or long.spec.parsed.endogenous or long.spec.thresholds:
            continue
        for short in tables.columns:
            before = short.statistic("R2")
            new = set(long.terms) - set(short.terms)
            if (
                before is None
                or len(new) != 1
                or not _nested(short, long)
                or short.spec.parsed.effects != long.spec.parsed.effects
            ):
                continue
            cell = long.slopes.get(next(iter(new)))
            t = t_size(cell) if cell else None
            options = [o for o in pairs_of_r2(tables, short, long) if o[1].high >= o[0].low]
            if cell is None or t is None or not options:
                continue
            found, before, after = next(
                (o for o in (_implied_t(*pair, df) for pair in options) if o[0].meets(t)),
                _implied_t(*options[0], df),
            )
            ids = (cell.id, short.statistic_id("R2"), long.statistic_id("R2"))
            words = (
                f"{cell.id}: sqrt(({show(after.middle)} - {show(before.middle)})/(1 - "
                f"{show(after.middle)})·{df}) = {show(found, 3)}; printed t {show(t, 3)}"
            )
            if found.meets(t):
                good.append((ids, words))
            elif long.spec.vcov != "iid":
                statement = (
                    f"{cell.id}: R² gives another t than the printed one, as errors that are not "
                    "conventional have."
                )
                findings.append(Finding("r2_t", ids, "consistent", statement, words, found.middle))
            else:
                statement = (
                    f"{cell.id}: the rise of R² from {short.id} to {long.id} gives another t than "
                    "the printed one: only if the errors are not conventional, or R² is an adjusted one."
                )
                findings.append(Finding("r2_t", ids, "only_if", statement, words, found.middle))
    if good:
        statement = (
            f"The rise of R² when one regressor joins gives its printed t in {len(good)} pairs of columns."
        )
        findings.append(
            Finding(
                "r2_t",
                tuple(dict.fromkeys(i for ids, _ in good for i in ids)),
                "consistent",
                statement,
                "; ".join(w for _, w in good[:4]),
                len(good),
            )
        )
    return findings


def _implied_t(before: Interval, after: Interval, df: int) -> tuple[Interval, Interval, Interval]:
    gain = Interval(max(0.0, after.low - before.high), after.high - before.low)
    return (gain / (1 - after) * df).sqrt(), before, after
