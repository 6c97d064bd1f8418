"""Fitting `instrument` specifications to a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ....data.errors import InputError
from ....data.panel.panel import Panel
from ....data.published import Printed
from ....data.study.laws import CORRELATED
from ....data.study.spec import Errors, Form
from ....models.engine.importance import MAX_K_HAT
from ....models.engine.sampling import Sampler
from ....models.frequentist.iv import InstrumentDesign, instrument_design, two_stage
from ....models.kinds.instrument import exclusions
from ....models.mechanisms.instrument_draws import (
    can_draw,
    control_slopes,
    correlated_posterior,
    instrument_posterior,
)
from ....models.priors import Priors
from ...run.key import Key
from ...run.results import Engine, Request, SpecFit
from ...run.store import read_or_fit, seed_of
from ...view import SpecView
from ..draws import laid_out, of_coefficients
from ..linear import second_law_of
from ..printed_terms import check_terms
from .record import assumption_flags, frequentist, mechanism, sensitivity, under_law

if TYPE_CHECKING:
    from xarray import DataTree


def instrument_job(view: SpecView, panel: Panel, request: Request) -> Callable[[], SpecFit]:
    """The work of one column, its inputs checked."""
    data = data_of(view, panel)
    printed = view.file.printed(view.id)
    check_terms(view, printed, data.terms)
    priors = view.priors(request.priors)
    possible = can_draw(data, priors)
    engine: Engine = request.engine or ("collapsed" if possible else "nuts")
    if engine == "collapsed" and not possible:
        raise InputError(
            f"{view.id}: --engine collapsed takes one endogenous regressor and normal priors first_stage and "
            "exclusion; use --engine nuts."
        )
    return lambda: _fit(view, data, priors, engine, printed, request)


def data_of(view: SpecView, panel: Panel) -> InstrumentDesign:
    """The arrays of an instrument column."""
    formula = view.spec.parsed
    return instrument_design(view.design(panel), len(formula.endogenous), len(formula.instruments))


def _fit(
    view: SpecView,
    data: InstrumentDesign,
    priors: Priors,
    engine: Engine,
    printed: tuple[Printed, ...],
    request: Request,
) -> SpecFit:
    design, vcov = data.design, view.spec.vcov
    scale = dict(zip(design.terms, (design.y.std() / design.X.std(axis=0)).tolist(), strict=True))
    units = {name: scale[name] if name in data.endogenous else None for name in data.terms}
    estimates = two_stage(data, vcov)

    def under(law: Errors, name: str) -> SpecFit:
        """Both stages under a law of errors; what is beside them with the default law alone."""
        sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, name))
        key = Key(
            kind=view.kind,
            data=(design.sha256,),
            form=None,
            errors=law,
            priors=priors,
            sampler=sampler,
            engine=engine,
            extra={"roles": [data.endogenous, data.controls, data.instruments], "vcov": str(vcov)},
        )

        def make() -> DataTree:
            tree = _tree(data, priors, sampler, engine == "collapsed", law)
            if law != view.errors:
                return tree
            tree["frequentist"] = frequentist(data, vcov)
            if engine == "collapsed":
                tree["exclusion"] = sensitivity(data, priors, vcov, sampler.seed)
            return tree

        tree, seconds, resumed = read_or_fit(name, key, request, make)
        one = SpecFit(
            view, tree, priors, printed, engine, seconds, resumed, None, design, estimates, units=units
        )
        return replace(one, under_prior=_under_prior(one, data.endogenous))

    one = under(view.errors, view.id)
    found = mechanism(one.tree, data, exclusions(data, priors))
    form: Form | None = "fixed" if view.spec.parsed.effects else None
    if request.other_law and second_law_of(view, design, engine, form):
        other = under(CORRELATED, f"{view.id}-{CORRELATED}")
        one, found["other_law"] = _beside(one, other), under_law(other.tree, data, CORRELATED)
    elif request.other_law and second_law_of(view, design, "collapsed", form):
        why = "several endogenous regressors" if len(data.endogenous) > 1 else "drawn by NUTS"
        found["other_law"] = {"law": None, "why": why}
    return replace(one, mechanism=found, assumption_flags=assumption_flags(found))


def _beside(one: SpecFit, other: SpecFit) -> SpecFit:
    """A column with its fit under a second law of errors where its draws can be used, for each exclusion."""
    assert one.under_prior is not None
    assert other.under_prior is not None
    exact, loose = (
        part if part.tree.attrs["k_hat"] <= MAX_K_HAT else None for part in (other, other.under_prior)
    )
    under_prior = replace(one.under_prior, other_law=loose)
    return replace(one, other_law=exact and replace(exact, under_prior=None), under_prior=under_prior)


def _under_prior(one: SpecFit, endogenous: tuple[str, ...]) -> SpecFit:
    """The same fit where direct effects of the instruments have their priors: the endogenous regressors."""
    loose = one.tree["prior_on_exclusion"].to_dataset()
    tree = of_coefficients({name: loose["coef"].sel(endogenous=name) for name in endogenous})
    tree.attrs = loose.attrs
    if "rho_error" in loose:
        tree["posterior"]["rho_error"] = loose["rho_error"]
    if "prior_on_exclusion_sample_stats" in one.tree.children:
        tree["sample_stats"] = type(tree)(one.tree["prior_on_exclusion_sample_stats"].to_dataset())
    return replace(one, tree=tree, mechanism=None, seconds=0.0)


def _tree(data: InstrumentDesign, priors: Priors, sampler: Sampler, direct: bool, law: Errors) -> DataTree:
    """`posterior` under exact exclusion, and `prior_on_exclusion` under the priors of direct effects."""
    import xarray as xr

    found, loose = (
        correlated_posterior(data, priors, own, exclusion)
        if law == CORRELATED
        else instrument_posterior(data, priors, own, exclusion, direct)
        for own, exclusion in ((sampler, False), (replace(sampler, seed=sampler.seed + 1), True))
    )
    own = control_slopes(data, found, np.random.default_rng(sampler.seed))
    coef = np.hstack([found.beta, own])
    design = data.design
    values = {
        "coef": coef,
        "constant": design.y.mean() - coef @ design.X[:, : coef.shape[1]].mean(axis=0),
        "sigma": found.sigma,
        "endogeneity": found.rho,
    }
    dims = {"coef": "term", "endogeneity": "endogenous"}
    coords = {"term": list(data.terms), "endogenous": list(data.endogenous)}
    under = {"coef": loose.beta, "endogeneity": loose.rho}
    for into, part in ((values, found), (under, loose)):
        into |= {} if part.rho_error is None else {"rho_error": part.rho_error}
    both = {"coef": "endogenous", "endogeneity": "endogenous"}
    tree = xr.DataTree.from_dict(
        {
            "posterior": laid_out(values, sampler, dims, coords),
            "prior_on_exclusion": laid_out(under, sampler, both, {"endogenous": list(data.endogenous)}),
        }
    )
    tree.attrs = found.attributes
    tree["prior_on_exclusion"].attrs = loose.attributes
    if loose.sample_stats is not None:
        tree["prior_on_exclusion_sample_stats"] = xr.DataTree(loose.sample_stats)
    if found.sample_stats is not None:
        tree["sample_stats"] = xr.DataTree(found.sample_stats)
    return tree
