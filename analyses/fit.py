"""Fitting the specifications of a study at one kind of evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from ..data.errors import InputError, did_you_mean
from ..data.panel import Panel
from ..data.study import Form
from ..models.sampling import Sampler
from ..models.tables import PrintedEstimate
from .panels import agreement_of, panel_job
from .results import Engine, Evidence, Fit, Request, SpecFit
from .store import seed_of, stored, texts
from .study import SpecView, Study, require_implemented
from .tables import fit_tables, tables_inputs

Job = Callable[[], SpecFit]
PANEL_JOBS: dict[str, Callable[[SpecView, Panel, Request], Job]] = {"effects": panel_job, "pooled": panel_job}


def fit(
    study: Study,
    panel: Panel | None = None,
    *,
    only: list[str] | str | None = None,
    evidence: Evidence | None = None,
    draws: int = 1000,
    seed: int = Sampler.seed,
    priors: dict[str, str] | None = None,
    form: Form | None = None,
    engine: Engine | None = None,
) -> Fit:
    """Fit specifications of a study: to the panel given, else to the study's own, else to the printed tables.

    Parameters
    ----------
    only
        Ids of specifications (`T4.2`) or tables (`T4`); all where omitted.
    priors
        Overrides on the standardised scale, such as `{"slope": "normal(0, 0.5)"}`.
    """
    for name, value, known in (
        ("evidence", evidence, Evidence),
        ("form", form, Form),
        ("engine", engine, Engine),
    ):
        if value is not None and value not in get_args(known):
            raise InputError(f"{name} {value!r} is not known.{did_you_mean(str(value), get_args(known))}")
    for name, number, least in (("draws", draws, 1), ("seed", seed, 0)):
        if not isinstance(number, int) or not least <= number < 2**32:
            raise InputError(f"{name} = {number!r} must be a whole number of at least {least}.")
    evidence = evidence or ("panel" if panel is not None or study.file.panel else "tables")
    request = Request(evidence, Sampler(draws=draws, seed=seed), engine, priors or {}, form)
    return run(study, panel, [only] if isinstance(only, str) else only, request)


def run(
    study: Study,
    panel: Panel | None,
    only: list[str] | None,
    request: Request,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Fit:
    """Fit what is asked, taking from the store what was fitted before."""
    views = study.specs(only)
    skipped: dict[str, str] = {}
    for view in views:
        view.priors(request.priors)
    if request.evidence == "twin":
        raise InputError("--evidence twin is not implemented yet; use tables, or panel with --panel FILE.")
    if request.evidence == "panel":
        if panel is None:
            panel = study.panel()
        if only or not any(view.kind in PANEL_JOBS for view in views):
            for view in views:
                require_implemented(view)
        for view in [v for v in views if v.kind not in PANEL_JOBS]:
            skipped[view.id] = f"{view.kind}: not implemented yet"
            views.remove(view)
        jobs = [PANEL_JOBS[view.kind](view, panel, request) for view in views]
    else:
        inputs = {v.id: tables_inputs(v) for v in views}
        for view in [v for v in views if not inputs[v.id]]:
            skipped[view.id] = "no printed estimate with a standard error, t-value or interval"
            views.remove(view)
        if not views:
            raise InputError(
                f"{study.name}: nothing to run; no chosen column prints a standard error or t-value."
            )
        jobs = [_tables_job(view, inputs[view.id], request) for view in views]
    done: dict[str, SpecFit] = {}
    for number, (view, job) in enumerate(zip(views, jobs, strict=True)):
        progress(view.id, number, len(views))
        done[view.id] = job()
    agreement = None
    if request.agreement and request.evidence == "panel":
        progress("engine agreement", len(views), len(views) + 1)
        agreement = agreement_of(done, request)
    progress("", len(views), len(views))
    return Fit(study, request.evidence, panel, request.sampler, done, skipped, agreement)


def _tables_job(view: SpecView, inputs: list[PrintedEstimate], request: Request) -> Job:
    priors = view.priors(request.priors)
    engine: Engine = request.engine or "collapsed"
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, view.id))
    parts = {
        "data": inputs,
        "priors": texts(priors),
        "sampler": sampler,
        "engine": engine,
        "evidence": "tables",
    }

    def job() -> SpecFit:
        tree, seconds, resumed = stored(
            view.id, parts, request, lambda: fit_tables(inputs, priors["slope"], sampler, engine)
        )
        names = {p.term for p in inputs}
        printed = tuple(p for p in view.study.file.printed(view.id) if p.term in names)
        units = {p.term: p.unit for p in inputs}
        return SpecFit(
            view,
            tree,
            priors,
            printed,
            engine,
            seconds,
            resumed,
            units=units,
            inputs={p.term: p for p in inputs},
        )

    return job
