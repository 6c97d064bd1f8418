"""Leave-one-out predictive densities of a Gaussian panel model with coefficients and effects integrated out.

Given the scales and the place of a change, y is normal with covariance V and

    p(y_i | y_-i) = N(y_i - g_i / d_i, 1 / d_i),   g = V^-1 (y - mean),  d = diag(V^-1)

(Sundararajan and Keerthi 2001, doi:10.1162/08997660151134343). With draws s of scales and place, p(s | y_-i)
is proportional to p(s | y) / p(y_i | y_-i, s), so that these densities take the place of the pointwise
likelihood in Pareto-smoothed importance sampling, with weights far steadier than given every effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.sample.within import split
from ...data.study.spec import Form
from ..engine.psis import leave_out_elpd
from ..engine.statistics import zero_sum_basis
from ..priors import Priors
from ..scale import standardise
from ..thresholds.blocks import standardised
from ..thresholds.changepoints import Enumerated
from ..thresholds.marginal_likelihood import weights_of_nodes
from ..thresholds.metrics import Nodes
from ..thresholds.regimes import Array, Regimes
from ..thresholds.transition import Shape

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 300
LARGEST = 30_000_000


def affordable(found: Regimes) -> bool:
    """Whether the arrays fit: draws x rows x coefficients and effects."""
    design = found.design
    size = (
        len(design.entities) * design.entity_effects + len(design.times) * design.time_effects + 2 * design.k
    )
    return DRAWS * design.n * size <= LARGEST


def pointwise(found: Regimes, shape: Shape, posterior: Enumerated, priors: Priors, seed: int = 0) -> Array:
    """(S, n) log p(y_i | y_-i, draw) of the standardised outcome."""
    rng = np.random.default_rng(seed)
    weight = np.exp(shape.log_evidence - shape.log_evidence.max()) * posterior.change_weights[:, None]
    which, at = np.divmod(rng.choice(weight.size, DRAWS, p=weight.ravel() / weight.sum()), weight.shape[1])
    tau, nodes = posterior.changes[which], posterior.nodes
    if shape.blocks is None:
        log_weight = np.tile(nodes.log_weight[:, None], DRAWS)
    else:
        log_weight = weights_of_nodes(shape.blocks, nodes, tau, at[:, None])
    steps = np.cumsum(np.exp(log_weight - log_weight.max(axis=0)), axis=0)
    node = (steps < rng.uniform(size=DRAWS) * steps[-1]).sum(axis=0)
    others = nodes.others[node, rng.integers(nodes.others.shape[1], size=DRAWS)]
    columns = standardised(found, shape.columns, posterior.form)
    return _densities(found, columns[:, at].T * tau[:, None], nodes, node, others, priors, posterior.form)


def _densities(
    found: Regimes, h: Array, nodes: Nodes, node: Any, others: Array, priors: Priors, form: Form
) -> Array:
    """(S, n), with h (S, n) the column of the change times tau."""
    design, z = found.design, standardise(found.design)
    X = split(z.X, design.entity, design.time, design.entity_effects, design.time_effects)
    slope, level = priors["slope"].arguments, priors["intercept"].arguments
    used, flat = (z.X if form == "random" else X.within), priors["effect"].arguments[-1]
    blocks, sizes = [used, np.ones((design.n, 1))], [np.full(design.k, slope[1]), np.array([level[1]])]
    if design.entity_effects:
        codes = np.eye(len(design.entities))
        if form == "mundlak":
            blocks.append(X.entity[design.entity])
            sizes.append(np.full(design.k, priors["between"].arguments[1]))
        blocks.append((zero_sum_basis(len(codes)) if form == "fixed" else codes)[design.entity])
    entity = blocks[-1].shape[1] if design.entity_effects else 0
    if design.time_effects:
        blocks.append(zero_sum_basis(len(design.times))[design.time])
    time = blocks[-1].shape[1] if design.time_effects else 0
    fixed = form == "fixed"
    spread = np.hstack(
        [
            np.tile(np.concatenate(sizes), (len(h), 1)),
            np.tile(flat if fixed else others[:, :1], (len(h) if fixed else 1, entity)),
            np.tile(flat if fixed else others[:, 1:], (len(h) if fixed else 1, time)),
        ]
    )
    r = z.y - used @ np.full(design.k, slope[0]) - level[0]
    if form == "mundlak" and design.entity_effects:
        r = r - X.entity[design.entity] @ np.full(design.k, priors["between"].arguments[0])
    Z, variance = np.hstack(blocks), nodes.sigma[node, None] ** 2
    scaled = np.concatenate([spread[:, :, None] * Z.T, h[:, None, :]], axis=1)
    p = scaled.shape[1]
    precision = variance[:, :, None] * np.eye(p)
    precision[:, :-1, :-1] += spread[:, :, None] * (Z.T @ Z) * spread[:, None, :]
    precision[:, -1, :-1] = precision[:, :-1, -1] = spread * (h @ Z)
    precision[:, -1, -1] += (h**2).sum(axis=1)
    half = np.linalg.solve(np.linalg.cholesky(precision), scaled)
    d = (1 - (half**2).sum(axis=1)) / variance
    g = (r - (half * (half @ r)[:, :, None]).sum(axis=1)) / variance
    return 0.5 * (np.log(d / (2 * np.pi)) - g**2 / d)


def compare_loo(densities: dict[str, Array]) -> pd.DataFrame:
    """PSIS-LOO of models from their pointwise densities (S, n), one row a model.

    `elpd`, `elpd_diff` from the largest, and its standard error `dse`: the numbers of ArviZ's `compare`.
    """
    import pandas as pd

    elpd = pd.DataFrame({name: leave_out_elpd(values)[0] for name, values in densities.items()})
    apart = elpd.sub(elpd[elpd.sum().idxmax()], axis=0)
    return pd.DataFrame(
        {"elpd": elpd.sum(), "elpd_diff": apart.sum(), "dse": np.sqrt(len(apart) * apart.var(ddof=0))}
    )
