"""Means, spreads and bounds of a twin's variables: printed, or implied by coefficients and their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .setting import Setting
from .targets import Plan, Question

SHARES = ("share", "index", "percent of", "proportion")
WITHIN_ONE = {
    "mean": 1.0,
    "sd": 0.5,
    "median": 1.0,
    "min": 1.0,
    "max": 1.0,
}  # at most, of a variable in [0, 1]


@dataclass(frozen=True)
class Marginal:
    """Mean, standard deviation and bounds of a variable.

    `inside` is the share of its variance within entities and years, or nan.
    """

    mean: float
    sd: float
    low: float
    high: float
    inside: float


def marginals(
    plan: Plan, meanings: dict[str, str], setting: Setting, rng: np.random.Generator
) -> list[Marginal]:
    """Of every variable what is printed, else such values that printed coefficients are of ordinary size."""
    printed = {key: (t.low + t.high) / 2 for key, t in plan.descriptives.items()}
    boxes = {v: plan.descriptives[v, "sd"] for v in plan.variables if (v, "sd") in printed}
    spread = {v: max(printed[v, "sd"], (box.high - box.low) / 2) for v, box in boxes.items()}
    if not spread and plan.questions:
        spread[plan.variables[plan.questions[0].variables[0]]] = 1.0
    inside: dict[str, float] = {}
    own = {
        plan.variables[q.variables[0]]: np.sqrt(1 - r2) for q in reversed(plan.questions) if (r2 := _r2(q))
    }
    for _ in plan.variables:
        inside = _inside(plan, spread, setting)
        for name in plan.variables:
            if name not in spread and name in inside:
                spread[name] = inside[name] / own.get(name, rng.uniform(0.1, 0.5))
        for question in plan.questions:
            names = [plan.variables[v] for v in question.variables]
            for j, b in coefficients(question).items():
                y, x = names[0], names[1 + j]
                size = setting.effect * rng.uniform(0.7, 1.4)
                if y in spread and x not in spread and x not in inside:
                    spread[x] = max(size * spread[y] / max(abs(b), 1e-12), 1e-12)
                elif x in spread and y not in spread:
                    spread[y] = max(abs(b) * spread[x] / size, 1e-12)
    found = []
    for name in plan.variables:
        sd = spread.get(name, 1.0)
        mean = printed.get((name, "mean"), sd * rng.uniform(1.5, 3.0))
        share = any(word in meanings.get(name, "").lower() for word in SHARES) and all(
            0 <= printed.get((name, s), 0) <= most for s, most in WITHIN_ONE.items()
        )
        if share and (name, "mean") not in printed:
            mean = min(mean, 0.5)
        low = plan.descriptives[name, "min"].low if (name, "min") in printed else 0.0 if share else -np.inf
        high = plan.descriptives[name, "max"].high if (name, "max") in printed else 1.0 if share else np.inf
        if not low < mean < high:  # where the mean is not printed, and bounds are
            mean = (low + high) / 2 if np.isfinite(high - low) else low + sd if mean <= low else high - sd
        within = np.clip((inside[name] / sd) ** 2, 1e-4, 0.9) if name in inside else np.nan
        found.append(Marginal(mean, sd, low, high, within))
    return found


def contradicted(plan: Plan) -> dict[str, str]:
    """Descriptive statistics that no panel can have beside the printed minimum and maximum, and why."""
    found: dict[str, str] = {}
    for name in plan.variables:
        of = {s: plan.descriptives.get((name, s)) for s in WITHIN_ONE}
        least, most = of["min"], of["max"]
        low, high = least.low if least else -np.inf, most.high if most else np.inf
        if least and most and low >= high:
            found |= dict.fromkeys((least.name, most.name), "its minimum is not below its maximum")
            continue
        for middle in (of["mean"], of["median"]):
            if middle and not (middle.low < high and low < middle.high):
                found[middle.name] = "it does not lie between the printed minimum and maximum"
    return found


def _inside(plan: Plan, spread: dict[str, float], setting: Setting) -> dict[str, float]:
    """Standard deviations within entities and years that printed standard errors of two-way columns imply.

    In a regression with residual standard deviation s, a standard error is about s / (sqrt(n) sd), times
    an inflation by clusters and collinearity that is part of the setting.
    """
    implied: dict[str, list[float]] = {}
    clean: dict[str, list[float]] = {}
    fits = {
        plan.variables[q.variables[0]]: _r2(q) for q in reversed(plan.questions) if _r2(q) and _two_way(q)
    }
    for q in plan.questions:
        y = plan.variables[q.variables[0]]
        r2 = fits.get(y) if q.column.thresholds else _r2(q)
        if r2 is None or y not in spread or not _two_way(q) or q.column.endogenous:
            continue
        for t in q.targets:
            what, _, j = t.statistic.partition(".")
            if what == "se" and j != "-1":
                size = spread[y] * np.sqrt((1 - r2) / q.rows) / ((t.low + t.high) / 2)
                kept = clean if q.column.vcov == "iid" else implied
                kept.setdefault(plan.variables[q.variables[1 + _regressor(q, int(j))]], []).append(size)
    sizes = {name: setting.inflation * float(np.median(each)) for name, each in implied.items()}
    collinear = 1 + 0.3 * (setting.inflation - 0.8)
    return sizes | {name: collinear * float(np.median(each)) for name, each in clean.items()}


def _two_way(question: Question) -> bool:
    return question.column.entity_effects and question.column.time_effects


def _regressor(question: Question, j: int) -> int:
    """Position of a regressor in the formula; the regimes of one count as that one."""
    regimes, split = len(question.column.thresholds), question.column.split or 0
    return j if not regimes or j <= split else max(split, j - regimes)


def _r2(question: Question) -> float | None:
    found = [t for t in question.targets if t.statistic in ("r2", "adj_r2")]
    return min((found[0].low + found[0].high) / 2, 0.9999) if found else None


def coefficients(question: Question) -> dict[int, float]:
    """Printed coefficients by position of the regressor; regimes count as the one that they split."""
    found: dict[int, float] = {}
    for t in question.targets:
        what, _, j = t.statistic.partition(".")
        if what == "coef" and j != "-1":
            found.setdefault(_regressor(question, int(j)), (t.low + t.high) / 2)
    return found
