"""One least-squares equation with or without effects: fitting and calibration of `effects` and `pooled`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.published import Printed
from ...data.sample.both_effects import absorbed, with_both_effects
from ...data.sample.design import Design
from ...data.sample.estimable import check_estimable
from ...data.study.laws import CORRELATED
from ...data.study.spec import Errors, Form
from ...models.engine.collapsed import collapsible
from ...models.errors import LAWS
from ...models.errors.inference.kept_effects import largest_difference
from ...models.errors.inference.robust_errors import RobustErrors, contrast_errors, robust_errors
from ...models.frequentist.least_squares import LeastSquares
from ...models.kinds.effects import effects_model
from ...models.kinds.pooled import pooled_model
from ...models.priors import Priors
from ...models.scale import scale_of
from ..calibration.equation import effects_subject
from ..calibration.equation_errors import errors_subject
from ..calibration.subject import Subject
from ..run.agreement import Agreement, compared
from ..run.key import Key
from ..run.results import Engine, Request, SpecFit, Widening
from ..run.store import read_or_fit, seed_of
from ..view import SpecView

if TYPE_CHECKING:
    import pymc as pm
    from xarray import DataTree


FEWEST_TIMES = 3
CHECKED = 10  # draws at which every fit's likelihood is computed a second way


def fit_form(
    view: SpecView,
    design: Design,
    printed: tuple[Printed, ...],
    request: Request,
    form: Form | None,
    least_squares: LeastSquares | None = None,
    suffix: str = "",
) -> SpecFit:
    """Fit one equation with a form of effects (None: no effects).

    `suffix` is added to the name of the stored fit, where a column is fitted twice. Where the study names no
    law of errors, the same with errors correlated within entities stands beside.
    """
    priors = view.priors(request.priors)
    engine: Engine = request.engine or ("collapsed" if collapsible(priors) else "nuts")

    def under(errors: Errors, name: str) -> tuple[SpecFit, RobustErrors | None]:
        tree, seconds, resumed = _posterior(name, design, priors, form, engine, request, errors)
        trusted = errors_of(design, tree, priors, form, errors)
        return SpecFit(
            view, tree, priors, printed, engine, seconds, resumed, form, design, least_squares, units=units,
            widening=widening_of(design, trusted),
        ), trusted  # fmt: skip

    units = dict(zip(design.terms, scale_of(design).unit.tolist(), strict=True))
    found, independent = under(view.errors, view.id + suffix)
    if not request.other_law or not second_law_of(view, design, engine, form):
        return found
    other, correlated = under(CORRELATED, f"{view.id}{suffix}-{CORRELATED}")
    if independent is not None and correlated is not None:
        errors = contrast_errors(independent, correlated) * scale_of(design).unit
        other = replace(other, contrast=dict(zip(design.terms, errors.tolist(), strict=True)))
    return replace(found, other_law=other)


def second_law_of(view: SpecView, design: Design, engine: Engine, form: Form | None) -> bool:
    """Whether a fit has a second one beside it, whose errors are correlated within entities.

    It is what a verdict is judged by, and so of forms with effects only.
    """
    possible = view.other_errors is not None and engine == "collapsed" and form is not None
    return possible and correlation_known(design)


def correlation_known(design: Design) -> bool:
    """Whether errors' correlation can be told from an entity's effect: some entity has three times."""
    return int(np.bincount(design.entity).max()) >= FEWEST_TIMES


def beside_both_effects(view: SpecView, request: Request, published: SpecFit) -> SpecFit:
    """A column that is pooled across entities, with the same rows given entity and time effects beside it.

    Regressors that these effects absorb are left out of the second fit, and `unjudged` says why.
    """
    assert published.design is not None
    unjudged, both = absorbed(published.design), with_both_effects(published.design)
    if not both.terms:
        return replace(published, unjudged=unjudged)
    try:
        check_estimable(both)
    except InputError as error:
        return replace(published, unjudged=dict.fromkeys(both.terms, str(error).rstrip(".")) | unjudged)
    form = request.form or view.form
    beside = fit_form(view, both, published.printed, request, form, suffix="-with-effects")
    return replace(published, with_effects=beside, unjudged=unjudged)


def widening_of(design: Design, found: RobustErrors | None) -> dict[str, Widening]:
    """By term, standard errors and the pull of the prior, from `errors_of`."""
    if found is None:
        return {}
    columns = found.model.tolist(), found.robust.tolist(), found.prior_shift.tolist()
    return {
        term: Widening(model, robust, found.clusters, shift)
        for term, model, robust, shift in zip(design.terms, *columns, strict=True)
    }


def errors_of(
    design: Design, tree: DataTree, priors: Priors, form: Form | None, errors: Errors
) -> RobustErrors | None:
    """Covariances of the slopes at the posterior mean of the parameters; None where the law states none."""
    posterior = tree["posterior"]
    names = ("sigma", "sd_entity", "sd_time", *(own.name for own in LAWS[errors].parameters))
    at = {name: float(posterior[name].mean()) for name in names if name in posterior}
    return robust_errors(design, priors, form, LAWS[errors], at) if collapsible(priors) else None


def model_of(design: Design, priors: Priors, form: Form | None, errors: Errors) -> pm.Model:
    """The PyMC model of a form of effects, or the pooled one."""
    if form is None:
        return pooled_model(design, priors, errors)
    return effects_model(design, priors, form, errors)


def subject_of(view: SpecView, panel: Panel, priors: Priors) -> Subject:
    """The calibration of a column under its law of errors."""
    name, design = view.id, view.design(panel)
    form = view.form if view.spec.parsed.effects else None
    if LAWS[view.errors].additive:
        return effects_subject(name, design, form, priors)
    if form is None or LAWS[view.errors].clustered:
        raise InputError(
            f"{name}: calibration of a study does not cover errors = {view.errors!r} here; "
            f"leave this column out with --only, or calibrate the model errors-{view.errors}."
        )
    return errors_subject(name, design, view.errors, form, priors)


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
        if engine == "nuts":
            from ...models.engine.sampling import nuts

            return nuts(model_of(design, priors, form, errors), sampler)
        if LAWS[errors].additive:
            from ...models.engine.posterior import posterior
            from ...models.engine.statistics import statistics_of_design

            tree = posterior(statistics_of_design(design, form), priors, sampler)
        else:
            from ...models.errors.inference.tree import error_tree

            tree = error_tree(design, priors, form, errors, sampler)
        difference = largest_difference(design, priors, form, LAWS[errors], _some(tree, errors))
        if difference is not None:
            tree.attrs["likelihood_difference"] = difference
        return tree

    key = Key(
        kind="one equation",
        data=(design.sha256,),
        form=form,
        errors=errors,
        priors=priors,
        sampler=sampler,
        engine=engine,
        extra={},
    )
    return read_or_fit(name, key, request, make)


def _some(tree: DataTree, errors: Errors) -> dict[str, Any]:
    """A few draws of the scales and of the parameters of the errors, far apart in the chains."""
    posterior = tree["posterior"].to_dataset().stack(sample=("chain", "draw"))
    few = posterior.isel(sample=slice(None, None, max(posterior.sizes["sample"] // CHECKED, 1)))
    names = ("sigma", "sd_entity", "sd_time", "sd_slope", *(own.name for own in LAWS[errors].parameters))
    return {name: few[name].transpose("sample", ...).to_numpy() for name in names if name in few}


def agreement_of(fits: dict[str, SpecFit], request: Request) -> Agreement | None:
    """Fit the smallest collapsed column with effects (two-way if there is one) again in expanded form."""
    parts = [(one.id, one) for one in fits.values()]
    parts += [(f"{one.id}-with-effects", one.with_effects) for one in fits.values() if one.with_effects]
    usable = [
        (name, one, one.design)
        for name, one in parts
        if one.form and one.design and one.engine == "collapsed" and one.one_equation
    ]
    if not usable:
        return None
    name, one, design = min(usable, key=lambda u: (not (u[2].entity_effects and u[2].time_effects), u[2].n))
    expanded = _posterior(f"{name}-expanded", design, one.priors, one.form, "nuts", request, one.view.errors)
    return compared(name, one.tree, expanded[0], (one.seconds, expanded[1]))
