"""Random effects by maximum likelihood, as Stata's `xtreg, mle` and R's `lme(method = "ML")` print them.

With a = sigma_e^2, b = sigma_u^2, v_i = a + T_i b, residuals e_it and their entity means e_i,

    -2 log L = sum_i [(T_i - 1) log a + log v_i + sum_t (e_it - e_i)^2 / a + T_i e_i^2 / v_i] + constant.

Given b / a the coefficients are those of generalised least squares and a is their mean squared residual, so
that one number is searched for. Standard errors are from the observed information of (coefficients, a, b),
or the sandwich of entities' scores around its inverse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ..scale import Array

# log of sigma_u^2 / sigma_e^2: at the lower end entity effects have a millionth of the errors' spread
LOWEST, HIGHEST = -27.6, 27.6


class Fitted(NamedTuple):
    """Estimates in the units of the arrays given.

    Attributes
    ----------
    coef : (p,)
    covariance, robust : (p, p) classical, and by the clusters where there are any
    sigma2_u, sigma2_e : variances of entity effects and of errors
    error_variance : the one that `covariance` is computed with
    """

    coef: Array
    covariance: Array
    robust: Array
    sigma2_u: float
    sigma2_e: float
    error_variance: float


class _Parts(NamedTuple):
    """Entity means (N, p + 1) and deviations (n, p + 1) of [X | y], lengths (N,) and codes (n,)."""

    mean: Array
    within: Array
    length: Array
    entity: NDArray[np.int64]


def most_likely(
    y: Array, X: Array, entity: NDArray[np.int64], clusters: NDArray[np.int64] | None = None
) -> Fitted:
    """The maximum of the likelihood, with sigma_u = 0 where it is highest there.

    Parameters
    ----------
    y, X : (n,) and (n, p), the constant among the columns
    entity : (n,) integer codes without gaps
    clusters : (n,) codes of clusters that hold whole entities, or None
    """
    parts = _parts(np.column_stack([X, y]), entity)
    found = minimize_scalar(
        lambda log_ratio: _deviance(parts, np.exp(log_ratio)),
        bounds=(LOWEST, HIGHEST), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    ratio = float(np.exp(found.x))
    if _deviance(parts, 0.0) <= _deviance(parts, ratio):
        ratio = 0.0
    coef, a = _given(parts, ratio)
    scores, information = _derivatives(parts, coef, a, a * ratio)
    kept = slice(None) if ratio else slice(-1)  # at the edge sigma_u is no free parameter
    bread = np.linalg.inv(information[kept, kept])
    p, robust = len(coef), bread
    if clusters is not None:
        of = np.zeros(len(parts.length), np.int64)
        of[entity] = clusters
        count = len(set(clusters.tolist()))
        sums = np.zeros((int(clusters.max()) + 1, len(bread)))
        np.add.at(sums, of, scores[:, kept])
        robust = count / (count - 1) * bread @ sums.T @ sums @ bread
    return Fitted(coef, bread[:p, :p], robust[:p, :p], a * ratio, a, a)


def _parts(M: Array, entity: NDArray[np.int64]) -> _Parts:
    length = np.bincount(entity).astype(float)
    sums = np.zeros((len(length), M.shape[1]))
    np.add.at(sums, entity, M)
    mean = sums / length[:, None]
    return _Parts(mean, M - mean[entity], length, entity)


def _given(parts: _Parts, ratio: float) -> tuple[Array, float]:
    """Coefficients and sigma_e^2 that are best for sigma_u^2 / sigma_e^2 = ratio."""
    weight = parts.length / (1 + parts.length * ratio)
    cross = parts.within.T @ parts.within + parts.mean.T @ (weight[:, None] * parts.mean)
    coef = np.linalg.solve(cross[:-1, :-1], cross[:-1, -1])
    left = np.append(-coef, 1.0)
    return coef, float(left @ cross @ left) / parts.length.sum()


def _deviance(parts: _Parts, ratio: float) -> float:
    _, a = _given(parts, ratio)
    return float(parts.length.sum() * np.log(a) + np.log1p(parts.length * ratio).sum())


def _derivatives(parts: _Parts, coef: Array, a: float, b: float) -> tuple[Array, Array]:
    """Scores of each entity (N, p + 2) and the observed information (p + 2, p + 2), in (coef, a, b)."""
    T, v, p = parts.length, a + parts.length * b, len(coef)
    left = np.append(-coef, 1.0)
    e_within, e_mean = parts.within @ left, parts.mean @ left
    X_within, X_mean = parts.within[:, :-1], parts.mean[:, :-1]
    squares = np.bincount(parts.entity, e_within**2)
    inside = np.zeros((len(T), p))
    np.add.at(inside, parts.entity, X_within * e_within[:, None])
    between = (T * e_mean)[:, None] * X_mean
    scores = np.column_stack(
        [
            inside / a + between / v[:, None],
            0.5 * (squares / a**2 - (T - 1) / a + T * e_mean**2 / v**2 - 1 / v),
            0.5 * (T**2 * e_mean**2 / v**2 - T / v),
        ]
    )
    information = np.zeros((p + 2, p + 2))
    information[:p, :p] = X_within.T @ X_within / a + X_mean.T @ ((T / v)[:, None] * X_mean)
    information[:p, p] = (inside / a**2 + between / v[:, None] ** 2).sum(axis=0)
    information[:p, p + 1] = (T[:, None] * between / v[:, None] ** 2).sum(axis=0)
    information[p, p] = (squares / a**3 - 0.5 * (T - 1) / a**2 + T * e_mean**2 / v**3 - 0.5 / v**2).sum()
    information[p, p + 1] = (T**2 * e_mean**2 / v**3 - 0.5 * T / v**2).sum()
    information[p + 1, p + 1] = (T**3 * e_mean**2 / v**3 - 0.5 * T**2 / v**2).sum()
    return scores, np.triu(information) + np.triu(information, 1).T
