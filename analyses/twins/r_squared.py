"""What a printed R2 can mean: plain, adjusted, or within entities."""

from __future__ import annotations

from dataclasses import replace

from ...models.moment_columns import Column
from .targets import Question, Target


def of_one_regressor(targets: list[Target], column: Column, rows: int) -> tuple[list[Target], dict[str, str]]:
    """R2 as it must be meant: in a regression on one variable it follows from the t of the slope."""
    slope = next((t for t in targets if t.statistic in ("se.0", "t.0")), None)
    size = next((t for t in targets if t.statistic == "coef.0"), None)
    printed = next((t for t in targets if t.statistic == "r2"), None)
    alone = column.exogenous == 1 and not (column.endogenous or column.entity_effects or column.time_effects)
    if not (slope and size and printed and alone and column.vcov == "iid") or size.low * size.high <= 0:
        return targets, {}
    if slope.statistic == "t.0":
        t = sorted((abs(slope.low), abs(slope.high)))
    else:
        b = sorted((abs(size.low), abs(size.high)))
        t = [b[0] / slope.high, b[1] / slope.low]
    r2 = [x**2 / (x**2 + rows - 2) for x in t]
    if printed.high >= r2[0] and printed.low <= r2[1]:
        return targets, {}
    adjusted = [1 - (1 - x) * (rows - 1) / (rows - 2) for x in r2]
    rest = [t for t in targets if t is not printed]
    if printed.high >= adjusted[0] and printed.low <= adjusted[1]:
        return [*rest, replace(printed, statistic="adj_r2")], {}
    return rest, {printed.name: "t of the slope allows it neither as R2 nor as adjusted R2"}


def of_nested(questions: list[Question]) -> list[Question]:
    """R2 below that of a column nested in it is no R2 of levels: it is read as that within entities.

    A column with regimes fits at least as well as the same column without.
    """

    def read(q: Question) -> tuple[object, ...]:
        c = q.column
        size = 1 + c.endogenous + c.exogenous
        return q.variables[:size], c.steps, c.entity_effects, c.time_effects, c.endogenous

    best: dict[tuple[object, ...], float] = {}
    for q in questions:
        for t in q.targets:
            if t.statistic == "r2":
                best[read(q)] = max(best.get(read(q), 0.0), t.low)
    done = []
    for q in questions:
        meant = [
            replace(t, statistic="within_r2")
            if t.statistic == "r2"
            and q.column.thresholds
            and q.column.entity_effects
            and t.high < best[read(q)]
            else t
            for t in q.targets
        ]
        wanted = tuple(t.statistic for t in meant)
        done.append(replace(q, column=replace(q.column, wanted=wanted), targets=tuple(meant)))
    return done
