"""The arrays of one specification on one panel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


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
    scaled : whether outcome and regressors are in standard units already, which models then leave as they are
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
    scaled: bool = False

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
        """A fingerprint of all that models and estimators read: names, arrays, effects, clusters, groups.

        Left out is what only describes where the arrays come from: `dropped`, `notes` and `synthetic`.
        """
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
        digest.update(b"scaled" * self.scaled)
        for array in (self.y, self.X, self.entity, self.time):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.clusters is not None:
            digest.update(b"clusters" + np.ascontiguousarray(self.clusters).tobytes())
        if self.varying is not None:
            digest.update(repr((self.varying.columns, self.varying.groups)).encode())
            digest.update(self.varying.group.tobytes())
        return digest.hexdigest()


def subset(design: Design, rows: NDArray[np.bool_]) -> Design:
    """The design of some rows (n,), less the entities, times, clusters and groups that have none."""
    entities, entity = np.unique(design.entity[rows], return_inverse=True)
    times, time = np.unique(design.time[rows], return_inverse=True)
    varying = design.varying
    if varying is not None:
        kept, group = np.unique(varying.group[entities], return_inverse=True)
        varying = replace(varying, group=group, groups=tuple(varying.groups[g] for g in kept))
    return replace(
        design,
        y=design.y[rows],
        X=design.X[rows],
        entity=entity,
        time=time,
        entities=tuple(design.entities[i] for i in entities),
        times=tuple(design.times[t] for t in times),
        clusters=None
        if design.clusters is None
        else np.unique(design.clusters[rows], return_inverse=True)[1],
        varying=varying,
    )
