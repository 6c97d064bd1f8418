"""Fitting the specifications of a study at one kind of evidence."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..data.design import Design, check_estimable
from ..data.errors import InputError, did_you_mean
from ..data.panel import Panel
from ..data.published import Printed
from ..data.study import Form
from ..models.collapsed import collapsible
from ..models.frequentist import LeastSquares, reproduce
from ..models.priors import Priors
from ..models.sampling import Sampler
from ..models.scale import scale_of
from ..models.tables import PrintedEstimate
from . import store
from .agreement import compared
from .results import Agreement, Engine, Evidence, Fit, Request, SpecFit
from .study import SpecView, Study, require_implemented
from .tables import fit_tables, tables_inputs

if TYPE_CHECKING:
    from xarray import DataTree


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
        if not any(view.kind in ("effects", "pooled") for view in views) or only:
            for view in views:
                require_implemented(view)
        for view in [v for v in views if v.kind not in ("effects", "pooled")]:
            skipped[view.id] = f"{view.kind}: not implemented yet"
            views.remove(view)
        jobs = [_panel_job(view, panel, request) for view in views]
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
        agreement = _agreement(done, request)
    progress("", len(views), len(views))
    return Fit(study, request.evidence, panel, request.sampler, done, skipped, agreement)


def _panel_job(view: SpecView, panel: Panel, request: Request) -> Callable[[], SpecFit]:
    design = view.design(panel)
    printed = view.study.file.printed(view.id)
    _check_terms(view, printed, design)
    return lambda: _fit_panel(view, design, printed, request)


def _check_terms(view: SpecView, printed: tuple[Printed, ...], design: Design) -> None:
    for number in printed:
        if number.std_error is not None and number.term not in (*design.terms, "_cons"):
            raise InputError(
                f"{view.study.file.published_path}: {number.id} is not a term of the formula of {view.id}."
                f"{did_you_mean(number.term, (*design.terms, '_cons'))}"
            )


def _fit_panel(view: SpecView, design: Design, printed: tuple[Printed, ...], request: Request) -> SpecFit:
    least_squares = reproduce(design, view.spec)
    form = request.form or view.form
    if view.kind != "pooled":
        return _fit_form(view, design, printed, request, form, least_squares)
    result = _fit_form(view, design, printed, request, None, least_squares)
    both = replace(design, entity_effects=True, time_effects=True)
    try:
        check_estimable(both)
    except InputError as error:
        return replace(result, unjudged=str(error).rstrip("."))
    return replace(result, with_effects=_fit_form(view, both, printed, request, form))


def _fit_form(
    view: SpecView,
    design: Design,
    printed: tuple[Printed, ...],
    request: Request,
    form: Form | None,
    least_squares: LeastSquares | None = None,
) -> SpecFit:
    priors = view.priors(request.priors)
    engine: Engine = request.engine or ("collapsed" if collapsible(priors) else "nuts")
    name = view.id + ("" if form is None or view.kind != "pooled" else "-with-effects")
    tree, seconds, resumed = _posterior(name, design, priors, form, engine, request)
    units = dict(zip(design.terms, scale_of(design).unit.tolist(), strict=True))
    return SpecFit(
        view, tree, priors, printed, engine, seconds, resumed, form, design, least_squares, units=units
    )


def _posterior(
    name: str, design: Design, priors: Priors, form: Form | None, engine: Engine, request: Request
) -> tuple[DataTree, float, bool]:
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, name))

    def make() -> DataTree:
        if engine == "collapsed":
            from ..models.direct import posterior
            from ..models.statistics import statistics_of_design

            return posterior(statistics_of_design(design, form), priors, sampler)
        from ..models.effects import effects_model
        from ..models.pooled import pooled_model
        from ..models.sampling import nuts

        return nuts(
            pooled_model(design, priors) if form is None else effects_model(design, priors, form), sampler
        )

    parts = {
        "data": design.sha256,
        "form": form,
        "priors": _texts(priors),
        "sampler": sampler,
        "engine": engine,
    }
    return stored(name, parts, request, make)


def _agreement(fits: dict[str, SpecFit], request: Request) -> Agreement | None:
    """Fit the smallest collapsed column with effects again in expanded form, a two-way one if there is."""
    parts = [(one.id, one) for one in fits.values()]
    parts += [(f"{one.id}-with-effects", one.with_effects) for one in fits.values() if one.with_effects]
    usable = [
        (name, one, one.design)
        for name, one in parts
        if one.form and one.design and one.engine == "collapsed"
    ]
    if not usable:
        return None
    name, one, design = min(usable, key=lambda u: (not (u[2].entity_effects and u[2].time_effects), u[2].n))
    expanded = _posterior(f"{name}-expanded", design, one.priors, one.form, "nuts", request)
    return compared(name, one.tree, expanded[0], (one.seconds, expanded[1]))


def _tables_job(view: SpecView, inputs: list[PrintedEstimate], request: Request) -> Callable[[], SpecFit]:
    priors = view.priors(request.priors)
    engine: Engine = request.engine or "collapsed"
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, view.id))
    parts = {
        "data": inputs,
        "priors": _texts(priors),
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


def _texts(priors: Priors) -> dict[str, str]:
    return {name: str(prior) for name, prior in priors.items()}


def stored(
    name: str, parts: dict[str, Any], request: Request, make: Callable[[], DataTree]
) -> tuple[DataTree, float, bool]:
    """A fit from the store, or made now and stored: tree, seconds it took, whether it was there."""
    key = store.key_of({**parts, "versions": store.versions()})
    path = request.posteriors / f"{name}.nc" if request.posteriors else None
    if path and not request.fresh:
        tree = store.read_fit(path, key)
        if tree is not None:
            return tree, float(tree.attrs["posterity_seconds"]), True
    start = time.perf_counter()
    tree = make()
    seconds = time.perf_counter() - start
    if path:
        store.write_fit(path, key, tree, seconds)
    return tree, seconds, False


def seed_of(seed: int, name: str) -> int:
    """A specification's own seed, so that running it alone or among others gives the same draws."""
    digest = hashlib.sha256(name.encode()).digest()
    sequence = np.random.SeedSequence([seed, int.from_bytes(digest[:8], "big")])
    return int(sequence.generate_state(1)[0] >> 1)
