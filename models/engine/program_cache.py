"""Compiled programs kept on disk: a later process need not load PyMC to make them again.

What is kept is the JAX form (StableHLO) of what PyMC produced, under a key made of the shape of the
model, the versions of the packages that made it and the source of the files that define it. JAX needs
the small package `flatbuffers` to write and read it; without it every process asks PyMC anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .jax_cache import read_sealed, write_sealed

HERE = Path(__file__).parent
SOURCES = ("collapsed.py", "draw_back.py", "integrate.py", "programs.py", "../families.py")
PACKAGES = ("jax", "jaxlib", "pymc", "pytensor")
DIGEST = 32


def cached_program(
    name: str, shape: tuple[Any, ...], make: Callable[[], Any], specs: Callable[[], Any]
) -> Any:
    """A jitted function from disk, or made now and kept.

    Parameters
    ----------
    name, shape
        What tells the function from others.
    make
        Makes the jitted function.
    specs
        Gives its arguments as `jax.ShapeDtypeStruct`, with symbolic sizes where they may vary.
    """
    import jax

    if importlib.util.find_spec("flatbuffers") is None:
        return make()
    from jax import export

    path = _folder() / f"{_key(name, shape, jax.default_backend())}.jax"
    payload = read_sealed(path)
    if payload is None:
        exported = export.export(make())(*specs())
        write_sealed(path, bytes(exported.serialize()))
    else:
        exported = export.deserialize(bytearray(payload))
    return jax.jit(exported.call)


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "posterity" / "programs"


def _key(name: str, shape: tuple[Any, ...], backend: str) -> str:
    digest = hashlib.sha256(repr((name, shape, backend)).encode())
    for package in PACKAGES:
        digest.update(f"{package} {importlib.metadata.version(package)}".encode())
    for source in SOURCES:
        digest.update((HERE / source).read_bytes())
    return digest.hexdigest()[:DIGEST]
