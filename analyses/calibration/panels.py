"""Panels for calibration where there is no microdata: SYNTHETIC regressors at a stated or declared size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.sample.design import Design, VaryingSlopes
from ...models.thresholds.regimes import Array, Codes, Regimes, regimes
from ..view import SpecView

ENTITIES, TIMES, MISSING = 30, 11, 0.1
SEED = 1


def standard_design(
    terms: int = 3,
    varying: bool = False,
    clusters: bool = False,
    entities: int = ENTITIES,
    times: int = TIMES,
) -> Design:
    """A SYNTHETIC unbalanced design: a tenth of the rows missing, 3 groups and 6 clusters of entities.

    Each regressor has a part that is constant within the entity, one that is common to the time, and one of
    its own.
    """
    rng = np.random.default_rng(SEED)
    entity, time = np.divmod(np.arange(entities * times), times)
    X = _regressors(rng, entity, time, terms)
    y = 0.3 * X.sum(axis=1) + rng.normal(size=entities)[entity] + rng.normal(size=len(X))
    kept = rng.uniform(size=len(X)) >= MISSING
    groups = VaryingSlopes((0,), np.arange(entities) % 3, ("east", "middle", "west"))
    return Design(
        "y", tuple(f"x{j + 1}" for j in range(terms)), y[kept], X[kept], entity[kept], time[kept],
        tuple(f"e{i + 1:02d}" for i in range(entities)), tuple(range(2012, 2012 + times)), "entity", "time",
        True, True, entity[kept] % 6 if clusters else None, synthetic=True,
        varying=groups if varying else None,
    )  # fmt: skip


def standard_regimes(design: Design) -> Regimes:
    """The slope of x1 changes along a variable that is no regressor, at up to two of 60 candidates."""
    q = np.random.default_rng(2).normal(size=design.n)
    return regimes(design, q, "x1", "q", grid=60, thresholds=2)


def declared_panel(view: SpecView) -> Panel:
    """A SYNTHETIC panel of the declared entities and periods, with every variable that a column reads.

    Raises
    ------
    InputError
        If the study declares no entities and periods.
    """
    study = view.file.study
    if study.entities is None or study.periods is None:
        raise InputError(
            f"{view.file.name} has no microdata, and declares no 'entities' and 'periods': give a panel with "
            "--panel FILE, or add both to [study]."
        )
    spec, times = view.spec, range(study.periods[0], study.periods[1] + 1)
    names = [*spec.parsed.variables, spec.variable]
    for step in spec.steps:
        names += step.columns
    groups = view.file.groups
    known = list(dict.fromkeys(n for group in groups.values() for members in group.values() for n in members))
    labels = [*known[: study.entities], *(f"entity {i + 1:03d}" for i in range(study.entities - len(known)))]
    rng = np.random.default_rng(SEED)
    entity, time = np.divmod(np.arange(len(labels) * len(times)), len(times))
    frame = pd.DataFrame({study.entity: np.array(labels)[entity], study.time: np.array(times)[time]})
    wanted = [n for n in dict.fromkeys(names) if n and n not in frame.columns and n not in groups]
    # positive, so that logarithms can be taken
    values = np.exp(0.3 * _regressors(rng, entity, time, len(wanted)))
    frame = pd.concat([frame, pd.DataFrame(values, columns=wanted)], axis=1)
    frame.index = frame.index + 1
    return Panel.of(frame, entity=study.entity, time=study.time, source="SYNTHETIC panel", synthetic=True)


def _regressors(rng: np.random.Generator, entity: Codes, time: Codes, count: int) -> Array:
    own = rng.normal(size=(len(entity), count))
    return (
        own
        + rng.normal(size=(int(entity.max()) + 1, count))[entity]
        + 0.5 * rng.normal(size=(int(time.max()) + 1, count))[time]
    )
