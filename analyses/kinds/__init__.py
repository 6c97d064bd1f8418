"""The kinds of specification: one file or folder a kind, whose `KIND` is all that the analyses ask of it.

A kind is a file here of the name that `data.study.kinds` gives it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ...data.study.kinds import KINDS
from .kind import Kind


@cache
def kind_of(name: str) -> Kind:
    """The kind of this name, such as `effects`; its file is loaded when it is first asked for."""
    if name not in KINDS:
        raise KeyError(name)
    kind: Kind = import_module(f".{name}", __name__).KIND
    return kind
