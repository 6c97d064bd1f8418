"""Columns of regression tables as statistics: which rows, which variables, which printed number is what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import chi2

from ...data.published import Printed
from ...data.sample.outline import Outline, outline_of
from ...data.sample.steps import outline_after
from ...data.study.file import StudyFile
from ...data.study.spec import Cluster, Spec
from ...models.moment_columns import Column
from .targets import Target, UnmappedError, target

# what steps that change values and leave every row are called in `models.moments`
ARRAY_STEPS: dict[str, Callable[[Any], list[tuple]]] = {
    "winsorise": lambda quantiles: [("winsorise", *quantiles)],
    "standardise": lambda _: [("standardise",)],
    "interpolate": lambda _: [],  # a twin has no gaps
}
R2 = {"R2": "r2", "adj_R2": "adj_r2", "within_R2": "within_r2"}


def column_of(
    file: StudyFile,
    spec_id: str,
    entities: tuple[str, ...],
) -> tuple[Column, tuple[str, ...], int]:
    """The shape of a column's regression, its variables, and how many rows it has."""
    spec, formula = file.spec[spec_id], file.spec[spec_id].parsed
    header = file.study
    if spec.rules.between:
        raise UnmappedError(
            "random effects are fitted to twins, and are no statistic that twins are made to print"
        )
    terms = [*formula.terms, *formula.instruments]
    names = [formula.outcome.variable, *(t.variable for t in terms)]
    logs = [formula.outcome.log, *(t.log for t in terms)]
    thresholds: tuple[float, ...] = ()
    split = without = None
    regressors = [str(t) for t in formula.terms]
    if spec.regime_dependent:
        thresholds = _thresholds(file, spec)
        names.append(str(spec.variable))
        logs.append(False)
        split = _position(regressors, spec.regime_dependent)
    if spec.mediator in regressors:
        without = _position(regressors, spec.mediator)
        split = _position(regressors, spec.treated)
    steps, rows = _steps(file, spec, names, entities)
    for effect in formula.effects:
        if effect not in (header.entity, header.time):
            raise UnmappedError(f"effects of {effect} are neither of the entity nor of the time")
    cluster = spec.vcov.cluster if isinstance(spec.vcov, Cluster) else None
    tested = len(regressors)
    for other in file.spec.values():
        if other.parsed.endogenous == (formula.outcome,):
            inside = [str(t) for t in other.parsed.instruments]
            if regressors[: len(inside)] == inside:
                tested = len(inside)
    return (
        Column(
            endogenous=len(formula.endogenous),
            exogenous=len(formula.regressors),
            instruments=len(formula.instruments),
            logs=tuple(logs),
            steps=steps,
            entity_effects=header.entity in formula.effects,
            time_effects=header.time in formula.effects,
            vcov="cluster" if cluster else str(spec.vcov),
            nested=cluster != header.time,
            split=split,
            thresholds=thresholds,
            without=without,
            tested=tested,
            wanted=(),
        ),
        tuple(names),
        rows,
    )


def _position(regressors: list[str], name: str | None) -> int:
    if name not in regressors:
        raise UnmappedError(f"{name} is not among the regressors of its formula")
    return regressors.index(name)


def _thresholds(file: StudyFile, spec: Spec) -> tuple[float, ...]:
    if spec.thresholds is None:
        raise UnmappedError(
            "tests for the number of thresholds search over the panel; they are no smooth statistic of it"
        )
    alike = (spec.formula, spec.variable, spec.regime_dependent)
    for spec_id, other in file.spec.items():
        if (other.formula, other.variable, other.regime_dependent) == alike:
            found = {p.term: p.estimate for p in file.printed(spec_id)}
            wanted = [f"threshold{j + 1}" for j in range(spec.thresholds)]
            if all(name in found for name in wanted):
                return tuple(sorted(found[name] for name in wanted))
    raise UnmappedError("its thresholds are not printed as threshold1, threshold2, ...")


def _steps(
    file: StudyFile, spec: Spec, names: list[str], entities: tuple[str, ...]
) -> tuple[tuple[tuple, ...], int]:
    """Steps in terms of positions in a balanced panel of these entities, and how many rows are left."""
    whole = outline_of(file)
    outline, there, done = whole, entities, []
    for at, step in enumerate(spec.steps):
        before, outline = outline, outline_after(outline, [step])
        if outline.periods is None or before.periods is None:
            raise UnmappedError(f"the study does not tell of which rows its step {step.name!r} leaves any")
        if not outline.complete:
            raise UnmappedError(f"its step {step.name!r} leaves some entities in some periods only")
        if step.name in ARRAY_STEPS:
            done += ARRAY_STEPS[step.name](step.value)
        elif step.lag:
            if at < len(spec.steps) - 1:
                raise UnmappedError("a step follows its lag, and only a last lag is supported")
            periods = tuple(step.lag.get(name, 0) for name in names)
            if tuple(outline.periods) != tuple(before.periods)[max(periods) :]:
                raise UnmappedError("its lag reaches over periods that an earlier step leaves out")
            done.append(("lag", periods))
        else:
            kept = tuple(i for i, e in enumerate(there) if _has(outline, whole, e))
            if len(kept) < len(there):
                done.append(("entities", kept))
                there = tuple(there[i] for i in kept)
            left = set(outline.periods)
            if len(left) < len(before.periods):
                done.append(("times", tuple(i for i, t in enumerate(before.periods) if t in left)))
    return tuple(done), len(there) * len(outline.periods or ())


def _has(outline: Outline, whole: Outline, entity: str) -> bool:
    """Whether an entity of a twin, named by the study or numbered, is in what is left of the whole."""
    return entity in outline.entities if entity in whole.entities else bool(outline.unnamed)


def targets_of(
    file: StudyFile, spec_id: str, column: Column, rows: int
) -> tuple[list[Target], list[str], dict[str, str]]:
    """Targets of a column, ids of counts that hold, and what is left out."""
    spec = file.spec[spec_id]
    terms = [str(t) for t in spec.parsed.terms]
    if column.thresholds:
        j = column.split or 0
        regimes = [f"{terms[j]}_regime{r + 1}" for r in range(len(column.thresholds) + 1)]
        terms = terms[:j] + regimes + terms[j + 1 :]
    described = {p.term for p in file.printed(spec_id)}
    targets: list[Target] = []
    counts: list[str] = []
    missed: dict[str, str] = {}
    whole = False
    for p in file.printed(spec_id):
        try:
            statistic = _statistic(p, spec, terms, column)
            if statistic == "n":
                if p.estimate != rows:
                    raise UnmappedError(f"the study's panel and steps give {rows} rows")
                counts.append(p.id)
                continue
            goal = target(p, "estimate", statistic)
            if statistic == "sargan":
                low, high = chi2.isf(
                    np.clip([goal.high, goal.low], 1e-12, 1), column.instruments - column.endogenous
                )
                goal = replace(goal, low=float(low), high=float(high))
            targets.append(goal)
        except UnmappedError as why:
            missed[p.id] = str(why)
            continue
        kind, _, at = statistic.partition(".")
        if kind == "coef":
            if p.text["std_error"]:
                targets.append(target(p, "std_error", f"se.{at}"))
            if p.text["t_value"]:
                targets.append(target(p, "t_value", f"t.{at}"))
        if p.text["ci_low"] or p.text["ci_high"]:
            missed[f"{p.id} (interval)"] = "how the interval was made is not a statistic of the study file"
        if p.text["r2"] and "R2" not in described and not whole:
            whole = True
            targets.append(replace(target(p, "r2", "r2"), id=spec_id))
    return targets, counts, missed


def _statistic(p: Printed, spec: Spec, terms: list[str], column: Column) -> str:
    if p.term == "N":
        return "n"
    if p.term in terms:
        return f"coef.{terms.index(p.term)}"
    if p.term == "_cons":
        if column.entity_effects or column.time_effects:
            raise UnmappedError("how the constant of a column with effects is normalised is not printed")
        return "coef.-1"
    if p.term in R2:
        return R2[p.term]
    if p.term == "F":
        return "F"
    if p.term == "Sargan_p" and column.instruments > column.endogenous:
        return "sargan"
    if column.without is not None and column.split is not None:
        if p.term == "direct":
            return f"coef.{column.split}"
        if p.term == "indirect":
            return "indirect"
    raise UnmappedError("no statistic of a panel is known for it")
