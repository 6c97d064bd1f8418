"""The arrays of one specification on one panel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from numbers import Number

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError, did_you_mean
from .formula import Formula
from .panel import Panel
from .steps import apply_steps
from .study import Cluster, Spec, Varying

COLLINEAR = 2e-5  # linearmodels takes what leaves less than 1e-5 of a column for absorbed
EXACT = 1e-6  # cross-products in 64 bits cannot tell a smaller residual from none
MAX_GROUPS = 500
SMALLEST, LARGEST = 1e-150, 1e150


@dataclass(frozen=True, eq=False)
class VaryingSlopes:
    """Which slopes vary by which groups of entities.

    Attributes
    ----------
    columns : positions of the regressors
    group : (N,) integer codes into `groups`, one an entity
    """

    columns: tuple[int, ...]
    group: NDArray[np.int64]
    groups: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """What a specification reads from a panel, listwise complete.

    Attributes
    ----------
    y : (n,) outcome on the paper's scale
    X : (n, k) regressors on the paper's scale
    entity, time : (n,) integer codes into `entities` and `times`
    clusters : (n,) integer codes, or None
    effects : which of the two kinds of effects the specification has
    """

    outcome: str
    terms: tuple[str, ...]
    y: NDArray[np.float64]
    X: NDArray[np.float64]
    entity: NDArray[np.int64]
    time: NDArray[np.int64]
    entities: tuple[str, ...]
    times: tuple[int, ...]
    entity_name: str
    time_name: str
    entity_effects: bool
    time_effects: bool
    clusters: NDArray[np.int64] | None
    dropped: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    varying: VaryingSlopes | None = None

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def k(self) -> int:
        return len(self.terms)

    @property
    def rows(self) -> list[str]:
        """A label for each row, entity and time."""
        return [f"{self.entities[i]} {self.times[t]}" for i, t in zip(self.entity, self.time, strict=True)]

    @property
    def sha256(self) -> str:
        """A fingerprint of everything that the likelihood reads."""
        digest = hashlib.sha256()
        names = (
            self.outcome,
            *self.terms,
            *self.entities,
            *map(str, self.times),
            self.entity_name,
            self.time_name,
        )
        digest.update("\x1f".join(names).encode())
        digest.update(f"{self.entity_effects}{self.time_effects}{self.X.shape}".encode())
        for array in (self.y, self.X, self.entity, self.time):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.varying is not None:
            digest.update(repr((self.varying.columns, self.varying.groups)).encode())
            digest.update(self.varying.group.tobytes())
        return digest.hexdigest()


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
    check_estimable(design, prefix)
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
            f"{prefix}standard errors are clustered by {name!r}, and the panel has no such column; add it, or "
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
            f"{prefix}slopes can vary by {name!r} beside effects of {panel.entity!r} only; add them to the formula."
        )
    if name not in frame.columns:
        raise InputError(
            f"{prefix}slopes vary by {name!r}, and the panel has no such column; add it, or change 'varying' in "
            f"the study file.{did_you_mean(name, frame.columns)}"
        )
    missing = frame[name].isna()
    if missing.any():
        row = missing.idxmax()
        raise InputError(
            f"{prefix}row {row} ({frame.loc[row, panel.entity]}) has no {name!r}, by which slopes vary; fill it."
        )
    of = frame.groupby(panel.entity, sort=True)[name].agg(["first", "nunique"])
    if (of["nunique"] > 1).any():
        who = of["nunique"].idxmax()
        raise InputError(
            f"{prefix}{who!r} is in more than one {name!r}; slopes vary by groups that an entity never leaves."
        )
    codes, groups = pd.factorize(of["first"], sort=True)
    if not 2 <= len(groups) <= MAX_GROUPS:
        raise InputError(
            f"{prefix}column {name!r}, by which slopes vary, holds {len(groups)} groups; from 2 to {MAX_GROUPS} "
            "can be used."
        )
    columns = tuple(terms.index(term) for term in varying.terms or terms)
    return VaryingSlopes(columns, codes.astype(np.int64), tuple(map(str, groups)))


def check_estimable(design: Design, prefix: str = "") -> None:
    """Refuse a design whose coefficients its rows and effects cannot tell apart."""
    from .within import split  # kept here: most callers of this module never need it

    _check_sizes(design, prefix)
    if np.ptp(design.y) == 0:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} is constant ({design.y[0]:g}); nothing can be estimated."
        )
    for name, size in ((design.entity_name, len(design.entities)), (design.time_name, len(design.times))):
        if size < 2:
            raise InputError(f"{prefix}only one {name} is left after dropping rows; at least two are needed.")
    parameters = design.k + 1
    parameters += (len(design.entities) - 1) * design.entity_effects + (
        len(design.times) - 1
    ) * design.time_effects
    if design.n <= parameters:
        raise InputError(
            f"{prefix}{design.n} rows cannot estimate {parameters} coefficients and effects; add rows."
        )
    spread = np.ptp(design.X, axis=0)
    for name, width in zip(design.terms, spread, strict=True):
        if width == 0:
            raise InputError(f"{prefix}the regressor {name!r} is constant; remove it from the formula.")
    _check_connected(design, prefix)
    both = np.column_stack([design.X, design.y])
    within = split(both, design.entity, design.time, design.entity_effects, design.time_effects).within
    scaled = within / both.std(axis=0)
    left_over = np.sqrt((scaled**2).mean(axis=0))
    if left_over[-1] < EXACT:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} does not vary within the effects of the formula; "
            "nothing can be estimated."
        )
    outcome, scaled, left_over = scaled[:, -1], scaled[:, :-1], left_over[:-1]
    for name, left in zip(design.terms, left_over, strict=True):
        if left < COLLINEAR:
            raise InputError(
                f"{prefix}the regressor {name!r} does not vary within the effects of the formula; remove it or them."
            )
    q, r = np.linalg.qr(scaled / left_over)
    weak = np.abs(np.diag(r)) < COLLINEAR * np.sqrt(design.n)
    if weak.any():
        name = design.terms[int(np.argmax(weak))]
        raise InputError(
            f"{prefix}the regressor {name!r} is a linear combination of those before it (and the effects) to within "
            f"1 part in {1 / COLLINEAR:,.0f}; remove one."
        )
    residual = outcome - q @ (q.T @ outcome)
    if np.sqrt((residual**2).mean()) < EXACT:
        raise InputError(
            f"{prefix}the outcome {design.outcome!r} is a linear combination of the regressors (and the effects) to "
            f"within 1 part in {1 / EXACT:,.0f}, so that no error is left to learn from; look for an identity."
        )


def _check_sizes(design: Design, prefix: str) -> None:
    for name, values in zip(
        (design.outcome, *design.terms), np.column_stack([design.y, design.X]).T, strict=True
    ):
        width = values.max() / 2 - values.min() / 2
        if width != 0 and not SMALLEST <= width <= LARGEST:
            raise InputError(
                f"{prefix}the values of {name!r} run from {values.min():g} to {values.max():g}, "
                f"{'too close to tell apart' if width < SMALLEST else 'too far apart to compute with'}; rescale it."
            )


def _check_connected(design: Design, prefix: str) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not (design.entity_effects and design.time_effects):
        return
    n, size = len(design.entities), len(design.entities) + len(design.times)
    edges = coo_array((np.ones(design.n), (design.entity, n + design.time)), shape=(size, size))
    groups, of = connected_components(edges, directed=False)
    if groups > 1:
        other = design.entities[int(np.argmax(of[:n] != of[0]))]
        raise InputError(
            f"{prefix}{groups} groups of {design.entity_name} share no {design.time_name}, that of "
            f"{design.entities[0]!r} and that of {other!r}, so their effects cannot be told apart; drop one."
        )
