"""Random effects as papers print them: y_it = alpha + x_it' b + u_i + e_it with u_i ~ (0, sigma_u^2).

Feasible generalised least squares (Swamy and Arora 1972, doi:10.2307/1909405): sigma_e^2 from the within
regression, sigma_u^2 from what the between regression leaves, then least squares on y_it - theta_i y_i,
theta_i = 1 - (1 + T_i sigma_u^2 / sigma_e^2)^(-1/2). For unbalanced panels there are two formulas of
sigma_u^2:

- `random`: SSR_b / (N - K) - sigma_e^2 / T, with entity means of equal weight in the between regression and T
  the harmonic mean of the T_i. Stata's `xtreg, re`.
- `random_sa`: the unbiased quadratic form of Baltagi and Chang (1994, doi:10.1016/0304-4076(94)90030-2), with
  means weighted by T_i. `plm(model = "random")` and Stata's `xtreg, re sa`.

Both are linearmodels' (from 7.1 on), checked in the tests against printed output of Stata and of plm.
Maximum likelihood, `random_mle`, is `random_likelihood`. Periods named among the effects are dummies, the
first left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from ...data.errors import InputError
from ...data.sample.design import Design
from ...data.study.spec import Cluster
from ..kinds.random import varying_within
from ..scale import Array, Standardised, standardise
from .least_squares import LeastSquares
from .random_likelihood import Fitted, most_likely


@dataclass(frozen=True)
class RandomEffects:
    """A fitted random-effects column.

    Attributes
    ----------
    least_squares : coefficients and standard errors; r2 is the overall one, the squared correlation of y and
        x'b; the reference is normal, and t with clusters - 1 degrees of freedom where clustered
    covariance : (k, k) of the slopes, without clusters, on the paper's scale
    error_variance : the variance of errors that it is computed with, on the paper's scale
    sigma_u, sigma_e : standard deviations of entity effects and of errors, on the paper's scale
    theta : (N,) shares of the entity mean that the transformation takes away
    """

    least_squares: LeastSquares
    covariance: Array
    error_variance: float
    sigma_u: float
    sigma_e: float
    theta: Array


class Hausman(NamedTuple):
    """Hausman's (1978, doi:10.2307/1913827) test of random against fixed effects.

    Attributes
    ----------
    terms : regressors whose coefficients are compared, as many as degrees of freedom
    chi2, p : each covariance with its own error variance, as `phtest` and Stata's `hausman` print it;
        below 0, and without p, where the difference of the covariances is far from positive definite
    chi2_common, p_common : both covariances with the error variance of random effects, which leaves the
        difference positive (Stata's `hausman, sigmamore`)
    """

    terms: tuple[str, ...]
    chi2: float
    p: float | None
    chi2_common: float
    p_common: float | None


def check_random(design: Design, prefix: str = "") -> None:
    """Refuse a design whose rows cannot estimate both variances, or whose clusters divide an entity.

    Raises
    ------
    InputError
        One sentence with the number of entities or rows, or the entity.
    """
    entities, within = len(design.entities), len(varying_within(design))
    if entities <= design.k + 1:
        raise InputError(
            f"{prefix}random effects of {entities} {design.entity_name} entities need fewer than "
            f"{entities - 1} regressors, and the formula has {design.k}; leave some out, or make the effects "
            "fixed."
        )
    free = design.n - entities - within - (len(design.times) - 1) * design.time_effects
    if free < 1:
        raise InputError(
            f"{prefix}{design.n} rows of {entities} {design.entity_name} entities leave nothing to estimate "
            "the variance of errors within entities from; add periods."
        )
    if design.clusters is not None:
        of = pd.Series(design.clusters).groupby(design.entity).nunique()
        if (of > 1).any():
            raise InputError(
                f"{prefix}{design.entities[int(of.idxmax())]!r} is in more than one cluster; clusters of "
                "random effects hold whole entities."
            )


def random_effects(design: Design, estimator: str = "random", vcov: str | Cluster = "iid") -> RandomEffects:
    """Estimate a column by one of `data.study.estimators.ESTIMATORS`.

    Clustered errors carry G / (G - 1) (n - 1) / (n - K), K coefficients with the constant, as Stata's do;
    those of maximum likelihood G / (G - 1).
    """
    z = standardise(design)
    index = pd.MultiIndex.from_arrays([design.entity, design.time])
    X = np.column_stack([z.X, _dummies(design), np.ones(design.n)])
    clusters = design.clusters if isinstance(vcov, Cluster) else None
    if estimator == "random_mle":
        found = most_likely(z.y, X, design.entity, clusters)
    else:
        found = _swamy_arora(z.y, X, index, clusters, baltagi_chang=estimator == "random_sa")
    return _on_papers_scale(
        design, z, X, found, inf if clusters is None else len(set(clusters.tolist())) - 1.0
    )


def hausman(design: Design, random: RandomEffects) -> Hausman | None:
    """Hausman's statistics of the regressors that vary within entities; None where there is none.

    Covariances are those without clusters; dummies of periods are in both regressions and are not compared.
    """
    from linearmodels.panel import PanelOLS

    columns = list(varying_within(design))
    if not columns:
        return None
    z = standardise(design)
    index = pd.MultiIndex.from_arrays([design.entity, design.time])
    X = pd.DataFrame(np.column_stack([z.X[:, columns], _dummies(design)]), index=index)
    fit = PanelOLS(pd.Series(z.y, index=index), X, entity_effects=True).fit()
    unit, m = z.scale.unit[columns], len(columns)
    fixed, V = fit.params.to_numpy()[:m] * unit, fit.cov.to_numpy()[:m, :m] * np.outer(unit, unit)
    difference = fixed - random.least_squares.coef[columns]
    common = V * random.error_variance / (float(fit.s2) * z.scale.y_sd**2)

    def test(covariance: Array) -> tuple[float, float | None]:
        extra = covariance - random.covariance[np.ix_(columns, columns)]
        chi2 = float(difference @ np.linalg.solve(extra, difference))
        return chi2, float(stats.chi2.sf(chi2, m)) if chi2 >= 0 else None

    return Hausman(tuple(design.terms[j] for j in columns), *test(V), *test(common))


def _dummies(design: Design) -> Array:
    """(n, T - 1) Dummies of the periods but the first, where the column has them."""
    size = len(design.times) if design.time_effects else 1
    return np.eye(size)[design.time * design.time_effects][:, 1:]


def _swamy_arora(y: Array, X: Array, index: Any, clusters: Any, *, baltagi_chang: bool) -> Fitted:
    from linearmodels.panel import RandomEffects as Model

    model = Model(pd.Series(y, index=index, name="y"), pd.DataFrame(X, index=index))
    plain = model.fit(small_sample=baltagi_chang)
    fit = plain
    if clusters is not None:
        own = pd.DataFrame({"cluster": clusters}, index=index)
        fit = model.fit(small_sample=baltagi_chang, cov_type="clustered", clusters=own, group_debias=True)
    sigma2_u, sigma2_e = plain.variance_decomposition.to_numpy(float)[:2]
    return Fitted(
        plain.params.to_numpy(float),
        plain.cov.to_numpy(float),
        fit.cov.to_numpy(float),
        sigma2_u,
        sigma2_e,
        float(plain.s2),
    )


def _on_papers_scale(design: Design, z: Standardised, X: Array, found: Fitted, df: float) -> RandomEffects:
    k, scale = design.k, z.scale
    back = np.zeros((k + 1, X.shape[1]))
    back[range(k), range(k)] = scale.unit
    back[k, :k], back[k, -1] = -scale.unit * scale.x_mean, scale.y_sd
    length = np.bincount(design.entity)
    fit = LeastSquares(
        terms=(*design.terms, "_cons"),
        coef=back @ found.coef + np.append(np.zeros(k), scale.y_mean),
        std_error=np.sqrt(np.diag(back @ found.robust @ back.T)),
        df=df,
        n=design.n,
        r2=float(np.corrcoef(z.y, X @ found.coef)[0, 1] ** 2),
    )
    return RandomEffects(
        least_squares=fit,
        covariance=(back @ found.covariance @ back.T)[:k, :k],
        error_variance=found.error_variance * scale.y_sd**2,
        sigma_u=float(np.sqrt(found.sigma2_u)) * scale.y_sd,
        sigma_e=float(np.sqrt(found.sigma2_e)) * scale.y_sd,
        theta=1 - 1 / np.sqrt(1 + length * found.sigma2_u / found.sigma2_e),
    )
