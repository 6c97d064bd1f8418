"""Kind `effects`: one equation with entity and/or time effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...data.panel.panel import Panel
from ...data.study.spec import Form
from ...models.frequentist.least_squares import reproduce
from ...models.kinds.effects import effects_model
from ...models.priors import DEFAULTS, Prior, Priors
from ..calibration.equation import effects_subject
from ..calibration.panels import standard_design
from ..run.results import Job, Request, SpecFit
from ..view import SpecView
from .kind import EVERY_PART, POOLED_ACROSS_ENTITIES, Kind
from .linear import beside_both_effects, fit_form, subject_of
from .printed_terms import check_terms

if TYPE_CHECKING:
    import pymc as pm

HEAVY = {**DEFAULTS, "slope": Prior("student_t", (3.0, 0.0, 0.5))}


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """y = x'β + μ_entity + λ_time + ε, every effect a random variable."""
    return effects_model(view.design(panel), priors, form, view.errors)


def job(view: SpecView, panel: Panel, request: Request) -> Job:
    """Fit the column in the form that is asked, and one with time effects alone with entity effects as well.

    A column with time effects alone is pooled across entities: its verdict rests on the second fit, as that
    of a column without effects does.
    """
    design, printed = view.design(panel), view.file.printed(view.id)
    check_terms(view, printed, design.terms)
    form = request.form or view.form

    def fit() -> SpecFit:
        published = fit_form(view, design, printed, request, form, reproduce(design, view.spec))
        return published if design.entity_effects else beside_both_effects(view, request, published)

    return fit


SUBJECTS = {
    "effects-fixed": lambda: effects_subject("effects-fixed", standard_design(), "fixed"),
    "effects-random": lambda: effects_subject("effects-random", standard_design(), "random"),
    "effects-mundlak": lambda: effects_subject("effects-mundlak", standard_design(), "mundlak"),
    "slopes-varying": lambda: effects_subject("slopes-varying", standard_design(varying=True), "mundlak"),
    "slopes-heavy": lambda: effects_subject("slopes-heavy", standard_design(), "mundlak", HEAVY),
}
KIND = Kind(
    model,
    job,
    subject_of,
    flags_at_tables=POOLED_ACROSS_ENTITIES,
    standard_subjects=SUBJECTS,
    robustness=EVERY_PART,
)
