"""Kind `random`: one equation whose entity effects the paper takes to be unrelated to the regressors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....data.panel.panel import Panel
from ....data.study.spec import Form
from ....models.kinds.effects import effects_model
from ....models.priors import Priors
from ...view import SpecView
from ..effects import SUBJECTS
from ..kind import Kind
from ..linear import subject_of
from .fit import random_job

if TYPE_CHECKING:
    import pymc as pm


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """y = x'β + μ_i + λ_t + ε with μ_i ~ N(α, τ²), whatever the form that is asked."""
    return effects_model(view.design(panel), priors, "random", view.errors)


KIND = Kind(
    model,
    random_job,
    subject_of,
    standard_subjects={"effects-random": SUBJECTS["effects-random"]},
)
