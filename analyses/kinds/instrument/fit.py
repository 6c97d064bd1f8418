"""Fitting `instrument` specifications to a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ....data.errors import InputError
from ....data.panel.panel import Panel
from ....data.published import Printed
from ....models.engine.sampling import Sampler
from ....models.frequentist.iv import InstrumentDesign, instrument_design, two_stage
from ....models.kinds.instrument import exclusions
from ....models.mechanisms.instrument_draws import can_draw, control_slopes, instrument_posterior
from ....models.priors import Priors
from ....models.scale import scale_of
from ...run.key import Key
from ...run.results import Engine, Request, SpecFit
from ...run.store import read_or_fit, seed_of
from ...view import SpecView
from ..draws import laid_out, of_coefficients
from ..printed_terms import check_terms
from .record import assumption_flags, frequentist, mechanism, sensitivity

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
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, view.id))
    key = Key(
        kind=view.kind,
        data=(design.sha256,),
        form=None,
        errors=None,
        priors=priors,
        sampler=sampler,
        engine=engine,
        extra={"roles": [data.endogenous, data.controls, data.instruments], "vcov": str(vcov)},
    )

    def make() -> DataTree:
        tree = _tree(data, priors, sampler, engine == "collapsed")
        tree["frequentist"] = frequentist(data, vcov)
        if engine == "collapsed":
            tree["exclusion"] = sensitivity(data, priors, vcov, sampler.seed)
        return tree

    tree, seconds, resumed = read_or_fit(view.id, key, request, make)
    units = dict(zip(design.terms, scale_of(design).unit.tolist(), strict=True))
    found = mechanism(tree, data, exclusions(data, priors))
    one = SpecFit(
        view, tree, priors, printed, engine, seconds, resumed, None, design, two_stage(data, vcov),
        units={name: units[name] if name in data.endogenous else None for name in data.terms},
        mechanism=found, assumption_flags=assumption_flags(found),
    )  # fmt: skip
    return replace(one, under_prior=_under_prior(one, data.endogenous))


def _under_prior(one: SpecFit, endogenous: tuple[str, ...]) -> SpecFit:
    """The same fit where direct effects of the instruments have their priors: the endogenous regressors."""
    loose = one.tree["prior_on_exclusion"].to_dataset()
    tree = of_coefficients({name: loose["coef"].sel(endogenous=name) for name in endogenous})
    tree.attrs = loose.attrs
    if "prior_on_exclusion_sample_stats" in one.tree.children:
        tree["sample_stats"] = type(tree)(one.tree["prior_on_exclusion_sample_stats"].to_dataset())
    return replace(one, tree=tree, mechanism=None, seconds=0.0)


def _tree(data: InstrumentDesign, priors: Priors, sampler: Sampler, direct: bool) -> DataTree:
    """`posterior` under exact exclusion, and `prior_on_exclusion` under the priors of direct effects."""
    import xarray as xr

    found = instrument_posterior(data, priors, sampler, direct=direct)
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
    loose = instrument_posterior(
        data, priors, replace(sampler, seed=sampler.seed + 1), exclusion=True, direct=direct
    )
    under = {"coef": loose.beta, "endogeneity": loose.rho}
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
