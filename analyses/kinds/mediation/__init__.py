"""Kind `mediation`: a treatment acts on an outcome directly and through a mediator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....data.panel.panel import Panel
from ....data.study.spec import Form
from ....models.kinds.mediation import mediation_model
from ....models.priors import Priors
from ...calibration.panels import standard_design
from ...calibration.subject import Subject
from ...view import SpecView
from ..kind import Flags, Kind
from ..over_twins import span
from .calibration import mediation_subject
from .fit import mediation_job
from .printed_paths import paths_job
from .roles import roles

if TYPE_CHECKING:
    import pymc as pm


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """Mediator and outcome jointly, with a prior on the correlation of their errors."""
    effects = form if view.spec.parsed.effects else None
    return mediation_model(view.design(panel), *roles(view), priors, effects)


def subject(view: SpecView, panel: Panel, priors: Priors) -> Subject:
    """Calibration of both equations and the paths."""
    form = view.form if view.spec.parsed.effects else None
    return mediation_subject(view.id, view.design(panel), *roles(view), form, priors)


def flags_over_twins(found: list[dict[str, Any]]) -> Flags:
    """Flags by term over twins: the error correlations rho at which the conclusions change."""
    vanishing = span([one["vanishing_rho"]["mean"] for one in found])
    changes = span([one["changes_at"]["direct"] for one in found])
    of_indirect = (f"judged under a prior of rho; indirect effect vanishes at rho = {vanishing}",)
    of_direct = (f"judged under a prior of rho; conclusion on the direct effect changes at rho = {changes}",)
    first = found[0]
    return {
        first["treatment"]: of_direct,
        "direct": of_direct,
        first["mediator"]: of_indirect,
        "indirect": of_indirect,
    }


SUBJECTS = {"mediation": lambda: mediation_subject("mediation", standard_design(), "x1", "x3")}
KIND = Kind(
    model,
    mediation_job,
    subject,
    paths_job,
    flags_over_twins,
    standard_subjects=SUBJECTS,
    assumption="rho = 0 exactly",
)
