"""Fitting `mediation` specifications to a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ....data.errors import InputError
from ....data.panel.panel import Panel
from ....data.published import Printed
from ....data.sample.build import build_design
from ....data.sample.design import Design
from ....data.sample.estimable import check_estimable
from ....data.study.formula import Term
from ....data.study.laws import CORRELATED
from ....data.study.other_regressors import with_terms
from ....data.study.spec import Cluster, Errors, Form
from ....models.engine.collapsed import collapsible
from ....models.frequentist.bootstrap import bootstrap
from ....models.frequentist.least_squares import LeastSquares, least_squares
from ....models.kinds.mediation import equations
from ....models.mechanisms.paths import mediation_posterior, mediation_posterior_by_nuts
from ....models.scale import scale_of
from ...run.key import Key
from ...run.results import Engine, Request, SpecFit
from ...run.store import read_or_fit, seed_of
from ...view import SpecView, views_of
from ..linear import second_law_of
from ..printed_terms import check_terms
from .record import (
    PATHS,
    assumption_flags,
    mechanism,
    together,
    tree_of,
    under_law,
    under_prior_on_rho,
)
from .roles import roles
from .widening import path_widening

if TYPE_CHECKING:
    from xarray import Dataset, DataTree


def mediation_job(view: SpecView, panel: Panel, request: Request) -> Callable[[], SpecFit]:
    """The work of one column, its inputs checked."""
    treatment, mediator = roles(view)
    design = view.design(panel)
    for one in equations(design, (mediator,))[:-1]:
        check_estimable(one, f"{panel.source}, {view.id}, equation of the mediator: ")
    printed = view.file.printed(view.id)
    check_terms(view, printed, (*design.terms, *PATHS))
    both = _together(view, panel)
    return lambda: _fit(view, design, treatment, mediator, both, printed, request)


def _together(view: SpecView, panel: Panel) -> tuple[Design, tuple[str, ...]] | None:
    """The column with further mediators: those of other columns that differ from it in the mediator alone."""
    treatment, mediator = roles(view)
    mine, own = view.spec.parsed, view.spec
    extra: dict[str, Term] = {}
    for other in views_of(view.file):
        theirs = other.spec.parsed
        if other.kind != view.kind or (theirs.outcome, theirs.effects, other.spec.steps) != (
            mine.outcome, mine.effects, own.steps,
        ):  # fmt: skip
            continue
        their_treatment, name = roles(other)
        shared = [{t for t in f.terms if str(t) != m} for f, m in ((mine, mediator), (theirs, name))]
        if their_treatment == treatment and shared[0] == shared[1] and name != mediator:
            extra[name] = next(t for t in theirs.terms if str(t) == name)
    if not extra:
        return None
    spec = with_terms(own, (*mine.terms, *extra.values()))
    try:
        design = build_design(panel.with_groups(view.file.groups), spec)
    except InputError:
        return None  # an extension of the paper: the column itself can do without it
    return design, (mediator, *extra)


def _fit(
    view: SpecView,
    design: Design,
    treatment: str,
    mediator: str,
    both: tuple[Design, tuple[str, ...]] | None,
    printed: tuple[Printed, ...],
    request: Request,
) -> SpecFit:
    priors = view.priors(request.priors)
    form: Form | None = (request.form or view.form) if view.spec.parsed.effects else None
    engine: Engine = request.engine or ("collapsed" if collapsible(priors) else "nuts")
    first, last = equations(design, (mediator,))
    units: dict[str, float | None] = dict(zip(design.terms, scale_of(design).unit.tolist(), strict=True))
    units |= {"direct": units[treatment], "indirect": None, "total": None}
    estimates = frequentist(view, design, treatment, mediator)

    def under(law: Errors, name: str) -> SpecFit:
        """Both equations under a law of errors; bootstrap and more mediators with the default law alone."""
        sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, name))

        def make() -> DataTree:
            from xarray import DataTree

            if engine == "collapsed":
                found = mediation_posterior(design, treatment, (mediator,), priors, form, sampler, law)
            else:
                found = mediation_posterior_by_nuts(design, treatment, mediator, priors, form, sampler)
            tree = tree_of(design, found, priors, sampler)
            if law != view.errors:
                return tree
            tree["bootstrap"] = DataTree(_bootstraps(view, design, treatment, mediator, sampler.seed))
            if both is not None and engine == "collapsed":
                joint = mediation_posterior(both[0], treatment, both[1], priors, form, sampler).paths
                tree["together"] = together(joint, both[1], sampler)
            return tree

        key = Key(
            kind=view.kind,
            data=(design.sha256, *([both[0].sha256] if both else [])),
            form=form,
            errors=law,
            priors=priors,
            sampler=sampler,
            engine=engine,
            extra={"roles": [treatment, mediator, both[1] if both else None], "vcov": str(view.spec.vcov)},
        )
        tree, seconds, resumed = read_or_fit(name, key, request, make)
        one = SpecFit(
            view, tree, priors, printed, engine, seconds, resumed, form, design, estimates, units=units,
            widening=path_widening(tree, (first, last), treatment, priors, form, law),
        )  # fmt: skip
        return replace(one, under_prior=under_prior_on_rho(one, treatment, mediator))

    one = under(view.errors, view.id)
    found = mechanism(one.tree, treatment, mediator, priors)
    if request.other_law and second_law_of(view, design, engine, form):
        other = under(CORRELATED, f"{view.id}-{CORRELATED}")
        one = _beside(one, other)
        found["other_law"] = under_law(other, CORRELATED)
    return replace(one, mechanism=found, assumption_flags=assumption_flags(found))


def _beside(one: SpecFit, other: SpecFit) -> SpecFit:
    """A column with its fit under a second law of errors, at rho = 0 and under the prior of rho."""
    assert one.under_prior is not None
    under_prior = replace(one.under_prior, other_law=other.under_prior)
    return replace(one, other_law=replace(other, under_prior=None), under_prior=under_prior)


def frequentist(view: SpecView, design: Design, treatment: str, mediator: str) -> LeastSquares:
    """The paper's regressions on the same panel: every term of the column, then its paths.

    The standard error of the indirect effect is that of the delta method (Sobel 1982, doi:10.2307/270723),
    which takes a and b as independent. The standard error of the total effect is that of the regression
    without the mediator.
    """
    first, last = equations(design, (mediator,))
    keep = [j for j, t in enumerate(design.terms) if t != mediator]
    without = replace(design, terms=first.terms, X=design.X[:, keep])
    fits = [least_squares(one, view.spec.vcov) for one in (first, last, without)]
    found = [fits[0].at(treatment), fits[1].at(mediator), fits[1].at(treatment), fits[2].at(treatment)]
    (a, error_a), (b, error_b), direct, total = (pair or (np.nan, np.nan) for pair in found)
    indirect = a * b, np.hypot(a * error_b, b * error_a)
    more = np.array([direct, indirect, total])
    return replace(
        fits[1],
        terms=(*fits[1].terms, *PATHS),
        coef=np.append(fits[1].coef, more[:, 0]),
        std_error=np.append(fits[1].std_error, more[:, 1]),
    )


def _bootstraps(view: SpecView, design: Design, treatment: str, mediator: str, seed: int) -> Dataset:
    """Replicates of the paper's estimates, resampling rows, entities and the paper's clusters."""
    import xarray as xr

    units = {"row": np.arange(design.n), design.entity_name: design.entity}
    if design.clusters is not None and isinstance(view.spec.vcov, Cluster):
        units[view.spec.vcov.cluster] = design.clusters
    drawn = [bootstrap(design, treatment, mediator, clusters, seed) for clusters in units.values()]
    values = {
        name: (("unit", "replicate"), [getattr(d, name) for d in drawn]) for name in ("direct", "indirect")
    }
    return xr.Dataset(values, {"unit": list(units)})
