"""From a study file to everything that its twins must reproduce."""

from __future__ import annotations

from ...data.errors import InputError
from ...data.panel.keys import composed, synthetic_label
from ...data.published import Printed
from ...data.sample.outline import named_entities
from ...data.study.file import StudyFile
from ...data.study.spec import Cluster
from ...models.moment_columns import DESCRIPTIVES
from .columns import column_of, targets_of
from .r_squared import of_nested, of_one_regressor
from .targets import Plan, Question, Target, UnmappedError, target

RATES = ("VIF", "1/VIF")


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
            f"{file.path}: a twin needs the size of the panel; add entities = 30 and "
            "periods = [2012, 2022] to [study]."
        )
    entities = entity_names(file)
    times = tuple(range(header.periods[0], header.periods[1] + 1))
    groups = {
        name: tuple(_group_of(composed(e), members) for e in entities)
        for name, members in file.groups.items()
    }
    variables = _variables(file)
    counted: list[str] = []
    left_out: dict[str, str] = {}
    questions = []
    for spec_id in file.spec:
        try:
            column, names, rows = column_of(file, spec_id, entities)
        except UnmappedError as why:
            left_out |= {p.id: str(why) for p in file.printed(spec_id)}
            continue
        targets, counts, missed = targets_of(file, spec_id, column, rows)
        left_out |= missed
        counted += counts
        targets, impossible = of_one_regressor(targets, column, rows)
        left_out |= impossible
        if targets:
            at = tuple(variables.index(name) for name in names)
            questions.append(Question(spec_id, column, at, rows, tuple(targets)))
    questions = of_nested(questions)
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
            f"{file.path}: standard errors are clustered by {' and '.join(clusters)}, of which the study "
            "tells no members; add [groups] for all but one."
        )
    cluster, size = next(iter(clusters.items()), (None, 0))
    return Plan(
        variables, tuple(synthetic_label(e) for e in entities), times, cluster, size, groups,
        tuple(questions), described, rates, tuple(counted), left_out,
    )  # fmt: skip


def entity_names(file: StudyFile) -> tuple[str, ...]:
    """Names of a twin's entities: those that groups and steps of the study name, then numbers."""
    named, entity, size = named_entities(file), file.study.entity, file.study.entities or 0
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
