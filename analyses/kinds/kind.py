"""What the analyses ask of a kind of specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...data.panel.panel import Panel
from ...data.study.spec import Form
from ...models.priors import Priors
from ..calibration.subject import Subject
from ..run.results import Job, Request
from ..view import SpecView

if TYPE_CHECKING:
    import pymc as pm

EVERY_PART = ("priors", "samples", "models", "slopes", "clusters")
POOLED_ACROSS_ENTITIES = ("not identified by the tables: whether it survives entity effects",)
Flags = dict[str, tuple[str, ...]]


def as_printed(view: SpecView, job: Job, request: Request) -> Job:
    """The fit of the printed numbers, unchanged."""
    return job


def no_flags(found: list[dict[str, Any]]) -> Flags:
    """No flag on any term."""
    return {}


@dataclass(frozen=True)
class Kind:
    """One kind of specification.

    Attributes
    ----------
    model : (column, panel, priors, form) -> its PyMC model
    job : (column, panel, request) -> the work of fitting it; inputs are checked when the job is made
    subject : (column, panel, priors) -> its simulation-based calibration
    on_tables : (column, job, request) -> the fit of its printed numbers, with what the kind adds to it
    flags_over_twins : (mechanism of each twin) -> by term, flags on an assumption that data cannot test
    flags_at_tables : of such a column without entity effects, what its printed numbers cannot tell
    standard_subjects : by name, what `posterity calibrate NAME` can ask of such models without a study
    assumption : what is exact in the posterior of such a column and has a prior in the one that is judged
    robustness : the parts of `analyses.robustness` that can be asked of such a column
    """

    model: Callable[[SpecView, Panel, Priors, Form], pm.Model]
    job: Callable[[SpecView, Panel, Request], Job]
    subject: Callable[[SpecView, Panel, Priors], Subject]
    on_tables: Callable[[SpecView, Job, Request], Job] = as_printed
    flags_over_twins: Callable[[list[dict[str, Any]]], Flags] = no_flags
    flags_at_tables: tuple[str, ...] = ()
    standard_subjects: Mapping[str, Callable[[], Subject]] = field(default_factory=dict)
    assumption: str = ""
    robustness: tuple[str, ...] = ("priors",)
