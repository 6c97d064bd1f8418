"""Kind `instrument`: endogenous regressors and their instruments, both stages jointly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....data.errors import InputError
from ....data.panel.panel import Panel
from ....data.study.spec import Form
from ....models.kinds.instrument import instrument_model
from ....models.priors import Priors
from ...calibration.panels import standard_design
from ...calibration.subject import Subject
from ...run.results import Job, Request
from ...view import SpecView
from ..kind import Flags, Kind
from ..over_twins import span
from .calibration import instrument_subject
from .fit import data_of, instrument_job

if TYPE_CHECKING:
    import pymc as pm

TRUST = "rests on exact exclusion: not identified by the tables"


def model(view: SpecView, panel: Panel, priors: Priors, form: Form) -> pm.Model:
    """First and second stage with correlated errors; effects are projected out, whatever the form."""
    return instrument_model(data_of(view, panel), priors)


def subject(view: SpecView, panel: Panel, priors: Priors) -> Subject:
    """Calibration of the coefficient of one endogenous regressor."""
    data = data_of(view, panel)
    if len(data.endogenous) > 1:
        raise InputError(
            f"{view.id}: calibration covers one endogenous regressor; leave this column out with --only."
        )
    return instrument_subject(view.id, data.design, len(data.instruments), priors)


def on_tables(view: SpecView, job: Job, request: Request) -> Job:
    """The fit of the printed numbers, flagged because they cannot test that exclusion is exact."""
    assumption_flags: dict[str, tuple[str, ...]] = {
        str(term): (TRUST,) for term in view.spec.parsed.endogenous
    }
    return lambda: replace(job(), assumption_flags=assumption_flags)


def flags_over_twins(found: list[dict[str, Any]]) -> Flags:
    """Flags of each endogenous regressor over twins.

    They say which size of direct effects changes the conclusion, and in how many twins instruments are weak.
    """
    changes = [(one["changes_at"] or {}).get("all") for one in found]
    flags = [
        "judged under priors of direct effects; with exact exclusion conclusion changes once they have sd "
        f"{span(changes)}"
    ]
    weak = sum((one["effective_f"] or 0) < (one["effective_f_critical"] or 0) for one in found)
    if weak:
        flags.append(f"weak instruments in {weak} of {len(found)} twins")
    return {name: tuple(flags) for name in found[0]["endogenous"]}


SUBJECTS = {
    "instrument": lambda: instrument_subject("instrument", standard_design(4), 2),
    "instrument-exclusion": lambda: instrument_subject(
        "instrument-exclusion", standard_design(4), 2, exclusion=True
    ),
}
KIND = Kind(
    model,
    instrument_job,
    subject,
    on_tables,
    flags_over_twins,
    standard_subjects=SUBJECTS,
    assumption="the exclusion restriction is exact",
)
