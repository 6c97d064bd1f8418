"""Kind `pooled` in the report: its equation without effects, and with effects beside it."""

from __future__ import annotations

from .kind import Kind
from .model import one_equation

KIND = Kind(one_equation)
