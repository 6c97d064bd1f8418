"""Fitting `effects` and `pooled` specifications to a panel."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ....data.errors import InputError, did_you_mean
from ....data.panel.panel import Panel
from ....data.published import Printed
from ....data.sample.design import Design
from ....data.sample.estimable import check_estimable
from ....data.study.spec import Errors, Form
from ....models.engine.collapsed import collapsible
from ....models.frequentist.least_squares import LeastSquares, reproduce
from ....models.priors import Priors
from ....models.scale import scale_of
from ...run.agreement import compared
from ...run.results import Agreement, Engine, Request, SpecFit
from ...run.store import seed_of, stored, texts
from ...study import SpecView

if TYPE_CHECKING:
    from xarray import DataTree


ALIKE = 0.8


def panel_job(view: SpecView, panel: Panel, request: Request) -> Callable[[], SpecFit]:
    design = view.design(panel)
    printed = view.study.file.printed(view.id)
    check_terms(view, printed, design.terms)
    return lambda: _fit_panel(view, design, printed, request)


def check_terms(view: SpecView, printed: tuple[Printed, ...], terms: tuple[str, ...]) -> None:
    """Refuse a printed coefficient of a term that the specification lacks.

    Told by its standard error, or by a name all but that of a term which has no printed number.
    """
    known = (*terms, "_cons")
    unprinted = {*terms} - {number.term for number in printed}
    for number in printed:
        misspelt = difflib.get_close_matches(number.term, unprinted, n=1, cutoff=ALIKE)
        if (number.std_error is not None or misspelt) and number.term not in known:
            raise InputError(
                f"{view.study.file.published_path}: {number.id} is not a term of the formula of {view.id}."
                f"{did_you_mean(number.term, known)}"
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
    tree, seconds, resumed = _posterior(name, design, priors, form, engine, request, view.errors)
    units = dict(zip(design.terms, scale_of(design).unit.tolist(), strict=True))
    return SpecFit(
        view, tree, priors, printed, engine, seconds, resumed, form, design, least_squares, units=units
    )


def _posterior(
    name: str,
    design: Design,
    priors: Priors,
    form: Form | None,
    engine: Engine,
    request: Request,
    errors: Errors = "gaussian",
) -> tuple[DataTree, float, bool]:
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, name))

    def make() -> DataTree:
        if errors != "gaussian" and engine == "collapsed":
            from ....models.errors.tree import error_tree

            return error_tree(design, priors, form, errors, sampler)
        if engine == "collapsed":
            from ....models.engine.posterior import posterior
            from ....models.engine.statistics import statistics_of_design

            return posterior(statistics_of_design(design, form), priors, sampler)
        from ....models.engine.sampling import nuts
        from ....models.kinds.effects import effects_model
        from ....models.kinds.pooled import pooled_model

        return nuts(
            pooled_model(design, priors, errors)
            if form is None
            else effects_model(design, priors, form, errors),
            sampler,
        )

    parts = {
        "data": design.sha256,
        "form": form,
        "errors": errors,
        "clusters": [] if design.clusters is None or errors != "cluster" else design.clusters.tolist(),
        "priors": texts(priors),
        "sampler": sampler,
        "engine": engine,
    }
    return stored(name, parts, request, make)


def agreement_of(fits: dict[str, SpecFit], request: Request) -> Agreement | None:
    """Fit the smallest collapsed column with effects again in expanded form, a two-way one if there is."""
    parts = [(one.id, one) for one in fits.values()]
    parts += [(f"{one.id}-with-effects", one.with_effects) for one in fits.values() if one.with_effects]
    usable = [
        (name, one, one.design)
        for name, one in parts
        if one.form and one.design and one.engine == "collapsed" and one.mechanism is None
    ]
    if not usable:
        return None
    name, one, design = min(usable, key=lambda u: (not (u[2].entity_effects and u[2].time_effects), u[2].n))
    expanded = _posterior(f"{name}-expanded", design, one.priors, one.form, "nuts", request, one.view.errors)
    return compared(name, one.tree, expanded[0], (one.seconds, expanded[1]))
