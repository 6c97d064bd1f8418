"""What a report asks of a kind of specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ..drawing.figure_files import Section
from ..rows import Row
from .model import Model


def no_section(fit: Fit, columns: list[SpecFit], rows: list[Row]) -> Section | None:
    """No section of its own: the tables of the page say all that there is."""
    return None


def no_further_terms(one: SpecFit, term: str) -> bool:
    """Only the terms of the formula and the constant are coefficients."""
    return False


def every_slope(term: str) -> bool:
    """The prior of slopes is the prior of every coefficient."""
    return True


def no_further_fits(one: SpecFit) -> tuple[str, ...]:
    """Nothing is stored beside the fit itself."""
    return ()


@dataclass(frozen=True)
class Kind:
    """How a report shows one kind of specification.

    Attributes
    ----------
    model : (fit of a column to a panel) -> its equation in LaTeX, in words, and its priors
    section : (fit, its columns of this kind, rows) -> their section of the page and its figures, or None
    methods : keys of the bibliography, with what each is used for in columns that are fitted to a panel
    further_terms : (fit of a column, printed term) -> whether it is a coefficient beyond the formula
    has_slope_prior : (term) -> whether its coefficient is one slope, which has the prior of slopes
    further_fits : (fit of a column) -> suffixes under which more of its posteriors are stored
    """

    model: Callable[[SpecFit], Model]
    section: Callable[[Fit, list[SpecFit], list[Row]], Section | None] = no_section
    methods: Mapping[str, str] = field(default_factory=dict)
    further_terms: Callable[[SpecFit, str], bool] = no_further_terms
    has_slope_prior: Callable[[str], bool] = every_slope
    further_fits: Callable[[SpecFit], tuple[str, ...]] = no_further_fits
