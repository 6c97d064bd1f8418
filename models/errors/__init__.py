"""Laws of errors, one file a law; `law.py` says what a law is, and `inference` draws under any of them.

A law is a file here of the name that `data.study.laws` gives it, whose `LAW` is all that is asked
of it.
"""

from __future__ import annotations

from importlib import import_module

from ...data.study.laws import LAWS as RULES
from .law import Law

LAWS: dict[str, Law] = {name: import_module(f".{name}", __name__).LAW for name in RULES}
