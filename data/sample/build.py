"""From a panel and a specification to its arrays."""

from __future__ import annotations

from dataclasses import replace
from numbers import Number

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from ..panel.panel import Panel
from ..study.formula import Formula
from ..study.spec import Cluster, Spec, Varying
from .design import Design, VaryingSlopes
from .estimable import check_estimable
from .steps import apply_steps

MAX_GROUPS = 500


def build_design(panel: Panel, spec: Spec, where: str = "") -> Design:
    """Apply a specification's steps to a panel and take its arrays.

    Raises
    ------
    InputError
        For absent, text, infinite or extreme columns, an outcome or regressors that are constant or
        collinear, effects that are not the panel's entity or time, and samples that cannot estimate.
    """
    formula = spec.parsed
    prefix = f"{panel.source}, {where}: " if where else f"{panel.source}: "
    entity_effects, time_effects = _effects(panel, formula, prefix)
    if spec.rules.between and not entity_effects:
        raise InputError(
            f"{prefix}estimator = {spec.estimator!r} makes the effects of {panel.entity!r} random; name them "
            f"in the formula: '... | {panel.entity}'."
        )
    panel, notes = apply_steps(panel, spec.steps, formula.variables)
    columns = [panel.term(t).rename(str(t)) for t in (formula.outcome, *formula.terms)]
    table = pd.concat(columns, axis=1)
    complete = table.notna().all(axis=1)
    frame, table = panel.frame.loc[complete], table.loc[complete]
    if len(table) == 0:
        raise InputError(
            f"{prefix}no row has all of {', '.join(table.columns)}; fill the gaps or change the formula."
        )
    entity, entities = pd.factorize(frame[panel.entity], sort=True)
    time, times = pd.factorize(frame[panel.time], sort=True)
    design = Design(
        outcome=str(formula.outcome),
        terms=tuple(map(str, formula.terms)),
        y=table.iloc[:, 0].to_numpy(float),
        X=table.iloc[:, 1:].to_numpy(float),
        entity=entity.astype(np.int64),
        time=time.astype(np.int64),
        entities=tuple(map(str, entities)),
        times=tuple(map(int, times)),
        entity_name=panel.entity,
        time_name=panel.time,
        entity_effects=entity_effects,
        time_effects=time_effects,
        clusters=_clusters(panel, spec, frame, prefix),
        dropped=tuple(int(i) for i in panel.frame.index[~complete]),
        notes=tuple(notes),
        synthetic=panel.synthetic,
        varying=_varying(panel, spec, spec.varying, frame, prefix) if spec.varying else None,
    )
    check_estimable(replace(design, entity_effects=entity_effects and not spec.rules.between), prefix)
    return design


def _effects(panel: Panel, formula: Formula, prefix: str) -> tuple[bool, bool]:
    for name in formula.effects:
        if name not in (panel.entity, panel.time):
            near = did_you_mean(name, (panel.entity, panel.time))
            raise InputError(
                f"{prefix}effects of {name!r} are not supported, only of the entity and the time.{near}"
            )
    return panel.entity in formula.effects, panel.time in formula.effects


def _clusters(panel: Panel, spec: Spec, frame: pd.DataFrame, prefix: str) -> NDArray[np.int64] | None:
    if not isinstance(spec.vcov, Cluster):
        return None
    name = spec.vcov.cluster
    if name not in frame.columns:
        raise InputError(
            f"{prefix}standard errors are clustered by {name!r}, and the panel has no such column; add it, "
            "or "
            f"change vcov in the study file.{did_you_mean(name, frame.columns)}"
        )
    missing = frame[name].isna()
    if missing.any():
        raise InputError(
            f"{prefix}row {missing.idxmax()} has no {name!r}, the cluster of its standard errors; fill it."
        )
    odd = pd.Series([not isinstance(cell, str | Number) for cell in frame[name]], index=frame.index)
    if odd.any():
        row = odd.idxmax()
        raise InputError(
            f"{prefix}row {row}, column {name!r}: {frame[name].loc[row]!r} is neither text nor a number, and "
            "standard errors cannot be clustered by it; write it as text."
        )
    codes = pd.factorize(frame[name])[0].astype(np.int64)
    if codes.max() == 0:
        raise InputError(
            f"{prefix}column {name!r}, the cluster of the standard errors, holds one value only "
            f"({frame[name].iloc[0]!r}); at least two are needed."
        )
    return codes


def _varying(panel: Panel, spec: Spec, varying: Varying, frame: pd.DataFrame, prefix: str) -> VaryingSlopes:
    name, terms = varying.by, [str(t) for t in spec.parsed.terms]
    if panel.entity not in spec.parsed.effects:
        raise InputError(
            f"{prefix}slopes can vary by {name!r} beside effects of {panel.entity!r} only; add them to the "
            "formula."
        )
    if name not in frame.columns:
        raise InputError(
            f"{prefix}slopes vary by {name!r}, and the panel has no such column; add it, or change "
            "'varying' in "
            f"the study file.{did_you_mean(name, frame.columns)}"
        )
    missing = frame[name].isna()
    if missing.any():
        row = missing.idxmax()
        raise InputError(
            f"{prefix}row {row} ({frame.loc[row, panel.entity]}) has no {name!r}, by which slopes vary; "
            "fill it."
        )
    of = frame.groupby(panel.entity, sort=True)[name].agg(["first", "nunique"])
    if (of["nunique"] > 1).any():
        who = of["nunique"].idxmax()
        raise InputError(
            f"{prefix}{who!r} is in more than one {name!r}; slopes vary by groups that an entity never "
            "leaves."
        )
    codes, groups = pd.factorize(of["first"], sort=True)
    if not 2 <= len(groups) <= MAX_GROUPS:
        raise InputError(
            f"{prefix}column {name!r}, by which slopes vary, holds {len(groups)} groups; from 2 to "
            f"{MAX_GROUPS} "
            "can be used."
        )
    columns = tuple(terms.index(term) for term in varying.terms or terms)
    return VaryingSlopes(columns, codes.astype(np.int64), tuple(map(str, groups)))
