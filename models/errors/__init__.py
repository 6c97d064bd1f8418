"""Laws of errors, one file a law; `law.py` says what a law is, and `inference` draws under any of them.

A law is a file here of the name that `data.study.kinds.Errors` gives it, whose `LAW` is all that is asked
of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from ...data.study.kinds import Errors
from .law import Law

LAWS: dict[str, Law] = {name: import_module(f".{name}", __name__).LAW for name in get_args(Errors)}
