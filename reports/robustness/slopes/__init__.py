"""Slopes that differ in the report: by group in one model, beside one regression for each, and by entity."""

from __future__ import annotations

from ..part import Part
from .section import section

PART = Part(section)
