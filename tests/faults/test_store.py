"""Damaged stores: no turned bit and no cut goes unseen, in fits, records, twins, settings and programs."""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import arviz as az
import numpy as np
import pytest

from posterity import cli
from posterity.analyses.run import store
from posterity.analyses.run.key import Key
from posterity.analyses.run.results import Request
from posterity.analyses.run.store import (
    read_fit,
    read_or_compute,
    read_or_fit,
    seal_holds,
    with_seal,
    write_fit,
    write_whole,
)
from posterity.analyses.twins.write import SEAL, _manifest, _seal
from posterity.data.errors import InputError
from posterity.models.engine import jax_cache
from posterity.models.engine.jax_cache import SealedCache, read_sealed, write_sealed
from posterity.models.engine.sampling import Sampler
from posterity.models.priors import DEFAULTS

KEY = Key(
    kind="effects", data=("a",), form="mundlak", errors="gaussian", priors=DEFAULTS, sampler=Sampler(),
    engine=None, extra={},
)  # fmt: skip


@pytest.fixture
def tree():
    return az.from_dict({"posterior": {"coef": np.arange(40.0).reshape(2, 20)}})


@pytest.fixture
def request_(tmp_path):
    return Request("tables", Sampler(), None, {}, None, tmp_path / "posteriors")


def damaged(content: bytes, count: int, seed: int = 1):
    """The content with one bit turned, or cut short, at places that a generator draws."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        at = int(rng.integers(len(content)))
        if number % 4 == 3:
            yield content[:at]
        else:
            yield content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :]


def test_no_damage_to_a_fit_goes_unseen(tree, tmp_path):
    path = tmp_path / "T1.1.nc"
    write_fit(path, "key", tree, 1.0)
    whole = path.read_bytes()
    for content in damaged(whole, 400):
        path.write_bytes(content)
        assert read_fit(path, "key") is None
    path.write_bytes(whole)
    assert read_fit(path, "key") is not None


def test_a_sealed_fit_is_still_netcdf_for_others(tree, tmp_path):
    path = tmp_path / "T1.1.nc"
    write_fit(path, "key", tree, 1.0)
    other = az.from_netcdf(path)
    np.testing.assert_array_equal(other["posterior"]["coef"], tree["posterior"]["coef"])


def test_a_damaged_fit_is_made_again_and_a_whole_one_is_not(tree, request_):
    made = []

    def make():
        made.append(1)
        return tree.copy()

    for _ in range(2):
        found = read_or_fit("T1.1", KEY, request_, make)[0]
    assert len(made) == 1
    path = request_.posteriors / "T1.1.nc"
    path.write_bytes(next(damaged(path.read_bytes(), 1)))
    found = read_or_fit("T1.1", KEY, request_, make)[0]
    assert len(made) == 2
    np.testing.assert_array_equal(found["posterior"]["coef"], tree["posterior"]["coef"])


def test_no_damage_to_records_goes_unseen(request_):
    records = {"means": [0.1, 1e-300, -3.0], "words": "prior", "none": None, "7": [True]}
    made = []

    def make():
        made.append(1)
        return records

    assert read_or_compute("T1.1-priors", KEY, request_, make) == records
    path = request_.posteriors.parent / "robustness" / "T1.1-priors.json"
    whole = path.read_bytes()
    for content in damaged(whole, 200):
        path.write_bytes(content)
        found = read_or_compute("T1.1-priors", KEY, request_, None)
        assert found in (None, records)  # a blank between two numbers may turn into another blank
    path.write_bytes(whole)
    assert read_or_compute("T1.1-priors", KEY, request_, make) == records
    assert len(made) == 1


def test_records_are_read_back_as_they_were_first_given(request_):
    first = read_or_compute("T1.1-x", KEY, request_, lambda: {"pair": (1, 2), "by": {3: "three"}})
    assert first == read_or_compute("T1.1-x", KEY, request_, None) == {"pair": [1, 2], "by": {"3": "three"}}


def test_no_damage_to_a_compiled_program_goes_unseen(tmp_path):
    cache = SealedCache(tmp_path)
    cache.put("program", b"machine code " * 20)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for content in damaged(whole, 200):
        path.write_bytes(content)
        assert cache.get("program") is None
    cache.put("program", b"machine code " * 20)  # JAX itself would leave the damaged file there
    assert path.read_bytes() == whole


def test_compiled_programs_keep_to_their_bound(tmp_path, monkeypatch):
    """Twelve of 1,000 bytes and their seals where 10,000 may stay: what was put or read last does."""
    monkeypatch.setattr(jax_cache, "MOST", 10_000)
    (tmp_path / "thesis.txt").write_bytes(bytes(20_000))  # somebody else's, and never counted
    first, second = SealedCache(tmp_path), SealedCache(tmp_path)
    for number in range(9):
        first.put(f"p{number}", bytes(1000))
        os.utime(tmp_path / f"p{number}.sealed", ns=(number, number))
    assert len(list(tmp_path.glob("*.sealed"))) == 9
    assert first.get("p0") == bytes(1000)
    second.put("p9", bytes(1000))  # another process, which has put nothing yet
    assert {p.stem for p in tmp_path.glob("*.sealed")} == {"p0", "p9", *(f"p{n}" for n in range(4, 9))}
    assert first.get("p1") is None
    for number in range(10, 13):
        second.put(f"p{number}", bytes(1000))
    assert sum(p.stat().st_size for p in tmp_path.glob("*.sealed")) <= 10_000
    assert (tmp_path / "thesis.txt").exists()
    assert second.get("p12") == bytes(1000)


def test_jax_keeps_its_programs_sealed(tmp_path):
    import jax

    folder = Path(jax.config.jax_compilation_cache_dir)
    before = {*folder.iterdir()}
    new = float(np.random.default_rng().normal())  # a program that no run compiled before
    assert float(jax.jit(lambda x: x * new)(2.0)) == 2 * new
    written = {*folder.iterdir()} - before
    assert written
    assert all(path.suffix == ".sealed" for path in written if path.suffix != ".part")
    payload = b"x" * 100
    write_sealed(tmp_path / "p", payload)
    assert read_sealed(tmp_path / "p") == payload
    assert read_sealed(tmp_path / "absent") is None


def test_a_damaged_twin_manifest_is_not_believed(tmp_path):
    manifest = {
        "study": "s",
        "SYNTHETIC": True,
        "key": "k",
        "seed": 1,
        "twins": [{"file": "twin-000.parquet", "tries": 2}],
    }
    manifest[SEAL] = _seal(manifest)
    path = tmp_path / "manifest.json"
    text = json.dumps(manifest)
    path.write_text(text)
    assert _manifest(tmp_path) == manifest
    for content in damaged(text.encode(), 200):
        path.write_bytes(content)
        found = _manifest(tmp_path)
        assert not found.get("twins") or found["twins"] == manifest["twins"]
    path.write_text(json.dumps({"study": "s", "outputs": {}}))
    assert _manifest(tmp_path) == {"study": "s", "outputs": {}}  # of a run without twins


def test_settings_with_another_number_are_damaged(tmp_path, monkeypatch, capsys):
    from posterity.cli.run import SETTINGS

    settings = dict.fromkeys(SETTINGS) | {"study": "bashlai-2026", "draws": 1000, "seed": 7}
    folder = tmp_path / "bashlai-2026"
    folder.mkdir()
    text = json.dumps(with_seal(settings)).replace("1000", "1001")
    (folder / "settings.json").write_text(text)
    monkeypatch.setattr(sys, "argv", ["posterity", "report", "bashlai-2026", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert "settings.json is damaged" in said
    assert len(said.strip().splitlines()) == 1


def test_seals_of_records():
    assert seal_holds(with_seal({"a": 1.5, "b": [None]}))
    wrong: list[object] = [
        None,
        [],
        {},
        {"a": 1},
        with_seal({"a": 1}) | {"a": 2},
        with_seal({"a": 1}) | {"b": 2},
    ]
    for record in wrong:
        assert not seal_holds(record)


def test_keys_change_with_versions_priors_and_code(monkeypatch, tmp_path):
    before = store.versions()
    monkeypatch.setattr(store.metadata, "version", lambda name: "0.0.1" if name == "numpy" else "1")
    store.versions.cache_clear()
    other = store.versions()
    store.versions.cache_clear()
    assert KEY.sha256(before) != KEY.sha256(other)
    for name in ("data", "models", "analyses"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(store, "PACKAGE", tmp_path)
    first = store.code_sha256()
    (tmp_path / "models" / "a.py").write_text("x = 2\n")
    assert store.code_sha256() != first


def test_a_clock_that_goes_back_changes_nothing(tree, request_, monkeypatch):
    import os
    import time

    read_or_fit("T1.1", KEY, request_, lambda: tree.copy())
    path = request_.posteriors / "T1.1.nc"
    os.utime(path, (4e9, 4e9))  # in the year 2096
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "perf_counter", iter(range(100, 0, -1)).__next__)

    def never():
        raise AssertionError("a finished fit was made again")

    assert read_or_fit("T1.1", KEY, request_, never)[2]
    _, seconds, _ = read_or_fit("T1.2", KEY, request_, lambda: tree.copy())
    assert read_or_fit("T1.2", KEY, request_, never)[1] == seconds


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_full_or_broken_disk_is_one_sentence_and_leaves_what_was_there(code, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(code, "the system's words")

    with pytest.raises(InputError, match=r"report\.html cannot be written \(the system's words\)"):
        write_whole(path, full)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "before"


def test_fits_are_not_asked_again_after_another_seed(tree, request_):
    read_or_fit("T1.1", KEY, request_, lambda: tree.copy())
    other = replace(request_, sampler=Sampler(seed=5))
    assert not read_or_fit("T1.1", replace(KEY, sampler=other.sampler), other, lambda: tree.copy())[2]
