"""Kind `effects` in the report: its equation with entity and/or time effects."""

from __future__ import annotations

from .kind import Kind
from .model import one_equation

KIND = Kind(one_equation)
