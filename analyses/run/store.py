"""Finished fits on disk: each is written whole, sealed, under a key of everything that made it.

A seal is the SHA-256 of a file's content. Fits carry it as the last bytes of their file, which readers of
netCDF never look at; JSON carries it as the entry `sha256`. A file whose seal is wrong is not opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.errors import InputError
from .key import Key, fingerprint

if TYPE_CHECKING:
    from xarray import DataTree

    from .results import Request

PACKAGE = Path(__file__).parents[2]
LIBRARIES = ("pymc", "pytensor", "numpyro", "jax", "jaxlib", "arviz-stats", "numpy", "scipy", "linearmodels")
SEAL = hashlib.sha256().digest_size


class NotStoredError(Exception):
    """What was asked is not in the store, and was not to be made.

    Attributes
    ----------
    name, key : of the file, and the key that it would have
    """

    def __init__(self, name: str, key: str) -> None:
        super().__init__(name)
        self.name, self.key = name, key


@cache
def versions() -> dict[str, str]:
    """Versions of posterity, Python's numerical libraries, and the fingerprint of the code that fits."""
    return {
        "posterity": own_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
        "code": code_sha256(),
    }


def own_version() -> str:
    try:
        return metadata.version("posterity")
    except metadata.PackageNotFoundError:
        return "source"


def code_sha256() -> str:
    """Fingerprint of the code between input and posterior, so that no fit outlives it."""
    digest = hashlib.sha256()
    for room in ("data", "models", "analyses"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write to a temporary file beside the path, then rename: readers see all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # a link of that name would be written through
        write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); free space or choose another --out."
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sealed(content: bytes) -> bytes:
    """The content with its SHA-256 behind it."""
    return content + hashlib.sha256(content).digest()


def whole(path: Path) -> bool:
    """Whether a file is as `sealed` made it."""
    try:
        if not path.is_file():
            return False
        content = memoryview(path.read_bytes())
    except OSError:
        return False
    return hashlib.sha256(content[:-SEAL]).digest() == bytes(content[-SEAL:])


def with_seal(record: dict[str, Any]) -> dict[str, Any]:
    """A record for JSON with the SHA-256 of the rest of it as `sha256`."""
    return {**record, "sha256": fingerprint(record)}


def seal_holds(record: Any) -> bool:
    """Whether what was read is as `with_seal` made it."""
    if not isinstance(record, dict) or "sha256" not in record:
        return False
    rest = {name: value for name, value in record.items() if name != "sha256"}
    return bool(record["sha256"] == fingerprint(rest))


def read_fit(path: Path, key: str) -> DataTree | None:
    """A stored fit if it is whole and was made under this key, else None."""
    import xarray as xr

    if not whole(path):
        return None
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            if tree.attrs.get("posterity_key") != key:
                return None
            return tree.load()
    except Exception:  # a library that reads otherwise than the one that wrote: fit again
        return None


def write_fit(path: Path, key: str, tree: DataTree, seconds: float) -> DataTree:
    """Store a fit and return it as it will be read back."""
    for node in tree.subtree:
        node.attrs = {k: v for k, v in node.attrs.items() if k not in ("created_at", "sampling_time")}
    tree.attrs["posterity_key"] = key
    tree.attrs["posterity_seconds"] = seconds
    content = sealed(bytes(tree.to_netcdf(engine="h5netcdf")))
    write_whole(path, lambda temporary: temporary.write_bytes(content))
    return tree


def read_or_fit(
    name: str, key: Key, request: Request, make: Callable[[], DataTree]
) -> tuple[DataTree, float, bool]:
    """A fit from the store, or made now and stored: tree, seconds it took, whether it was there.

    Raises
    ------
    NotStoredError
        Where the request allows nothing to be made and the store has no fit under this key.
    """
    mark = key.sha256(versions())
    path = request.posteriors / f"{name}.nc" if request.posteriors else None
    if path and not request.fresh:
        tree = read_fit(path, mark)
        if tree is not None:
            return tree, float(tree.attrs["posterity_seconds"]), True
    if request.known_only:
        raise NotStoredError(name, mark)
    start = time.perf_counter()
    tree = make()
    seconds = time.perf_counter() - start
    if path:
        write_fit(path, mark, tree, seconds)
    return tree, seconds, False


def read_or_compute(
    name: str, key: Key, request: Request, make: Callable[[], dict[str, Any] | None] | None
) -> dict[str, Any] | None:
    """Records from the store, or made now and stored; without `make`, what is stored or None."""
    mark = key.sha256(versions())
    path = request.posteriors.parent / "robustness" / f"{name}.json" if request.posteriors else None
    if path and not request.fresh:
        found = _read_records(path, mark)
        if found is not None:
            return found["records"]
    if make is None:
        return None
    records = json.loads(json.dumps(make()))  # as it will be read back
    if path:
        body = with_seal({"key": mark, "records": records})
        write_whole(path, lambda p: p.write_text(json.dumps(body, indent=1), encoding="utf-8"))
    return records


def _read_records(path: Path, key: str) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):  # any damage means: compute again
        return None
    return found if found and seal_holds(found) and found.get("key") == key else None


def seed_of(seed: int, name: str) -> int:
    """A specification's own seed, so that running it alone or among others gives the same draws."""
    digest = hashlib.sha256(name.encode()).digest()
    sequence = np.random.SeedSequence([seed, int.from_bytes(digest[:8], "big")])
    return int(sequence.generate_state(1)[0] >> 1)
