"""The kinds of specification: one file or folder a kind, whose `KIND` is all that the analyses ask of it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .kind import Kind

NAMES = ("effects", "pooled", "mediation", "threshold", "instrument")


@cache
def kind_of(name: str) -> Kind:
    """The kind of this name, such as `effects`; its file is loaded when it is first asked for."""
    if name not in NAMES:
        raise KeyError(name)
    kind: Kind = import_module(f".{name}", __name__).KIND
    return kind
