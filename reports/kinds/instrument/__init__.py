"""Kind `instrument` in the report: both stages, strength of the instruments, and inexact exclusion."""

from __future__ import annotations

from ....analyses.run.results import SpecFit
from ....models.kinds import instrument
from ..kind import Kind
from ..model import Model
from .section import section

MODEL = Model(
    "instrument",
    instrument.EQUATION,
    "First and second stage jointly. Controls and effects are in both and have flat priors; γ, the direct"
    " effects of the instruments, is 0 where exclusion is exact. Correlations of the errors have an LKJ(1)"
    " prior, which is uniform.",
    ("slope", "first_stage", "exclusion", "sigma"),
)


def model(one: SpecFit) -> Model:
    """The two stages, whatever the effects: these have flat priors."""
    return MODEL


KIND = Kind(
    model,
    section,
    methods={
        "conley2012plausibly": "direct effects of instruments",
        "montielolea2013weak": "strength of instruments",
        "cragg1993testing": "strength of instruments for several regressors at once",
        "kleibergen2006rank": "the same under other errors",
        "sanderson2016weak": "strength of instruments for one regressor given the others",
        "anderson1949estimation": "intervals under weak instruments",
        "lewandowski2009lkj": "prior of the correlation of errors",
    },
)
