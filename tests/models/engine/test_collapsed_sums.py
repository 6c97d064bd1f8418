"""Sums gathered in chunks, in any order and by several workers, are those of the whole panel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from posterity.data.errors import InputError
from posterity.data.sample.design import Design
from posterity.models.engine.statistics import Statistics, statistics_of_design, statistics_of_sums
from posterity.models.engine.sums import Chunk, Sums, gather, merge, parquet_chunks, sums_of_design
from posterity.models.groups import interacted

from ..dense import panel


def chunks_of(design: Design, pieces: int, seed: int) -> list[Chunk]:
    """The rows of a design in random order, so that entities and times are split over chunks."""
    order = np.random.default_rng(seed).permutation(design.n)
    entities, times = np.array(design.entities), np.array(design.times)
    values = np.column_stack([design.X, design.y])
    return [
        Chunk(entities[design.entity[rows]], times[design.time[rows]], values[rows])
        for rows in np.array_split(order, pieces)
    ]


def assert_same(found: Statistics, expected: Statistics) -> None:
    for name in ("cross", "degrees", "per_entity", "per_time"):
        np.testing.assert_allclose(
            getattr(found.strata, name), getattr(expected.strata, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
    for name in ("by_entity", "by_time", "rows"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-9, err_msg=name)
    assert (found.entities, found.times, found.terms) == (expected.entities, expected.times, expected.terms)
    np.testing.assert_allclose(found.scale.unit, expected.scale.unit)
    assert found.scale.y_mean == pytest.approx(expected.scale.y_mean)


def reduce_(sums: Sums, design: Design) -> Statistics:
    return statistics_of_sums(
        sums, "mundlak", design.entity_effects, design.time_effects, design.entity_name, design.time_name
    )


@pytest.mark.parametrize("effects", ["entity", "time", "both"])
def test_chunks_in_any_order_give_the_same_statistics(effects: str) -> None:
    design = panel(effects, gaps=True)
    expected = statistics_of_design(design, "mundlak")
    for pieces in (1, 4, design.n):
        found = reduce_(gather(chunks_of(design, pieces, seed=pieces), design.terms), design)
        assert_same(found, expected)


def test_workers_with_different_shifts_add_up() -> None:
    design = panel("both", gaps=True)
    parts = [gather([chunk], design.terms) for chunk in chunks_of(design, 3, seed=3)]
    assert not np.allclose(parts[0].shift, parts[1].shift)
    assert_same(reduce_(merge(parts), design), statistics_of_design(design, "mundlak"))


def test_varying_slopes_are_gathered_group_by_group() -> None:
    """Chunks of each group, in any order and with shifts of their own, give the statistics of the rows."""
    design = panel("both", gaps=True, varying=(0, 1))
    assert design.varying is not None
    of, parts = design.varying.group[design.entity], []
    for g in range(3):
        rows = {name: getattr(design, name)[of == g] for name in ("y", "X", "entity", "time")}
        parts.append(gather(chunks_of(replace(design, **rows), 3, seed=g), design.terms))
    groups = design.varying.groups
    found = statistics_of_sums(interacted(parts, (0, 1)), "mundlak", True, True, "firm", "year", groups)
    assert_same(found, statistics_of_design(design, "mundlak"))
    assert found.varying == ("x0", "x1")


def test_parquet_is_read_in_chunks_without_its_incomplete_rows(tmp_path: Path) -> None:
    design = panel("both", gaps=True)
    frame = pd.DataFrame(design.X, columns=list(design.terms)).assign(
        y=design.y,
        firm=np.array(design.entities)[design.entity],
        year=np.array(design.times)[design.time],
        unused="text",
    )
    path = tmp_path / "panel.parquet"
    pd.concat([frame, frame.head(3).assign(y=np.nan)]).to_parquet(path, index=False)
    chunks = list(parquet_chunks(path, "y", design.terms, "firm", "year", size=4))
    assert max(len(chunk.values) for chunk in chunks) <= 4
    assert_same(reduce_(gather(chunks, design.terms), design), statistics_of_design(design, "mundlak"))


def test_large_means_cost_no_digits() -> None:
    design = panel("both", gaps=True)
    moved = [chunk._replace(values=chunk.values + 1e6) for chunk in chunks_of(design, 5, seed=0)]
    found = reduce_(gather(moved, design.terms), design).strata.cross
    np.testing.assert_allclose(found, statistics_of_design(design, "mundlak").strata.cross, atol=1e-7)


def test_values_that_cannot_be_added_are_refused() -> None:
    with pytest.raises(InputError, match="no complete row"):
        gather([], ("x",))
    chunk = Chunk(np.array(["a"]), np.array([2000]), np.array([[np.inf, 1.0]]))
    with pytest.raises(InputError, match="missing or infinite"):
        gather([chunk], ("x",))


def test_sums_know_whether_the_panel_is_balanced() -> None:
    assert sums_of_design(panel("both", gaps=False)).balanced
    assert not sums_of_design(panel("both", gaps=True)).balanced
