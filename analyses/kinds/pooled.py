"""Kind `pooled`: one equation without effects, as published, and the same data with effects beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...data.panel.panel import Panel
from ...data.study.spec import Form
from ...models.frequentist.least_squares import reproduce
from ...models.kinds.pooled import pooled_model
from ...models.priors import Priors
from ..calibration.equation import effects_subject
from ..calibration.panels import standard_design
from ..run.results import Job, Request, SpecFit
from ..view import SpecView
from .kind import EVERY_PART, POOLED_ACROSS_ENTITIES, Kind
from .linear import beside_both_effects, fit_form, subject_of
from .printed_terms import check_terms

if TYPE_CHECKING:
    import pymc as pm


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """y = α + x'β + ε; there are no effects that a form could treat."""
    return pooled_model(view.design(panel), priors, view.errors)


def job(view: SpecView, panel: Panel, request: Request) -> Job:
    """Fit the column as published, and with effects, on which its verdict rests."""
    design, printed = view.design(panel), view.file.printed(view.id)
    check_terms(view, printed, design.terms)

    def fit() -> SpecFit:
        published = fit_form(view, design, printed, request, None, reproduce(design, view.spec))
        return beside_both_effects(view, request, published)

    return fit


KIND = Kind(
    model,
    job,
    subject_of,
    flags_at_tables=POOLED_ACROSS_ENTITIES,
    standard_subjects={"pooled": lambda: effects_subject("pooled", standard_design(), None)},
    robustness=EVERY_PART,
)
