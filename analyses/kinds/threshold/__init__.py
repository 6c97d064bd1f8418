"""Kind `threshold`: one slope changes where another variable passes a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....data.panel.panel import Panel
from ....data.study.spec import Form
from ....models.kinds.threshold import threshold_model
from ....models.priors import Priors
from ...calibration.panels import standard_design, standard_regimes
from ...calibration.subject import Subject
from ...view import SpecView
from ..kind import Flags, Kind
from .calibration import threshold_subject
from .fit import log_location, regimes_of, threshold_job

if TYPE_CHECKING:
    import pymc as pm


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """Ordered thresholds over the candidates, with a slope in each regime."""
    found = regimes_of(view, panel)
    log_prior = log_location(view, found)
    return threshold_model(found, view.spec.thresholds or 1, priors, form, log_prior, view.errors)


def subject(view: SpecView, panel: Panel, priors: Priors) -> Subject:
    """Calibration of the number and the locations of thresholds, and of the slope."""
    most = view.spec.thresholds or view.spec.max_thresholds or 1
    return threshold_subject(view.id, regimes_of(view, panel), most, view.form, priors)


def flags_over_twins(found: list[dict[str, Any]]) -> Flags:
    """By slope: why the threshold variable may be endogenous."""
    return dict.fromkeys(found[0]["terms"], tuple(found[0]["warnings"]))


SUBJECTS = {"threshold": lambda: threshold_subject("threshold", standard_regimes(standard_design(2)))}
KIND = Kind(model, threshold_job, subject, flags_over_twins=flags_over_twins, standard_subjects=SUBJECTS)
