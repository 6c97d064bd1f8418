"""A fitted mediation column as a DataTree, and as a record of its paths and how they depend on rho."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ....data.sample.design import Design
from ....models.engine.sampling import Sampler
from ....models.mechanisms.paths import (
    RHO_GRID,
    MediationPosterior,
    Paths,
    bias_at,
    curve,
    effects_at,
    rho_draws,
    vanishing_rho,
)
from ....models.priors import Priors
from ....models.scale import Array
from ...run.results import SpecFit
from ..draws import SUMMARY, attributes, changes_at, described, laid_out, of_coefficients
from .widening import under_prior as widening_under_prior

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

PATHS = ("direct", "indirect", "total")
OVER_TIME = {"rho_error": "outcome", "rho_error_mediator": "mediator"}


def tree_of(design: Design, found: MediationPosterior, priors: Priors, sampler: Sampler) -> DataTree:
    """The posterior of `coef` and of the paths at rho = 0, and beside it the paths at other values of rho.

    Groups: `posterior`; `prior_on_rho`, draws under the prior on rho; `sensitivity`, means and 95% intervals
    at each rho of a grid; and the fits of the equations.
    """
    import xarray as xr

    own = found.paths
    direct, indirect = effects_at(own, 0.0)
    at_zero = {"direct": direct, "indirect": indirect[:, 0], "total": own.total}
    values = {
        "coef": np.column_stack([found.slopes, *at_zero.values()]),
        "constant": design.y.mean() - found.slopes @ design.X.mean(axis=0),
        **at_zero,
        "a": own.a[:, 0],
        "b": own.b[:, 0],
        "proportion": indirect[:, 0] / own.total,
        "vanishing_rho": vanishing_rho(own)[:, 0],
        "sigma_mediator": np.sqrt(own.covariance[:, 0, 0]),
        "sigma_outcome": own.sigma_u,
        **_over_time(found),
    }
    rho = rho_draws(priors["rho"], own, np.random.default_rng(sampler.seed))
    direct, indirect = effects_at(own, rho)
    slope = own.b[:, 0] - bias_at(own, rho)[:, 0]
    under = {"rho": rho[:, 0], "b": slope, "direct": direct, "indirect": indirect[:, 0], "total": own.total}
    of_direct, of_indirect = curve(own)
    along = {"direct": of_direct, "indirect": of_indirect[..., 0]}
    tree = xr.DataTree.from_dict(
        {
            "posterior": laid_out(values, sampler, {"coef": "term"}, {"term": [*design.terms, *PATHS]}),
            "prior_on_rho": laid_out(under, sampler),
            "sensitivity": xr.Dataset(
                {name: (("rho", "summary"), value) for name, value in along.items()},
                {"rho": RHO_GRID, "summary": list(SUMMARY)},
            ),
        }
    )
    tree.attrs = attributes(list(found.fits.values()))
    names = ("mediator_equation", "outcome_equation") if len(found.fits) == 2 else ("joint",)
    for name, fit in zip(names, found.fits.values(), strict=True):
        tree[name] = xr.DataTree(fit["posterior"].to_dataset())
        if "sample_stats" in fit.children:
            tree["sample_stats"] = xr.DataTree(fit["sample_stats"].to_dataset())
    return tree


def _over_time(found: MediationPosterior) -> dict[str, Array]:
    """(S,) The correlation of errors from one time to the next in each equation, where the law has one."""
    fits = list(found.fits.values())
    drawn = {name: fits[at]["posterior"] for name, at in zip(OVER_TIME, (-1, 0), strict=True)}
    return {
        name: posterior["rho_error"].to_numpy().ravel()
        for name, posterior in drawn.items()
        if "rho_error" in posterior
    }


def under_prior_on_rho(one: SpecFit, treatment: str, mediator: str) -> SpecFit:
    """The same fit where rho has its prior: direct and indirect effect, and the slope of the mediator.

    None of them is a slope with the prior of slopes, and so none has a unit.
    """
    import xarray as xr

    under, posterior = one.tree["prior_on_rho"].to_dataset(), one.tree["posterior"].to_dataset()
    names = {treatment: "direct", "direct": "direct", mediator: "b", "indirect": "indirect"}
    tree = of_coefficients({term: under[name] for term, name in names.items()})
    for name in [name for name in OVER_TIME if name in posterior]:
        tree["posterior"][name] = posterior[name]
    tree.attrs = one.tree.attrs
    if "sample_stats" in one.tree.children:
        tree["sample_stats"] = xr.DataTree(one.tree["sample_stats"].to_dataset())
    widening = widening_under_prior(one.widening, one.tree, names)
    return replace(one, tree=tree, units={}, widening=widening, mechanism=None, seconds=0.0)


def together(found: Paths, mediators: tuple[str, ...], sampler: Sampler) -> DataTree:
    """Effects at rho = 0 with several mediators at once."""
    from xarray import DataTree

    direct, indirect = effects_at(found, 0.0)
    values = {
        "direct": direct,
        "indirect": indirect,
        "total": found.total,
        "vanishing_rho": vanishing_rho(found),
    }
    dims = {"indirect": "mediator", "vanishing_rho": "mediator"}
    return DataTree(laid_out(values, sampler, dims, {"mediator": list(mediators)}))


def mechanism(tree: DataTree, treatment: str, mediator: str, priors: Priors) -> dict[str, Any]:
    """What the fit says, as a record for comparison.json and the report."""
    posterior, under, along, replicates = (
        tree[name].to_dataset() for name in ("posterior", "prior_on_rho", "sensitivity", "bootstrap")
    )
    ends = np.quantile(posterior["total"], [0.025, 0.975])
    both = tree["together"].to_dataset() if "together" in tree.children else None
    return {
        "kind": "mediation",
        "treatment": treatment,
        "mediator": mediator,
        **{name: described(posterior[name]) for name in ("a", "b", *PATHS)},
        "proportion": {
            "median": float(np.median(posterior["proportion"])),
            **dict(
                zip(SUMMARY[1:], np.quantile(posterior["proportion"], [0.025, 0.975]).tolist(), strict=True)
            ),
            "stable": bool(ends[0] > 0 or ends[1] < 0),
        },
        "vanishing_rho": described(posterior["vanishing_rho"]),
        "changes_at": {
            name: changes_at(along["rho"].to_numpy(), along[name].to_numpy()) for name in PATHS[:2]
        },
        "prior_on_rho": {"prior": str(priors["rho"]), **{name: described(under[name]) for name in PATHS[:2]}},
        "bootstrap": {
            str(unit): {name: _replicated(replicates[name].sel(unit=unit)) for name in PATHS[:2]}
            for unit in replicates["unit"].to_numpy()
        },
        "other_law": None,
        "together": None
        if both is None
        else {
            "direct": described(both["direct"]),
            "indirect": {
                str(name): described(both["indirect"].sel(mediator=name))
                for name in both["mediator"].to_numpy()
            },
        },
    }


def under_law(one: SpecFit, law: str) -> dict[str, Any]:
    """The paths of a fit under another law of errors, as the `other_law` of the mechanism's record."""
    posterior, under = (one.tree[name].to_dataset() for name in ("posterior", "prior_on_rho"))
    return {
        "law": law,
        "rho_error": {of: float(posterior[name].mean()) for name, of in OVER_TIME.items()},
        **{name: described(posterior[name]) for name in PATHS},
        "vanishing_rho": described(posterior["vanishing_rho"]),
        "prior_on_rho": {name: described(under[name]) for name in PATHS[:2]},
    }


def _replicated(replicates: DataArray) -> dict[str, float]:
    values = replicates.to_numpy()
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, [0.025, 0.975])
    return {
        "std_error": float(values.std(ddof=1)),
        "q2.5": float(low),
        "q97.5": float(high),
        "used": len(values),
    }


def assumption_flags(found: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Flags by term: the rho at which the conclusion on a path changes, and the path under rho's prior."""
    of_direct = _flags_of_effect(found, "direct", "direct effect")
    vanishing = f"vanishes at rho = {found['vanishing_rho']['mean']:.2f}, "
    of_indirect = _flags_of_effect(found, "indirect", f"indirect effect {vanishing}its")
    of_slope = (_flags_of_effect(found, "indirect", f"slope {vanishing}the indirect effect's")[0],)
    return {
        found["treatment"]: of_direct,
        "direct": of_direct,
        found["mediator"]: of_slope,
        "indirect": of_indirect,
    }


def _flags_of_effect(found: dict[str, Any], name: str, what: str) -> tuple[str, ...]:
    part, change, prior = found[name], found["changes_at"][name], found["prior_on_rho"]["prior"]
    holds = part["q2.5"] <= 0 <= part["q97.5"]
    if change is None:
        then = f"interval {'holds' if holds else 'excludes'} 0 at every rho"
    else:
        then = f"interval {'excludes' if holds else 'holds'} 0 from rho = {change:.2f}"
    return (
        f"judged under rho ~ {prior}; {what} {then}",
        f"at rho = 0: {part['mean']:.3g} [{part['q2.5']:.3g}, {part['q97.5']:.3g}]",
    )
