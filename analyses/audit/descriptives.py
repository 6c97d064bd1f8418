"""Whether printed descriptive statistics and variance inflation factors are possible and agree."""

from __future__ import annotations

import math

from ...data.intervals import Interval, total
from ...data.published import Printed
from .columns import Described, Tables, printed
from .finding import Finding, listed, show
from .fit import plain_r2


def bounds(tables: Tables) -> list[Finding]:
    """Mean and median lie between minimum and maximum, and the standard deviation within its bounds.

    sd² is at most n/(n-1)·(max - mean)(mean - min) (Bhatia and Davis 2000,
    doi:10.1080/00029890.2000.12005203) and at least range²/(2(n-1)).
    """
    findings, checked = [], []
    for variable in tables.described.values():
        broken = _broken(variable)
        findings += broken
        if not broken and len(variable.cells) > 1:
            checked.append(variable)
    if checked:
        top = max(checked, key=_share)
        findings.append(
            Finding(
                "bounds",
                tuple(i for v in checked for i in v.ids),
                "consistent",
                f"Means, medians, extremes and standard deviations of {listed(v.variable for v in checked)} "
                "can hold together.",
                f"largest sd against its bound: {top.variable}, {_share(top):.0%}"
                if _share(top)
                else "order of the extremes only",
            )
        )
    return findings


def _share(variable: Described) -> float:
    bound = _largest_sd(variable)
    return variable["sd"].middle / bound if bound and "sd" in variable else 0.0


def _largest_sd(variable: Described) -> float | None:
    if not all(name in variable for name in ("mean", "min", "max")):
        return None
    low, mean, high = variable["min"].low, variable["mean"], variable["max"].high
    best = min(max((low + high) / 2, mean.low), mean.high)
    n = variable.n or 2
    return math.sqrt(max(0.0, (high - best) * (best - low)) * n / (n - 1))


def _broken(variable: Described) -> list[Finding]:
    findings = []

    def impossible(names: tuple[str, ...], statement: str, arithmetic: str) -> None:
        ids = tuple(variable.cells[n].id for n in names)
        findings.append(Finding("bounds", ids, "impossible", f"{variable.variable}: {statement}", arithmetic))

    def text(name: str) -> str:
        return variable.cells[name].text["estimate"]

    for name in ("mean", "median"):
        for end, sign in (("min", 1), ("max", -1)):
            if name in variable and end in variable:
                gap = (variable[name] - variable[end]) * sign
                if gap.high < 0:
                    impossible(
                        (name, end),
                        f"the {name} lies beyond the {end}imum.",
                        f"{name} {text(name)}, {end} {text(end)}",
                    )
    if "min" in variable and "max" in variable and variable["min"].low > variable["max"].high:
        impossible(("min", "max"), "the minimum lies above the maximum.", f"{text('min')} > {text('max')}")
    if "sd" in variable:
        bound = _largest_sd(variable)
        if bound is not None and variable["sd"].low > bound * (1 + 1e-9):
            impossible(
                ("sd", "mean", "min", "max"),
                "no data with these extremes and this mean have so large a standard deviation.",
                f"sd {text('sd')} > sqrt(({text('max')} - {text('mean')})({text('mean')} - "
                f"{text('min')})n/(n - 1)) = {show(bound)}",
            )
        if variable.n and variable.n > 1 and "min" in variable and "max" in variable:
            least = max(0.0, variable["max"].low - variable["min"].high) / math.sqrt(2 * (variable.n - 1))
            if variable["sd"].high < least * (1 - 1e-9):
                impossible(
                    ("sd", "min", "max"),
                    "the extremes alone make a larger standard deviation.",
                    f"sd {text('sd')} < ({text('max')} - {text('min')})/sqrt(2(n - 1)) = {show(least)}",
                )
        if "median" in variable and "mean" in variable:
            gap = abs(variable["mean"] - variable["median"])
            if gap.low > variable["sd"].high * (1 + 1e-9):
                impossible(
                    ("mean", "median", "sd"),
                    "mean and median are more than one standard deviation apart.",
                    f"|{text('mean')} - {text('median')}| > {text('sd')}",
                )
    return findings


def vif(tables: Tables) -> list[Finding]:
    """VIFs are at least 1, agree with 1/VIF, with their mean, and with the regression that they belong to."""
    by_table: dict[str, dict[str, dict[str, Printed]]] = {}
    for p in tables.file.published:
        if p.column in ("VIF", "1/VIF"):
            by_table.setdefault(p.table, {}).setdefault(p.column, {})[p.term] = p
    findings: list[Finding] = []
    for parts in by_table.values():
        factors = {t: p for t, p in parts.get("VIF", {}).items() if t != "mean"}
        findings += _inverse(factors, parts.get("1/VIF", {}))
        mean = parts.get("VIF", {}).get("mean")
        if mean is not None and factors:
            found = total(printed(p) for p in factors.values()) * (1 / len(factors))
            good = found.meets(printed(mean))
            findings.append(
                Finding(
                    "vif",
                    (mean.id, *(p.id for p in factors.values())),
                    "consistent" if good else "impossible",
                    f"The printed mean VIF {'is' if good else 'is not'} the mean of the printed VIFs.",
                    f"({' + '.join(p.text['estimate'] for p in factors.values())})/{len(factors)} = "
                    f"{show(found.middle)}; printed {mean.text['estimate']}",
                    found.middle,
                )
            )
        findings += _against_regressions(tables, factors)
    return findings


def _inverse(factors: dict[str, Printed], inverses: dict[str, Printed]) -> list[Finding]:
    findings = []
    small = [p for p in factors.values() if printed(p).high < 1]
    for p in small:
        findings.append(
            Finding(
                "vif",
                (p.id,),
                "impossible",
                "No variance inflation factor is below 1.",
                f"{p.text['estimate']} < 1",
                p.estimate,
            )
        )
    pairs = [(p, inverses[t]) for t, p in factors.items() if t in inverses and p.estimate]
    for p, q in pairs:
        if not (1 / printed(p)).meets(printed(q)):
            findings.append(
                Finding(
                    "vif", (p.id, q.id), "impossible", f"1/VIF of {p.term} is not the inverse of its VIF.",
                    f"1/{p.text['estimate']} = {show(1 / p.estimate)}; printed "
                    f"{q.text['estimate']}", 1 / p.estimate,
                )
            )  # fmt: skip
    if pairs and not findings:
        ids = tuple(x.id for pair in pairs for x in pair)
        words = "; ".join(f"1/{p.text['estimate']} = {show(1 / p.estimate, 3)}" for p, _ in pairs)
        findings.append(
            Finding(
                "vif", ids, "consistent", "Every VIF is at least 1 and every 1/VIF is its inverse.", words
            )
        )
    return findings


def _against_regressions(tables: Tables, factors: dict[str, Printed]) -> list[Finding]:
    """VIF = se²·sd(x)²·(n - k - 1)/((1 - R²)·sd(y)²) in a pooled column on exactly these regressors."""
    findings = []
    for column in tables.columns:
        r2 = plain_r2(tables, column)
        if (
            set(column.terms) != set(factors) or column.spec.parsed.effects or column.spec.vcov != "iid"
            or r2 is None or not tables.moments_fit(column) or column.residual_df is None
        ):  # fmt: skip
            continue
        spread = tables.described[column.outcome]
        found: dict[str, Interval] = {}
        for term, cell in column.slopes.items():
            se = cell.std_error_interval()
            if se and "sd" in tables.described[term] and "sd" in spread:
                scale = (tables.described[term]["sd"] / spread["sd"]).square()
                found[term] = Interval(*se).square() * scale * column.residual_df / (1 - r2)
        wrong = [t for t, v in found.items() if not v.meets(printed(factors[t]))]
        if found:
            ids = tuple(i for t in found for i in (factors[t].id, column.cells[t].id))
            words = "; ".join(
                f"{t} {show(v, 3)} (printed {factors[t].text['estimate']})" for t, v in found.items()
            )
            findings.append(
                Finding(
                    "vif", ids, "only_if" if wrong else "consistent",
                    f"The VIFs that the conventional standard errors of {column.id} imply "
                    + (f"are not those printed for {listed(wrong)}: only if its errors are not conventional, "
                       "or the VIFs are of another sample." if wrong else "are the printed ones."),
                    words,
                )
            )  # fmt: skip
    return findings
