"""Shocks that the rows of a cluster share at a time and that persist, beside independent errors.

e_it = kappa_gt + N(0, sigma^2), with kappa_g stationary AR(1) over the times, of standard deviation
sd_cluster and correlation rho_cluster. What makes cluster-robust standard errors large where regressors
persist is that the shocks persist as well: shocks that are new every year would average out over the years.

`sd_cluster = half_normal(0.5)`: spread of the shocks; `rho_cluster = normal(0, 1)`, cut to (-1, 1): their
correlation from one time to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError
from ..arrays import cholesky, library_of
from ..engine.integrate import without_entities
from ..families import Prior, Priors
from ..parameters import CORRELATION, POSITIVE, Parameter
from ..scale import Array
from .law import CrossProducts, Law, Rows, Whitening, sums_by
from .stationary import paths, powers, root

if TYPE_CHECKING:
    from ...data.sample.design import Design

SD = Parameter(
    "sd_cluster",
    Prior("half_normal", (0.5,)),
    POSITIVE,
    "spread of the shocks that a cluster's rows share",
)
RHO = Parameter(
    "rho_cluster",
    Prior("normal", (0.0, 1.0)),
    CORRELATION,
    "correlation of these shocks from one time to the next, cut to (−1, 1)",
)


def entity_clusters(
    clusters: NDArray[np.int64] | None, entity: NDArray[np.int64], entity_effects: bool
) -> NDArray[np.int64]:
    """(n,) The clusters, which entities with effects of their own must not leave.

    Raises
    ------
    InputError
        Without clusters, or where such an entity is in more than one.
    """
    if clusters is None:
        raise InputError(
            "errors = 'cluster' needs clusters: give the specification vcov = { cluster = \"COLUMN\" }."
        )
    of = np.full(int(entity.max()) + 1, -1)
    of[entity] = clusters
    if entity_effects and (of[entity] != clusters).any():
        raise InputError(
            "errors = 'cluster' needs clusters that an entity never leaves; "
            "cluster by entities or groups of them."
        )
    return clusters


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add the shocks and the outcome (n,) to the model on the context stack.

    Raises
    ------
    InputError
        As `entity_clusters`.
    """
    import pymc as pm

    pm.Normal("y", mean + _shocks(design, priors), sigma, observed=y, dims="row")


def _shocks(design: Design, priors: Priors) -> Any:
    """(n,) Shocks of the clusters."""
    import pymc as pm
    import pytensor.tensor as pt

    cluster = entity_clusters(design.clusters, design.entity, design.entity_effects)
    model = pm.modelcontext(None)
    model.add_coords({"cluster": range(int(cluster.max()) + 1), design.time_name: design.times})
    spread, rho = SD.variable(priors), RHO.variable(priors)
    steps = np.diff(design.times)
    kept = powers(rho, steps)
    new = pm.Normal("cluster_news", dims=(design.time_name, "cluster"))
    shock = [new[0]]
    for t in range(len(steps)):
        shock.append(kept[t] * shock[-1] + pt.sqrt(1 - kept[t] ** 2) * new[t + 1])
    return (spread * pt.stack(shock))[design.time, cluster]


def simulate(design: Design, at: Mapping[str, float], rng: np.random.Generator) -> Array:
    """(n,) Errors of a design with clusters."""
    assert design.clusters is not None
    path = paths(at["rho_cluster"], design.times, int(design.clusters.max()) + 1, rng)
    shock = at["sd_cluster"] * path[design.time, design.clusters]
    return shock + at["sigma"] * rng.normal(size=design.n)


def sums(rows: Rows) -> dict[str, Array]:
    """Products of [time dummies | M] over the rows of each cluster, and their sums over each entity in it.

    Raises
    ------
    InputError
        As `entity_clusters`.
    """
    cluster, times = entity_clusters(rows.cluster, rows.entity, rows.entity_effects), rows.times
    each = [np.flatnonzero(cluster == g) for g in range(int(cluster.max()) + 1)]
    both = np.column_stack([np.eye(len(times))[rows.time], rows.M])
    most = max(len(np.unique(rows.entity[at])) for at in each)
    totals = np.zeros((len(each), most, both.shape[1]))
    for g, at in enumerate(each):
        codes = np.unique(rows.entity[at], return_inverse=True)[1]
        totals[g] = sums_by(codes, both[at], most)
    return {
        "joint": np.stack([both[at].T @ both[at] for at in each]),
        "by_entity": totals,
        "entity_rows": totals[:, :, : len(times)].sum(axis=2),
        "year": np.array(times, float),
        "n": np.array(float(len(rows.M))),
    }


def cross_products(
    values: Mapping[str, Any], data: Mapping[str, Any], entity_sd: Any | None
) -> CrossProducts:
    """Of the columns, in the metric of errors and entity effects; see `law.Whitening`."""
    xp = library_of(values["sigma"])
    precision = (values["sigma"] ** -2)[..., None, None, None]
    factor = values["sd_cluster"][..., None, None] * root(values["rho_cluster"], data["year"])
    joint, log_determinant = data["joint"] * precision, 2 * data["n"] * xp.log(values["sigma"])
    if entity_sd is not None:
        totals, rows = data["by_entity"] * precision, data["entity_rows"] * precision[..., 0]
        joint, more = without_entities(joint, totals, rows, entity_sd[..., None, None])
        log_determinant = log_determinant + more.sum(-1)
    H, more = without_shocks(joint, factor)
    return CrossProducts(H, log_determinant + more)


def without_shocks(joint: Any, root: Any) -> tuple[Any, Any]:
    """Integrate out the shocks; H (..., P, P) of the other columns over all clusters, and log-determinant.

    Parameters
    ----------
    joint : (..., G, T + P, T + P) products of [time dummies | M] over the rows of each cluster
    root : (..., T, T) factor of the covariance of a cluster's shocks
    """
    xp = library_of(root)
    size, root = root.shape[-1], root[..., None, :, :]
    turned = root.swapaxes(-1, -2)
    inner = xp.eye(size) + turned @ joint[..., :size, :size] @ root
    shared = turned @ joint[..., :size, size:]
    H = joint[..., size:, size:] - shared.swapaxes(-1, -2) @ xp.linalg.solve(inner, shared)
    log_determinant = 2 * xp.log(xp.diagonal(cholesky(inner), 0, -2, -1)).sum((-1, -2))
    return H.sum(-3), log_determinant


LAW = Law(
    name="cluster",
    label="cluster shocks",
    meaning="Rows of a cluster share a shock at each time, and the shocks persist.",
    equation=(
        r"\varepsilon_{it} = \kappa_{g(i)t} + u_{it}, \quad \kappa_{gt} = \rho\,\kappa_{g,t-1} + v_{gt}"
    ),
    parameters=(SD, RHO),
    observe=observe,
    simulate=simulate,
    collapsed=Whitening(sums, cross_products),
)
