"""The posterior of one column under a law of errors as an ArviZ DataTree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.sampling import Sampler
from ...families import Priors
from .posteriors import error_posteriors

if TYPE_CHECKING:
    from xarray import DataTree

    from ....data.sample.design import Design
    from ....data.study.spec import Errors, Form


def error_tree(
    design: Design, priors: Priors, form: Form | None, errors: Errors, sampler: Sampler
) -> DataTree:
    """Slopes, constant and parameters of the errors, laid out as chains; effects are left out.

    Attributes of the tree: `engine`, `errors`, `method` (`importance` or `gibbs`), and for `importance`
    `k_hat`, `ess` and `log_marginal`, of the standardised outcome.
    """
    from arviz_base import from_dict

    size = sampler.chains * sampler.draws
    (found,) = error_posteriors([design], priors, form, errors, size, sampler.seed, sampler.device)
    values = {
        "coef": found.coef,
        "slope": found.coef / found.unit,
        "constant": found.constant,
        **found.parameters,
    }
    shape = (sampler.chains, sampler.draws)
    tree = from_dict(
        {"posterior": {name: value.reshape(shape + value.shape[1:]) for name, value in values.items()}},
        dims={"coef": ["term"], "slope": ["term"]},
        coords={"term": list(design.terms)},
    )
    attributes: dict[str, Any] = {"engine": "collapsed", "errors": errors, "method": "gibbs"}
    if not np.isfinite(found.r_hat):
        attributes |= {
            "method": "importance",
            "k_hat": found.k_hat,
            "ess": found.ess,
            "log_marginal": found.log_marginal,
        }
    tree.attrs = attributes
    return tree
