"""JAX's compiled programs on disk, sealed.

JAX keeps machine code as it is, without a checksum where it is packed by zstandard, and writes it in place: a
flipped bit would be run, and a file cut short by a kill would stay. Here each is written whole with its
SHA-256 before it, and one whose seal is wrong is made anew. The folder keeps to a bound: what was not used
for longest goes.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

DIGEST = 32
MOST = 2 * 2**30  # bytes of all programs


class SealedCache:
    """What JAX asks of a cache: `get` and `put` of bytes under a key."""

    def __init__(self, folder: Path) -> None:
        self._path = folder
        self._size = MOST + 1  # bytes in the folder, which is looked through by the first `put`

    def get(self, key: str) -> bytes | None:
        path = self._path / f"{key}.sealed"
        with suppress(OSError):
            os.utime(path)  # many systems do not note that a file is read
        return read_sealed(path)

    def put(self, key: str, value: bytes) -> None:
        write_sealed(self._path / f"{key}.sealed", value)
        self._size += DIGEST + len(value)
        if self._size > MOST:
            self._size = shrink(self._path, MOST)

    def clear(self) -> None:
        """Nothing is held in memory."""


def keep_compiled(folder: Path) -> None:
    """Let JAX keep what it compiles in a folder; without JAX's place for a cache, it keeps nothing."""
    import jax

    compilation_cache: Any = importlib.import_module("jax._src.compilation_cache")
    if isinstance(getattr(compilation_cache, "_cache", None), SealedCache):
        return
    if not hasattr(compilation_cache, "get_file_cache"):
        return
    compilation_cache.get_file_cache = lambda path: (SealedCache(Path(path)), path)
    compilation_cache.reset_cache()
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def shrink(folder: Path, most: int) -> int:
    """Where a folder exceeds `most` bytes delete what was not used for longest; the bytes that are left."""
    files = []
    with suppress(OSError):
        for path in folder.iterdir():
            if path.suffix not in (".sealed", ".part"):
                continue
            with suppress(OSError):  # another process may have removed it
                files.append((path.stat().st_mtime_ns, path.stat().st_size, path))
    size = sum(each for _, each, _ in files)
    goal = size if size <= most else most * 3 // 4
    for _, each, path in sorted(files):
        if size <= goal:
            break
        with suppress(OSError):
            path.unlink(missing_ok=True)
            size -= each
    return size


def read_sealed(path: Path) -> bytes | None:
    """What `write_sealed` wrote, or None where there is none that is whole."""
    try:
        if not path.is_file():
            return None
        content = path.read_bytes()
    except OSError:
        return None
    head, payload = content[:DIGEST], content[DIGEST:]
    return payload if hashlib.sha256(payload).digest() == head else None


def write_sealed(path: Path, payload: bytes) -> None:
    """Write a payload with its SHA-256 before it, whole or not at all."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.write_bytes(hashlib.sha256(payload).digest() + payload)
        part.replace(path)
    except OSError:  # a machine without a writable home compiles anew; results do not change
        with suppress(OSError):
            part.unlink(missing_ok=True)
