"""How far a model's own standard errors can be trusted: beside those that clusters of rows show.

Given the parameters of the errors and the scales of the effects, the coefficients of

    y = M theta + u_entity + constant + e

are those of generalised least squares with a Gaussian prior. Their model-based covariance is A^-1,

    A = M' V^-1 M + P,   V the covariance of errors and entity effects, P the prior's precision,

and it is right where errors have the covariance V. Whatever their covariance, as long as clusters are
independent of each other, the covariance is A^-1 B A^-1 with B the sum over clusters of s_g s_g',
s_g = M_g' V^-1 (y - M theta)_g (Liang and Zeger 1986, doi:10.1093/biomet/73.1.13). A posterior whose standard
deviations are multiplied by the ratio of the two has the frequentist risk of the sandwich (Mueller 2013,
doi:10.3982/ECTA9097).

Residuals are smaller than errors by what the coefficients take up. The residuals of a cluster are multiplied
by (I - H_g)^(-1/2), H_g its block of the matrix that projects on M in the metric of V: the correction CR2 of
Bell and McCaffrey (2002), which removes the bias where V is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...families import Priors
from ...scale import Array
from ..law import Law, Rows, sums_by
from .problem import plan_and_priors, rows_of

if TYPE_CHECKING:
    from ....data.sample.design import Design
    from ....data.study.spec import Form

LARGEST_LEVERAGE = 1 - 1e-8  # a cluster that alone determines a coefficient has leverage 1


class RobustErrors(NamedTuple):
    """Covariances and standard errors of k slopes in standard units.

    Attributes
    ----------
    slopes : (k,) posterior means given the parameters
    model_covariance : (k, k) as the model states it
    influence : (G, k) how far each cluster moves the slopes
    prior_shift : (k,) of the posterior mean, from generalised least squares with a flat prior of the slopes,
        in standard errors of the latter
    """

    slopes: Array
    model_covariance: Array
    influence: Array
    prior_shift: Array

    @property
    def clusters(self) -> int:
        """Their number G."""
        return len(self.influence)

    @property
    def robust_covariance(self) -> Array:
        """(k, k) By the clusters."""
        return self.influence.T @ self.influence

    @property
    def model(self) -> Array:
        """(k,) Standard errors as the model states them."""
        return np.sqrt(np.diag(self.model_covariance))

    @property
    def robust(self) -> Array:
        """(k,) Standard errors by the clusters."""
        return np.sqrt(np.diag(self.robust_covariance))

    def of(self, weights: Array) -> tuple[float, float]:
        """Both standard errors of a combination (k,) of slopes."""
        covariances = self.model_covariance, self.robust_covariance
        model, robust = (float(np.sqrt(weights @ covariance @ weights)) for covariance in covariances)
        return model, robust


def contrast_errors(one: RobustErrors, other: RobustErrors) -> Array:
    """(k,) Cluster-robust standard errors of the differences between two estimates of the same slopes.

    Both estimate one slope if regressors are strictly exogenous, whatever the errors; that a difference is
    far from 0 in these units speaks against that (Hausman 1978, doi:10.2307/1913827). The estimates are of
    the same rows, and so the difference is made of what each cluster contributes to it.
    """
    return np.sqrt(((other.influence - one.influence) ** 2).sum(axis=0))


def robust_errors(
    design: Design, priors: Priors, form: Form | None, law: Law, at: Mapping[str, float]
) -> RobustErrors | None:
    """Model-based and cluster-robust standard errors of the slopes, at one value of the model's parameters.

    Clusters are those of the design, else the entities.

    Parameters
    ----------
    at
        sigma, sd_entity, sd_time and the parameters of the law, in standard units; those that the form has.

    Returns
    -------
    None where the law has no metric, where slopes vary, and where there are fewer than two clusters.
    """
    clusters = design.entity if design.clusters is None else design.clusters
    count = int(clusters.max()) + 1
    if law.whiten is None or design.varying is not None or count < 2:
        return None
    rows, sizes = rows_of(design, form)
    plan, data = plan_and_priors(design, priors, form, law, sizes)
    M = law.whiten(rows, at)
    if plan.entity_effects:
        M = without_entity_effects(
            M, rows, at["sd_entity"] if plan.pooled_entities else float(data["effect_sd"])
        )
    own = [at["sd_time"] if i >= 0 and plan.names[i] == "sd_time" else 1.0 for i in plan.owner]
    # the constant's variance, and so its precision, may be negative: see `engine.collapsed`
    precision = np.append((data["spread"] * own) ** -2.0, 1 / float(data["constant_variance"]))
    gram, moments = M[:, :-1].T @ M[:, :-1], M[:, :-1].T @ M[:, -1]
    A = np.linalg.inv(gram + np.diag(precision))
    theta = A @ (moments + precision * data["location"])
    residual = M[:, -1] - M[:, :-1] @ theta
    scores = np.stack([_score(M[g, :-1], residual[g], A) for g in _members(clusters, count)])
    influence = scores @ A[:, : plan.slopes]
    k = plan.slopes
    precision[:k] = 0.0  # a flat prior of the slopes; everything else keeps its own
    flat = np.linalg.inv(gram + np.diag(precision))
    least_squares = flat @ (moments + precision * data["location"])
    shift = (theta - least_squares)[:k] / np.sqrt(np.diag(flat)[:k])
    return RobustErrors(theta[:k], A[:k, :k], influence, shift)


def without_entity_effects(M: Array, rows: Rows, sd: float) -> Array:
    """(n, P) White rows multiplied by (I + sd^2 o o')^(-1/2) in each entity, o the column of the constant."""
    size, o = int(rows.entity.max()) + 1, M[:, -2]
    length = sums_by(rows.entity, o**2, size)
    share = (1 - 1 / np.sqrt(1 + sd**2 * length)) / length
    return M - o[:, None] * (share[:, None] * sums_by(rows.entity, o[:, None] * M, size))[rows.entity]


def _members(clusters: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    order = np.argsort(clusters, kind="stable")
    return np.split(order, np.cumsum(np.bincount(clusters, minlength=count))[:-1])


def _score(M: Array, residual: Array, A: Array) -> Array:
    """(q + 1,) M_g' (I - H_g)^(-1/2) e_g, H_g = M_g A M_g' through its eigenvectors in the space of M_g."""
    Q, R = np.linalg.qr(M)
    leverage, vectors = np.linalg.eigh(R @ A @ R.T)
    stretch = 1 / np.sqrt(1 - np.minimum(leverage, LARGEST_LEVERAGE)) - 1
    directions = Q @ vectors
    return M.T @ (residual + directions @ (stretch * (directions.T @ residual)))
