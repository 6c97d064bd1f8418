"""How far the standard errors of a mediation's paths can be trusted, by the clusters of its rows.

The slopes of each equation have a model-based and a cluster-robust standard error (`robust_errors`). A path
that multiplies slopes of both equations has the standard error of a product of independent estimates
(Goodman 1960, doi:10.1080/01621459.1960.10483369),

    var(a b) = a^2 var(b) + b^2 var(a) + var(a) var(b),

once with the model's standard errors of a and b and once with the robust ones. Their ratio widens the
interval, which keeps the skewness of the draws. That the estimates of a and b are independent is what rho = 0
says; the bootstrap of entities, which does not take it for granted, stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ....data.sample.design import Design
from ....data.study.spec import Errors, Form
from ....models.errors.inference.robust_errors import RobustErrors
from ....models.priors import Priors
from ....models.scale import Array, scale_of
from ...run.results import Widening
from ..linear import errors_of

if TYPE_CHECKING:
    from xarray import DataTree

Both = tuple[float, float]


def path_widening(
    tree: DataTree,
    chain: tuple[Design, Design],
    treatment: str,
    priors: Priors,
    form: Form | None,
    law: Errors,
) -> dict[str, Widening]:
    """By term of the outcome's equation and by path at rho = 0; empty where a standard error is not known.

    Parameters
    ----------
    tree : that of `record.tree_of`
    chain : the equations of mediator and outcome
    """
    first, last = chain
    mediator = first.outcome
    of_m = _errors(tree, "mediator", first, priors, form, law)
    of_y = _errors(tree, "outcome", last, priors, form, law)
    if of_m is None or of_y is None:
        return {}
    a, b = (float(tree["posterior"][name].mean()) for name in ("a", "b"))
    of_a, of_b = of_m.of(_weights(first, {treatment: 1.0})), of_y.of(_weights(last, {mediator: 1.0}))
    given_a = of_y.of(_weights(last, {treatment: 1.0, mediator: a}))
    indirect, total = of_product(a, b, of_a, of_b), of_total(b, of_a, of_b, given_a)
    columns = of_y.model.tolist(), of_y.robust.tolist(), of_y.prior_shift.tolist()
    found = {
        term: Widening(model, robust, of_y.clusters, shift)
        for term, model, robust, shift in zip(last.terms, *columns, strict=True)
    }
    return found | {
        "direct": found[treatment],
        "indirect": Widening(*indirect, of_y.clusters, skewed=True),
        "total": Widening(*total, of_y.clusters, skewed=True),
    }


def under_prior(
    found: Mapping[str, Widening], tree: DataTree, names: Mapping[str, str]
) -> dict[str, Widening]:
    """The same for paths under the prior of rho, whose part of the variance clusters say nothing of.

    Parameters
    ----------
    names : by term, the variable of the posterior that it is
    """
    at_zero, under = tree["posterior"], tree["prior_on_rho"]
    return {
        term: found[term]._replace(share=min(float(at_zero[name].var() / under[name].var()), 1.0))
        for term, name in names.items()
        if term in found
    }


def of_product(a: float, b: float, of_a: Both, of_b: Both) -> Both:
    """Model-based and robust standard error of a b, from those of a and of b."""
    model, robust = (
        float(np.sqrt((a * t) ** 2 + (b * s) ** 2 + (s * t) ** 2)) for s, t in zip(of_a, of_b, strict=True)
    )
    return model, robust


def of_total(b: float, of_a: Both, of_b: Both, given_a: Both) -> Both:
    """Those of c' + a b, from those of a, of b, and of c' + a b at a known a."""
    errors = zip(of_a, of_b, given_a, strict=True)
    model, robust = (float(np.sqrt(u**2 + (b * s) ** 2 + (s * t) ** 2)) for s, t, u in errors)
    return model, robust


def _weights(design: Design, of: Mapping[str, float]) -> Array:
    """(k,) A combination of slopes on the paper's scale, as one of slopes in standard units."""
    return np.array([of.get(term, 0.0) for term in design.terms]) * scale_of(design).unit


def _errors(
    tree: DataTree, name: str, design: Design, priors: Priors, form: Form | None, law: Errors
) -> RobustErrors | None:
    """Covariances of the slopes of one equation, whose posterior is apart or within the joint one."""
    from xarray import DataTree

    if "joint" in tree.children:
        joint = tree["joint"].to_dataset()
        names = [v for v in map(str, joint.data_vars) if v.startswith(f"{name}_s")]
        own = joint[names].rename({v: v.removeprefix(f"{name}_") for v in names})
    else:
        own = tree[f"{name}_equation"].to_dataset()
    return errors_of(design, DataTree.from_dict({"posterior": own}), priors, form, law)
