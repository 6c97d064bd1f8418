"""Kind `random` in the report: its equation, and the section that sets within and between slopes apart."""

from __future__ import annotations

from ....analyses.kinds.random.fit import BESIDE
from ....analyses.run.results import SpecFit
from ..kind import Kind
from ..mechanisms import with_record
from ..model import one_equation
from .section import RECORD, section


def further_fits(one: SpecFit) -> tuple[str, ...]:
    """The posterior of within and between slopes is stored apart."""
    return (BESIDE,) if with_record([one], RECORD) else ()


KIND = Kind(
    one_equation,
    section,
    methods={
        "swamy1972exact": "random effects by feasible generalised least squares",
        "hausman1978specification": "test of random against fixed effects",
    },
    further_fits=further_fits,
)
