"""Additive sums of a panel: all that a Gaussian likelihood reads, gathered in one pass over the rows.

With Z = [X | y] and D the time dummies, the sums are Z'Z, D'Z, the number of rows and the column
sums of Z of every entity, and the count of every entity-time cell. They add over chunks of rows,
in any order, with entities and times split over chunks; rows themselves are never kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError

if TYPE_CHECKING:
    from ...data.sample.design import Design

Array = NDArray[np.float64]
CHUNK = 500_000


class Chunk(NamedTuple):
    """Some rows of a panel: labels (n,), labels (n,), and [X | y] (n, k + 1), complete."""

    entity: NDArray[Any]
    time: NDArray[Any]
    values: Array


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over rows of Z = [X | y] - shift, or of [X | V | y] with columns whose slopes vary by groups.

    Attributes
    ----------
    terms : names of the k regressors
    entities, times : labels, sorted
    shift : (k + 1,) a rough centre, subtracted before squaring so that no digits are lost
    cross : (k + 1, k + 1) Z'Z
    by_entity : (N, k + 1) column sums of Z for each entity
    by_time : (T, k + 1) column sums of Z for each time
    rows : (N, T) number of rows in each cell
    varying, groups : V holds `groups` columns for each of these regressors (see `groups.interacted`)
    """

    terms: tuple[str, ...]
    entities: NDArray[Any]
    times: NDArray[Any]
    shift: Array
    cross: Array
    by_entity: Array
    by_time: Array
    rows: Array
    varying: tuple[int, ...] = ()
    groups: int = 0

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
    width = len(terms) + 1
    entities, times = _Codes(), _Codes()
    shift, cross = np.zeros(width), np.zeros((width, width))
    by_entity, by_time = np.zeros((0, width)), np.zeros((0, width))
    rows = np.zeros((0, 0))
    for chunk in chunks:
        if not np.isfinite(chunk.values).all():
            raise InputError("a value of the outcome or a regressor is missing or infinite; drop such rows.")
        if not len(chunk.values):
            continue
        if not len(entities):
            shift = chunk.values.mean(axis=0)
        Z = chunk.values - shift
        here, i = entities.of(chunk.entity)
        now, t = times.of(chunk.time)
        by_entity, by_time = _grown(by_entity, len(entities)), _grown(by_time, len(times))
        rows = _grown(rows, len(entities), len(times))
        cross += Z.T @ Z
        by_entity[here] += _sum_by(i, Z, len(here))
        by_time[now] += _sum_by(t, Z, len(now))
        rows[np.ix_(here, now)] += _cells(i, t, len(here), len(now))
    if not len(entities):
        raise InputError("the panel has no complete row; nothing can be estimated.")
    e, s = entities.order, times.order
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


def moved(sums: Sums, shift: Array) -> Sums:
    """The same sums about another centre."""
    move, total = sums.shift - shift, sums.by_time.sum(axis=0)
    both = np.outer(total, move)
    return replace(
        sums,
        shift=shift,
        cross=sums.cross + both + both.T + sums.n * np.outer(move, move),
        by_entity=sums.by_entity + sums.rows.sum(axis=1)[:, None] * move,
        by_time=sums.by_time + sums.rows.sum(axis=0)[:, None] * move,
    )


def merge(parts: Sequence[Sums]) -> Sums:
    """Add the sums of several workers, whose shifts may differ."""
    entities = np.unique(np.concatenate([part.entities for part in parts]))
    times = np.unique(np.concatenate([part.times for part in parts]))
    shift, width = parts[0].shift, len(parts[0].shift)
    cross, rows = np.zeros((width, width)), np.zeros((len(entities), len(times)))
    by_entity, by_time = np.zeros((len(entities), width)), np.zeros((len(times), width))
    for part in (moved(part, shift) for part in parts):
        i, t = np.searchsorted(entities, part.entities), np.searchsorted(times, part.times)
        cross += part.cross
        by_entity[i] += part.by_entity
        by_time[t] += part.by_time
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
                values[:, j] = _numpy(batch.column(name))
            who, when = (_numpy(batch.column(name)) for name in (entity, time))
            lacking = np.isnan(values).any(axis=1)
            if lacking.any():
                who, when, values = who[~lacking], when[~lacking], values[~lacking]
            yield Chunk(who, when, values)


def _numpy(column: Any) -> NDArray[Any]:
    """A pyarrow column without nulls; numbers by DLPack, because `to_numpy` loads pandas."""
    import pyarrow.types as kind

    number = kind.is_integer(column.type) or kind.is_floating(column.type)
    return np.from_dlpack(column) if number else column.to_numpy(zero_copy_only=False)


class _Codes:
    """Labels in the order in which they are first seen, with the order that sorts them."""

    def __init__(self) -> None:
        self.labels: NDArray[Any] = np.zeros(0)
        self.order: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, labels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Codes (u,) of the distinct labels, old and new, and where each row (n,) stands among them."""
        seen, inverse = np.unique(labels, return_inverse=True)
        if not len(self):
            self.labels = seen[:0]
        at = np.searchsorted(self.labels, seen, sorter=self.order)
        codes = np.append(self.order, -1)[at]
        new = np.append(self.labels, seen[:1])[codes] != seen
        new |= codes < 0
        codes[new] = len(self) + np.arange(new.sum())
        if new.any():
            self.labels = np.concatenate([self.labels, seen[new]])
            self.order = np.argsort(self.labels, kind="stable")
        return codes, inverse


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
