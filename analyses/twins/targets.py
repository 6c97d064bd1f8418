"""From printed numbers to statistics of a panel: what a study file says a twin must reproduce."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from ...data.errors import InputError
from ...data.keys import composed, synthetic_label
from ...data.published import Printed, half_unit
from ...data.study import Cluster, Spec, StudyFile
from ...models.moments import DESCRIPTIVES, Column

MARGIN = 0.98
R2 = {"R2": "r2", "adj_R2": "adj_r2", "within_R2": "within_r2"}
RATES = ("VIF", "1/VIF")


@dataclass(frozen=True)
class Target:
    """One printed number that a twin must reproduce.

    Attributes
    ----------
    id, quantity : which number: `T4.2.NqP` and `estimate`, `std_error`, `t_value` or `r2`
    text : as printed
    statistic : what reproduces it, a name of `models.moments`
    low, high : the values that print so, less a little
    """

    id: str
    quantity: str
    text: str
    statistic: str
    low: float
    high: float

    @property
    def name(self) -> str:
        return self.id if self.quantity == "estimate" else f"{self.id} ({self.quantity})"


@dataclass(frozen=True)
class Question:
    """One regression: the printed numbers of a column of a table, and how they come from a panel.

    Attributes
    ----------
    variables : positions of the column's variables among those of the plan, in the order of `Column`
    rows : number of entity-years that enter
    targets : one for each of `column.wanted`
    """

    id: str
    column: Column
    variables: tuple[int, ...]
    rows: int
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that a study asks of a twin.

    Attributes
    ----------
    variables : columns of the panel
    entities : labels of entities, all marked SYNTHETIC; the first are those that the study names
    times : years
    clusters : number of clusters, 0 where no column has any; `cluster` names the column that holds them
    groups : for each group of the study, the group of every entity (or None)
    descriptives : targets by (variable, statistic)
    rates : variables of a table of variance inflation factors, with targets by (variable or mean, column)
    left_out : printed numbers without a statistic, and why
    """

    variables: tuple[str, ...]
    entities: tuple[str, ...]
    times: tuple[int, ...]
    cluster: str | None
    clusters: int
    groups: dict[str, tuple[str | None, ...]]
    questions: tuple[Question, ...]
    descriptives: dict[tuple[str, str], Target]
    rates: tuple[tuple[tuple[str, ...], dict[tuple[str, str], Target]], ...]
    counted: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def targets(self) -> list[Target]:
        found = list(self.descriptives.values())
        for question in self.questions:
            found += question.targets
        for _, rates in self.rates:
            found += rates.values()
        return found

    def without(self, dropped: dict[str, str]) -> Plan:
        """The plan less the targets named, with the reason of each."""
        names = set(dropped)
        questions = []
        for question in self.questions:
            kept = [
                (w, t)
                for w, t in zip(question.column.wanted, question.targets, strict=True)
                if t.name not in names
            ]
            if kept:
                wanted, targets = zip(*kept, strict=True)
                questions.append(
                    replace(question, column=replace(question.column, wanted=wanted), targets=targets)
                )
        return replace(
            self,
            questions=tuple(questions),
            descriptives={k: t for k, t in self.descriptives.items() if t.name not in names},
            rates=tuple(
                (group, {k: t for k, t in rates.items() if t.name not in names})
                for group, rates in self.rates
            ),
            left_out={**self.left_out, **dropped},
        )


class Unmapped(Exception):
    """A printed number, or a whole column, that no statistic here reproduces; its text says why."""


def target(printed: Printed, quantity: str, statistic: str, text: str | None = None) -> Target:
    text = printed.text[quantity] if text is None else text
    half = half_unit(text) * MARGIN
    value = float(text)
    if quantity == "t_value" and value * printed.estimate < 0:
        value = -value
    return Target(printed.id, quantity, text, statistic, value - half, value + half)


def plan_of(file: StudyFile) -> Plan:
    """Map every printed number of a study, or say why it cannot be.

    Raises
    ------
    InputError
        Where the study does not say how many entities and which periods it has.
    """
    header = file.study
    if header.entities is None or header.periods is None:
        raise InputError(
            f"{file.path}: a twin needs the size of the panel; add entities = 30 and periods = [2012, 2022] to [study]."
        )
    entities = entity_names(file)
    times = tuple(range(header.periods[0], header.periods[1] + 1))
    groups = {
        name: tuple(_group_of(composed(e), members) for e in entities) for name, members in file.groups.items()
    }
    variables = _variables(file)
    counted: list[str] = []
    left_out: dict[str, str] = {}
    questions = []
    for spec_id, spec in file.spec.items():
        try:
            column, names, rows = _column(file, spec_id, entities, times, groups)
        except Unmapped as why:
            left_out |= {p.id: str(why) for p in file.printed(spec_id)}
            continue
        targets, counts, missed = _targets(file, spec_id, column, rows)
        left_out |= missed
        counted += counts
        targets, impossible = _convention(targets, column, rows)
        left_out |= impossible
        if targets:
            at = tuple(variables.index(name) for name in names)
            questions.append(Question(spec_id, column, at, rows, tuple(targets)))
    questions = _nested_r2(questions)
    described, counts, missed = _descriptives(file, variables, len(entities) * len(times))
    counted += counts
    left_out |= missed
    rates, tables = _rates(file, variables)
    seen = {t.id for q in questions for t in q.targets} | {t.id for t in described.values()} | set(counted)
    seen |= {t.id for _, group in rates for t in group.values()}
    for p in file.published:
        if p.id not in seen and p.id not in left_out:
            left_out[p.id] = (
                "no statistic of a panel is known for it"
                if p.table in tables
                else "no specification of the study says how it was made"
            )
    clusters = {
        spec.vcov.cluster: int(spec.df or file.tables.df or 0) + 1
        for spec in file.spec.values()
        if isinstance(spec.vcov, Cluster) and spec.vcov.cluster not in (header.entity, header.time, *groups)
    }
    if len(clusters) > 1:
        raise InputError(
            f"{file.path}: standard errors are clustered by {' and '.join(clusters)}, of which the study tells no "
            "members; add [groups] for all but one."
        )
    cluster, size = next(iter(clusters.items()), (None, 0))
    return Plan(
        variables, tuple(synthetic_label(e) for e in entities), times, cluster, size, groups,
        tuple(questions), described, rates, tuple(counted), left_out,
    )  # fmt: skip


def entity_names(file: StudyFile) -> tuple[str, ...]:
    """Names of a twin's entities: those that groups and steps of the study name, then numbers."""
    entity = file.study.entity
    named: dict[str, None] = {}
    for members in file.groups.values():
        for group in members.values():
            named |= dict.fromkeys(map(composed, group))
    for spec in file.spec.values():
        for step in spec.steps:
            for rule in (step.drop, step.keep):
                values = (rule or {}).get(entity, [])
                named |= dict.fromkeys(composed(str(v)) for v in (values if isinstance(values, list) else [values]))
    size = file.study.entities or 0
    if len(named) > size:
        raise InputError(
            f"{file.path}: its groups and steps name {len(named)} of entities = {size}; mend one of them."
        )
    width = len(str(size))
    return (*named, *(f"{entity} {i:0{width}d}" for i in range(len(named) + 1, size + 1)))


def _group_of(entity: str, members: dict[str, list[str]]) -> str | None:
    return next((g for g, names in members.items() if entity in map(composed, names)), None)


def _variables(file: StudyFile) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for spec in file.spec.values():
        extra = [spec.variable] if spec.variable else []
        names |= dict.fromkeys((*spec.parsed.variables, *extra))
    return tuple(names)


def _column(
    file: StudyFile,
    spec_id: str,
    entities: tuple[str, ...],
    times: tuple[int, ...],
    groups: dict[str, tuple[str | None, ...]],
) -> tuple[Column, tuple[str, ...], int]:
    spec, formula = file.spec[spec_id], file.spec[spec_id].parsed
    header = file.study
    terms = [*formula.terms, *formula.instruments]
    names = [formula.outcome.variable, *(t.variable for t in terms)]
    logs = [formula.outcome.log, *(t.log for t in terms)]
    thresholds: tuple[float, ...] = ()
    split = without = None
    regressors = [str(t) for t in formula.terms]
    if spec.resolved_kind == "threshold":
        thresholds = _thresholds(file, spec)
        names.append(str(spec.variable))
        logs.append(False)
        split = _position(regressors, spec.regime_dependent)
    if spec.mediator in regressors:
        without = _position(regressors, spec.mediator)
        split = _position(regressors, spec.treatment) if spec.treatment else None
    steps, kept, used = _steps(file, spec, names, entities, times, groups)
    for effect in formula.effects:
        if effect not in (header.entity, header.time):
            raise Unmapped(f"effects of {effect} are neither of the entity nor of the time")
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
        kept * used,
    )


def _position(regressors: list[str], name: str | None) -> int:
    if name not in regressors:
        raise Unmapped(f"{name} is not among the regressors of its formula")
    return regressors.index(name)


def _thresholds(file: StudyFile, spec: Spec) -> tuple[float, ...]:
    if spec.thresholds is None:
        raise Unmapped("tests for the number of thresholds search over the panel; they are no smooth statistic of it")
    alike = (spec.formula, spec.variable, spec.regime_dependent)
    for spec_id, other in file.spec.items():
        if (other.formula, other.variable, other.regime_dependent) == alike:
            found = {p.term: p.estimate for p in file.printed(spec_id)}
            wanted = [f"threshold{j + 1}" for j in range(spec.thresholds)]
            if all(name in found for name in wanted):
                return tuple(sorted(found[name] for name in wanted))
    raise Unmapped("its thresholds are not printed as threshold1, threshold2, ...")


def _steps(
    file: StudyFile,
    spec: Spec,
    names: list[str],
    entities: tuple[str, ...],
    times: tuple[int, ...],
    groups: dict[str, tuple[str | None, ...]],
) -> tuple[tuple[tuple, ...], int, int]:
    """Steps in terms of positions, and how many entities and times are left."""
    labels: dict[str, list] = {file.study.entity: list(entities), **{g: list(of) for g, of in groups.items()}}
    at = list(times)
    done: list[tuple] = []
    lagged = False
    for step in spec.steps:
        if lagged:
            raise Unmapped("a step follows its lag, and only a last lag is supported")
        if step.winsorise:
            done.append(("winsorise", *step.winsorise))
        elif step.standardise:
            done.append(("standardise",))
        elif step.lag:
            periods = tuple(step.lag.get(name, 0) for name in names)
            done.append(("lag", periods))
            at = at[max(periods) :]
            lagged = True
        elif step.drop or step.keep:
            rule = step.drop or step.keep or {}
            if len(rule) > 1:
                raise Unmapped("a step that selects by two columns at once is not supported")
            ((name, given),) = rule.items()
            wanted = [composed(v) if isinstance(v, str) else v for v in (given if isinstance(given, list) else [given])]
            values = at if name == file.study.time else labels.get(name)
            if values is None:
                raise Unmapped(f"a step selects by {name}, of which the study tells no members")
            kept = [i for i, v in enumerate(values) if (v in wanted) == bool(step.keep)]
            if not kept:
                raise Unmapped(f"a step that selects by {name} leaves nothing")
            if name == file.study.time:
                at = [at[i] for i in kept]
                done.append(("times", tuple(kept)))
            else:
                labels = {key: [of[i] for i in kept] for key, of in labels.items()}
                done.append(("entities", tuple(kept)))
    return tuple(done), len(labels[file.study.entity]), len(at)


def _targets(
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
                    raise Unmapped(f"the study's panel and steps give {rows} rows")
                counts.append(p.id)
                continue
            goal = target(p, "estimate", statistic)
            if statistic == "sargan":
                low, high = chi2.isf(np.clip([goal.high, goal.low], 1e-12, 1), column.instruments - column.endogenous)
                goal = replace(goal, low=float(low), high=float(high))
            targets.append(goal)
        except Unmapped as why:
            missed[p.id] = str(why)
            continue
        kind, _, j = statistic.partition(".")
        if kind == "coef":
            if p.text["std_error"]:
                targets.append(target(p, "std_error", f"se.{j}"))
            if p.text["t_value"]:
                targets.append(target(p, "t_value", f"t.{j}"))
        if p.text["ci_low"] or p.text["ci_high"]:
            missed[f"{p.id} (interval)"] = "how the interval was made is not a statistic of the study file"
        if p.text["r2"] and "R2" not in described and not whole:
            whole = True
            targets.append(replace(target(p, "r2", "r2"), id=spec_id))
    return targets, counts, missed


def _convention(
    targets: list[Target], column: Column, rows: int
) -> tuple[list[Target], dict[str, str]]:
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


def _nested_r2(questions: list[Question]) -> list[Question]:
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
            if t.statistic == "r2" and q.column.thresholds and q.column.entity_effects and t.high < best[read(q)]
            else t
            for t in q.targets
        ]
        wanted = tuple(t.statistic for t in meant)
        done.append(replace(q, column=replace(q.column, wanted=wanted), targets=tuple(meant)))
    return done


def _statistic(p: Printed, spec: Spec, terms: list[str], column: Column) -> str:
    if p.term == "N":
        return "n"
    if p.term in terms:
        return f"coef.{terms.index(p.term)}"
    if p.term == "_cons":
        if column.entity_effects or column.time_effects:
            raise Unmapped("how the constant of a column with effects is normalised is not printed")
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
    raise Unmapped("no statistic of a panel is known for it")


def _descriptives(
    file: StudyFile, variables: tuple[str, ...], rows: int
) -> tuple[dict[tuple[str, str], Target], list[str], dict[str, str]]:
    found: dict[tuple[str, str], Target] = {}
    counts: list[str] = []
    missed: dict[str, str] = {}
    for p in file.published:
        if p.table != file.study.descriptives:
            continue
        if p.column == "n" and p.estimate == rows:
            counts.append(p.id)
        elif p.term not in variables:
            missed[p.id] = "no specification uses the variable"
        elif p.column in DESCRIPTIVES:
            found[p.term, p.column] = target(p, "estimate", p.column)
        else:
            missed[p.id] = f"{p.column} is not among n, {', '.join(DESCRIPTIVES)}, or not {rows} rows"
    return found, counts, missed


def _rates(
    file: StudyFile, variables: tuple[str, ...]
) -> tuple[tuple[tuple[tuple[str, ...], dict[tuple[str, str], Target]], ...], set[str]]:
    """Tables with a column VIF or 1/VIF, and the names of all tables that are accounted for."""
    tables: dict[str, list[Printed]] = {}
    for p in file.published:
        if p.column in RATES:
            tables.setdefault(p.table, []).append(p)
    found = []
    for rows in tables.values():
        names = tuple(dict.fromkeys(p.term for p in rows if p.term in variables))
        rates = {
            (p.term, p.column): target(p, "estimate", p.column) for p in rows if p.term in (*names, "mean")
        }
        found.append((names, rates))
    return tuple(found), {*tables, *(s.split(".")[0] for s in file.spec)}
