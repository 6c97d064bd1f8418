"""Threshold tests: locations, order, F against critical values, p-values and stars.

The printed terms of a first test are named threshold1, F1 (with its p_value), F1_crit10, F1_crit5, F1_crit1
and bootstrap1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ...data.intervals import Interval
from ...data.published import Printed
from .columns import Column, Tables, printed
from .finding import Finding

LEVELS = (10, 5, 1)


@dataclass(frozen=True)
class Test:
    """The printed numbers of one test, by what they are."""

    number: int
    cells: dict[str, Printed]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(c.id for c in self.cells.values())

    def text(self, name: str) -> str:
        return self.cells[name].text["estimate"]


def thresholds(tables: Tables) -> list[Finding]:
    """`threshold`: each printed test of each column."""
    findings = []
    for column in tables.columns:
        tests = list(_tests(column))
        wrong = [f for test in tests for f in (*_place(tables, column, test), *_size(test), *_grid(test))]
        wrong += _order(column, tests)
        findings += wrong
        if tests and not wrong:
            findings.append(_good(tables, column, tests))
        findings += [f for test in tests for f in _shares(tables, column, test)]
    return findings


def _tests(column: Column) -> list[Test]:
    tests = []
    for number in range(1, 10):
        names = {"threshold": f"threshold{number}", "F": f"F{number}", "bootstrap": f"bootstrap{number}"}
        names |= {f"crit{level}": f"F{number}_crit{level}" for level in LEVELS}
        cells = {role: column.cells[name] for role, name in names.items() if name in column.cells}
        if "threshold" in cells or "F" in cells:
            tests.append(Test(number, cells))
    return tests


def _good(tables: Tables, column: Column, tests: list[Test]) -> Finding:
    variable = tables.described.get(column.spec.variable or "")
    inside = (
        f" within {variable.cells['min'].text['estimate']} to {variable.cells['max'].text['estimate']}"
        if variable and "min" in variable and "max" in variable
        else ""
    )
    words = "; ".join(
        f"{t.text('threshold') if 'threshold' in t.cells else t.number}: F {t.text('F')}, p "
        f"{t.cells['F'].text['p_value']}"
        for t in tests
        if "F" in t.cells
    )
    places = [t.cells["threshold"].estimate for t in tests if "threshold" in t.cells]
    return Finding(
        "threshold",
        tuple(i for t in tests for i in t.ids),
        "consistent",
        f"{column.id}: thresholds in order{inside}; F, critical values, p-values and stars agree.",
        words,
        len(places),
    )


def _place(tables: Tables, column: Column, test: Test) -> list[Finding]:
    variable = tables.described.get(column.spec.variable or "")
    if variable is None or "threshold" not in test.cells or not ("min" in variable and "max" in variable):
        return []
    place = printed(test.cells["threshold"])
    if place.meets(Interval(variable["min"].low, variable["max"].high)):
        return []
    low, high = (variable.cells[n] for n in ("min", "max"))
    words = f"{test.text('threshold')} outside {low.text['estimate']} to {high.text['estimate']}"
    ids = (test.cells["threshold"].id, low.id, high.id)
    statement = f"{test.cells['threshold'].id} lies outside the printed range of {variable.variable}."
    return [Finding("threshold", ids, "impossible", statement, words, place.middle)]


def _size(test: Test) -> list[Finding]:
    """Critical values grow; F beyond one of them has a p below its level; stars say the same."""
    findings = []
    critical = {
        level: printed(test.cells[f"crit{level}"]) for level in LEVELS if f"crit{level}" in test.cells
    }
    for low, high in pairwise(LEVELS):
        if low in critical and high in critical and critical[low].low > critical[high].high:
            ids = (test.cells[f"crit{low}"].id, test.cells[f"crit{high}"].id)
            words = f"{low}%: {test.text(f'crit{low}')} > {high}%: {test.text(f'crit{high}')}"
            findings.append(
                Finding(
                    "threshold",
                    ids,
                    "impossible",
                    f"The critical value at {low}% exceeds that at {high}%.",
                    words,
                )
            )
    if "F" not in test.cells:
        return findings
    f = printed(test.cells["F"])
    p = printed(test.cells["F"], "p_value") if test.cells["F"].text["p_value"] else None
    # A critical value of a bootstrap lies between two of its draws, so a p-value next to the level may
    # fall on either side of it.
    draw = 1 / max(test.cells["bootstrap"].estimate, 1.0) if "bootstrap" in test.cells else 0.0
    near = p + Interval(-draw, draw) if p is not None else None
    stars = test.cells.get("threshold", test.cells["F"]).stars
    for level, bound in critical.items():
        beyond, short = f.low > bound.high, f.high < bound.low
        ids = (test.cells["F"].id, test.cells[f"crit{level}"].id)
        words = f"F {test.text('F')}, critical value at {level}% {test.text(f'crit{level}')}"
        if near is not None and ((beyond and near.low > level / 100) or (short and near.high < level / 100)):
            said = f"p of {test.cells['F'].text['p_value']}"
            findings.append(
                Finding(
                    "threshold",
                    ids,
                    "impossible",
                    f"{test.cells['F'].id} lies {'beyond' if beyond else 'short of'} its critical value at "
                    f"{level}%, yet has a {said}.",
                    words,
                    f.middle,
                )
            )
        starred = (
            len(stars.strip()) > LEVELS.index(level)
            if set(stars) == {"*"}
            else False
            if stars == "none"
            else None
        )
        tie = near is not None and level / 100 in near
        if starred is not None and not tie and ((beyond and not starred) or (short and starred)):
            findings.append(
                Finding(
                    "threshold",
                    ids,
                    "impossible",
                    f"{test.cells['F'].id} lies {'beyond' if beyond else 'short of'} its critical value at "
                    f"{level}%, yet has stars {stars}.",
                    words,
                    f.middle,
                )
            )
    return findings


def _grid(test: Test) -> list[Finding]:
    """A bootstrap p is a count over the number of draws."""
    if "bootstrap" not in test.cells or "F" not in test.cells or not test.cells["F"].text["p_value"]:
        return []
    draws, p = int(test.cells["bootstrap"].estimate), printed(test.cells["F"], "p_value")
    if draws < 1 or Interval(round(p.middle * draws) / draws, round(p.middle * draws) / draws).meets(p):
        return []
    words = f"p {test.cells['F'].text['p_value']}; multiples of 1/{draws}"
    ids = (test.cells["F"].id, test.cells["bootstrap"].id)
    return [
        Finding(
            "threshold",
            ids,
            "impossible",
            "The p-value is no count over the number of bootstrap draws.",
            words,
        )
    ]


def _order(column: Column, tests: list[Test]) -> list[Finding]:
    cells = [t.cells["threshold"] for t in tests if "threshold" in t.cells]
    falls = [(a, b) for a, b in pairwise(cells) if printed(a).low >= printed(b).high]
    return [
        Finding(
            "threshold", (a.id, b.id), "only_if", f"{column.id}: thresholds are not in increasing order: "
                                                  "only if listed in order of their tests.",
            f"{a.text['estimate']} before {b.text['estimate']}",
        )
        for a, b in falls
    ]  # fmt: skip


def _shares(tables: Tables, column: Column, test: Test) -> list[Finding]:
    """What mean, sd and median leave for the rows beyond a threshold (Cantelli's inequality)."""
    variable = tables.described.get(column.spec.variable or "")
    if variable is None or "threshold" not in test.cells or not ("mean" in variable and "sd" in variable):
        return []
    place = test.cells["threshold"].estimate
    mean, sd = variable["mean"].middle, variable["sd"].high
    gap = place - mean
    share = sd**2 / (sd**2 + gap**2) if gap else 1.0
    if "median" in variable and (place - variable["median"].middle) * gap > 0:
        share = min(share, 0.5)
    side = "above" if gap > 0 else "below"
    words = (
        f"sd²/(sd² + ({test.text('threshold')} - {variable.cells['mean'].text['estimate']})²) = {share:.2f}"
        if share != 0.5
        else f"median {variable.cells['median'].text['estimate']}"
    )
    statement = (
        f"{test.cells['threshold'].id}: at most {share:.0%} of the rows lie {side} {test.text('threshold')}."
    )
    return [
        Finding(
            "threshold", (test.cells["threshold"].id, *variable.ids), "consistent", statement, words, share
        )
    ]
