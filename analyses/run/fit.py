"""Fitting the specifications of a study at one kind of evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ..kinds import kind_of
from ..kinds.linear import agreement_of
from ..study import Study
from ..view import SpecView
from .fits import Fit
from .on_workers import fetch
from .results import Job, Request, SpecFit
from .tables import tables_agreement, tables_inputs, tables_job
from .twin_mixture import twin_job
from .workers import Each


def on_panel(view: SpecView, panel: Panel, request: Request) -> Job:
    return kind_of(view.kind).job(view, panel, request)


def on_tables(view: SpecView, panel: Panel | None, request: Request) -> Job:
    return kind_of(view.kind).on_tables(view, tables_job(view, tables_inputs(view), request), request)


def run(
    study: Study,
    panel: Panel | Sequence[Panel] | None,
    only: list[str] | None,
    request: Request,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    each: Each | None = None,
) -> Fit:
    """Fit what is asked, taking from the store what was fitted before; a sequence of panels are twins.

    Parameters
    ----------
    each
        What spreads fits over processes, from `analyses.cluster.workers`; None to fit in this one.
    """
    if each is not None and request.posteriors is None:
        with TemporaryDirectory() as folder:
            kept = replace(request, posteriors=Path(folder) / "posteriors")
            return run(study, panel, only, kept, progress, each)
    views = study.specs(only)
    skipped: dict[str, str] = {}
    for view in views:
        view.priors(request.priors)
    if request.evidence == "tables":
        panel = None
        for view in [v for v in views if not tables_inputs(v)]:
            skipped[view.id] = "no printed estimate with a standard error, t-value or interval"
            views.remove(view)
        if not views:
            raise InputError(
                f"{study.name}: nothing to run; no chosen column prints a standard error or t-value."
            )
    elif panel is None:
        if request.evidence == "twin":
            raise InputError(f"{study.name}: twin evidence needs twins; make them with 'posterity twin'.")
        panel = study.panel()
    on: Callable[[SpecView, Any, Request], Job] = on_tables if request.evidence == "tables" else on_panel
    if isinstance(panel, Sequence):
        on = partial(twin_job, panel_job=on_panel)
    jobs = []
    for view in [*views]:
        try:
            jobs.append(on(view, panel, request))
        except InputError as error:
            if request.evidence != "twin":
                raise
            skipped[view.id] = str(error)  # a column of variables that no printed number speaks of
            views.remove(view)
    if each is not None:
        fetch(views, panel, request, on_tables if panel is None else on_panel, each, progress)
        jobs = [on(view, panel, replace(request, fresh=False)) for view in views]
    done: dict[str, SpecFit] = {}
    for number, (view, job) in enumerate(zip(views, jobs, strict=True)):
        progress(view.id, number, len(views))
        done[view.id] = job()
    agreement = None
    if request.agreement and request.evidence != "twin":
        progress("engine agreement", len(views), len(views) + 1)
        again = tables_agreement if request.evidence == "tables" else agreement_of
        agreement = again(done, request)
    progress("", len(views), len(views))
    panels = (panel,) if isinstance(panel, Panel) else tuple(panel or ())
    whole = panel if isinstance(panel, Panel) else None
    return Fit(study, request.evidence, whole, request.sampler, done, skipped, agreement, panels)
