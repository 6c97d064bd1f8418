"""Kind `pooled`: one equation without effects, as published, and the same data with effects beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.published import Printed
from ...data.sample.design import Design
from ...data.sample.estimable import check_estimable
from ...data.study.spec import Form
from ...models.frequentist.least_squares import reproduce
from ...models.kinds.pooled import pooled_model
from ...models.priors import Priors
from ..calibration.equation import effects_subject
from ..calibration.panels import standard_design
from ..run.results import Job, Request, SpecFit
from ..view import SpecView
from .kind import EVERY_PART, Kind
from .linear import fit_form, subject_of
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
    return lambda: _fit(view, design, printed, request)


def _fit(view: SpecView, design: Design, printed: tuple[Printed, ...], request: Request) -> SpecFit:
    found = reproduce(design, view.spec)
    published = fit_form(view, design, printed, request, None, found)
    both = replace(design, entity_effects=True, time_effects=True)
    try:
        check_estimable(both)
    except InputError as error:
        return replace(published, unjudged=str(error).rstrip("."))
    form, suffix = request.form or view.form, "-with-effects"
    return replace(published, with_effects=fit_form(view, both, printed, request, form, suffix=suffix))


KIND = Kind(
    model,
    job,
    subject_of,
    flags_at_tables=("not identified by the tables: whether it survives entity effects",),
    standard_subjects={"pooled": lambda: effects_subject("pooled", standard_design(), None)},
    robustness=EVERY_PART,
)
