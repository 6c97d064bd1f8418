"""The kinds of specification in the report: a file or folder each, whose `KIND` is all that a report asks.

A kind is a file here of the name that `data.study.kinds` gives it.
"""

from __future__ import annotations

from importlib import import_module

from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...data.study.kinds import KINDS as NAMES
from ..drawing.figure_files import Section
from ..rows import Row
from .kind import Kind
from .model import PRINTED_NUMBERS, Model

__all__ = ["KINDS", "PRINTED_NUMBERS", "Kind", "Model", "kind_of", "model_of", "section_of"]

KINDS: dict[str, Kind] = {name: import_module(f".{name}", __name__).KIND for name in NAMES}


def kind_of(one: SpecFit) -> Kind:
    """The kind of a fitted column."""
    return KINDS[one.view.kind]


def model_of(fit: Fit, one: SpecFit) -> Model:
    """The model behind one posterior of a fit."""
    return PRINTED_NUMBERS if fit.evidence == "tables" else kind_of(one).model(one)


def section_of(name: str, fit: Fit, rows: list[Row]) -> Section | None:
    """The section of the page about the columns of this kind; None where there is nothing to say of them."""
    columns = [one for one in fit.specs.values() if one.view.kind == name]
    return KINDS[name].section(fit, columns, rows) if columns else None
