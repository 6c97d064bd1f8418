"""Programs kept on disk are used again when whole, and made anew when not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from posterity.models.engine import program_cache
from posterity.models.engine.jax_cache import read_sealed, write_sealed


def test_a_program_is_made_once_and_gives_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    jax.config.update("jax_enable_x64", True)
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return jax.jit(lambda x: 2 * x + 1)

    def specs() -> list[Any]:
        return [jax.ShapeDtypeStruct(jax.export.symbolic_shape("n"), np.float64)]

    values = np.array([1.0, 2.5])
    for _ in range(2):
        np.testing.assert_array_equal(
            program_cache.cached_program("double", (1,), make, specs)(values), 2 * values + 1
        )
    possible = importlib.util.find_spec("flatbuffers") is not None
    assert len(made) == (1 if possible else 2)
    if possible:
        (path,) = (tmp_path / "posterity" / "programs").iterdir()
        path.write_bytes(path.read_bytes()[:-1])
        np.testing.assert_array_equal(
            program_cache.cached_program("double", (1,), make, specs)(values), 2 * values + 1
        )
        assert len(made) == 2


def test_only_whole_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "program.jax"
    assert read_sealed(path) is None
    write_sealed(path, b"payload")
    assert read_sealed(path) == b"payload"
    path.write_bytes(path.read_bytes() + b"!")
    assert read_sealed(path) is None


def test_keys_tell_shapes_and_names_apart() -> None:
    keys = {
        program_cache._key(*parts) for parts in (("a", (1,), "cpu"), ("b", (1,), "cpu"), ("a", (2,), "cpu"))
    }
    assert len(keys) == 3
