"""Additive sums of a panel: all that a Gaussian likelihood reads, gathered in one pass over the rows.

With Z = [X | y] and D the time dummies, the sums are Z'Z, D'Z, the number of rows and the column
sums of Z of every entity, and the count of every entity-time cell. They add over chunks of rows,
in any order, with entities and times split over chunks; rows themselves are never kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.design import Design
from ..data.errors import InputError

Array = NDArray[np.float64]
CHUNK = 500_000


class Chunk(NamedTuple):
    """Some rows of a panel: labels (n,), labels (n,), and [X | y] (n, k + 1), complete."""

    entity: NDArray[Any]
    time: NDArray[Any]
    values: Array


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over rows of Z = [X | y] - shift.

    Attributes
    ----------
    terms : names of the k regressors
    entities, times : labels, sorted
    shift : (k + 1,) a rough centre, subtracted before squaring so that no digits are lost
    cross : (k + 1, k + 1) Z'Z
    by_entity : (N, k + 1) column sums of Z for each entity
    by_time : (T, k + 1) column sums of Z for each time
    rows : (N, T) number of rows in each cell
    """

    terms: tuple[str, ...]
    entities: NDArray[Any]
    times: NDArray[Any]
    shift: Array
    cross: Array
    by_entity: Array
    by_time: Array
    rows: Array

    @property
    def n(self) -> int:
        return int(self.rows.sum())

    @property
    def balanced(self) -> bool:
        """Whether every entity is seen equally often, at least once, at every time."""
        return bool((self.rows == self.rows[0, 0]).all())


def sums_of_design(design: Design) -> Sums:
    """The sums of a design whose rows are in memory."""
    values = np.column_stack([design.X, design.y])
    n_entity, n_time = len(design.entities), len(design.times)
    shift = values.mean(axis=0)
    Z = values - shift
    return Sums(
        design.terms,
        np.array(design.entities),
        np.array(design.times),
        shift,
        Z.T @ Z,
        _sum_by(design.entity, Z, n_entity),
        _sum_by(design.time, Z, n_time),
        _cells(design.entity, design.time, n_entity, n_time),
    )


def gather(chunks: Iterable[Chunk], terms: Sequence[str]) -> Sums:
    """Add up chunks of rows; memory grows with entities x times, not with rows.

    Raises
    ------
    InputError
        Where there is no row, or a value is missing or infinite.
    """
    import pandas as pd

    width = len(terms) + 1
    entities, times = _Codes(), _Codes()
    shift, cross = np.zeros(width), np.zeros((width, width))
    by_entity, by_time = np.zeros((0, width)), np.zeros((0, width))
    rows = np.zeros((0, 0))
    for chunk in chunks:
        if not np.isfinite(chunk.values).all():
            raise InputError("a value of the outcome or a regressor is missing or infinite; drop such rows.")
        if not len(entities):
            shift = chunk.values.mean(axis=0)
        Z = chunk.values - shift
        here, i = np.unique(entities.of(pd, chunk.entity), return_inverse=True)
        t = times.of(pd, chunk.time)
        by_entity, by_time = _grown(by_entity, len(entities)), _grown(by_time, len(times))
        rows = _grown(rows, len(entities), len(times))
        cross += Z.T @ Z
        by_entity[here] += _sum_by(i, Z, len(here))
        by_time += _sum_by(t, Z, len(times))
        rows[here] += _cells(i, t, len(here), len(times))
    if not len(entities):
        raise InputError("the panel has no complete row; nothing can be estimated.")
    e, s = np.argsort(entities.labels), np.argsort(times.labels)
    return Sums(
        tuple(terms),
        entities.labels[e],
        times.labels[s],
        shift,
        cross,
        by_entity[e],
        by_time[s],
        rows[e][:, s],
    )


def merge(parts: Sequence[Sums]) -> Sums:
    """Add the sums of several workers, whose shifts may differ."""
    entities = np.unique(np.concatenate([part.entities for part in parts]))
    times = np.unique(np.concatenate([part.times for part in parts]))
    shift, width = parts[0].shift, len(parts[0].shift)
    cross, rows = np.zeros((width, width)), np.zeros((len(entities), len(times)))
    by_entity, by_time = np.zeros((len(entities), width)), np.zeros((len(times), width))
    for part in parts:
        i, t = np.searchsorted(entities, part.entities), np.searchsorted(times, part.times)
        move = part.shift - shift
        total = part.by_time.sum(axis=0)
        cross += part.cross + np.outer(total, move) + np.outer(move, total) + part.n * np.outer(move, move)
        by_entity[i] += part.by_entity + part.rows.sum(axis=1)[:, None] * move
        by_time[t] += part.by_time + part.rows.sum(axis=0)[:, None] * move
        rows[np.ix_(i, t)] += part.rows
    return Sums(parts[0].terms, entities, times, shift, cross, by_entity, by_time, rows)


def parquet_chunks(
    path: str | Path, outcome: str, terms: Sequence[str], entity: str, time: str, size: int = CHUNK
) -> Iterator[Chunk]:
    """Read a Parquet file in chunks of rows; rows that lack any of the columns are left out."""
    import pyarrow.parquet as pq

    names = [*terms, outcome]
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(size, columns=[entity, time, *names], use_threads=False):
            batch = batch.drop_null()
            values = np.empty((batch.num_rows, len(names)))
            for j, name in enumerate(names):
                values[:, j] = batch.column(name).to_numpy(zero_copy_only=False)
            keys = (batch.column(name).to_numpy(zero_copy_only=False) for name in (entity, time))
            yield Chunk(*keys, values)


class _Codes:
    """Labels in the order in which they are first seen."""

    def __init__(self) -> None:
        self.index: Any = None

    def __len__(self) -> int:
        return 0 if self.index is None else len(self.index)

    @property
    def labels(self) -> NDArray[Any]:
        return np.asarray(self.index)

    def of(self, pd: Any, labels: NDArray[Any]) -> NDArray[np.int64]:
        """(n,) The codes of labels, old and new."""
        local, seen = pd.factorize(labels)
        if self.index is None:
            self.index = pd.Index(seen)
        codes = self.index.get_indexer(seen)
        new = codes < 0
        if new.any():
            codes[new] = len(self.index) + np.arange(new.sum())
            self.index = self.index.append(pd.Index(seen[new]))
        return codes[local]


def _grown(array: Array, *least: int) -> Array:
    """The array with at least so many entries in each leading dimension, new ones zero."""
    shape = [max(have, want) for have, want in zip(array.shape, least, strict=False)]
    shape += array.shape[len(least) :]
    if tuple(shape) == array.shape:
        return array
    larger = np.zeros(shape)
    larger[tuple(slice(0, size) for size in array.shape)] = array
    return larger


def _sum_by(codes: NDArray[np.int64], Z: Array, size: int) -> Array:
    return np.stack([np.bincount(codes, column, size) for column in Z.T], axis=1)


def _cells(entity: NDArray[np.int64], time: NDArray[np.int64], n_entity: int, n_time: int) -> Array:
    cells = np.bincount(entity * n_time + time, minlength=n_entity * n_time)
    return cells.reshape(n_entity, n_time).astype(float)
