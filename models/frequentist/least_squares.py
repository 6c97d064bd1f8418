"""The paper's own estimators, by linearmodels: the reproduction gate runs these first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.sample.design import Design
from ...data.study.spec import Cluster, Spec
from ..scale import standardise


@dataclass(frozen=True)
class LeastSquares:
    """A fitted column.

    Attributes
    ----------
    terms : the regressors, then `_cons`
    coef, std_error : (k + 1,) on the paper's scale
    df : degrees of freedom of the t reference (clusters - 1 where clustered)
    r2 : share of the outcome's variance explained, effects included
    """

    terms: tuple[str, ...]
    coef: NDArray[np.float64]
    std_error: NDArray[np.float64]
    df: float
    n: int
    r2: float

    def at(self, term: str) -> tuple[float, float] | None:
        """Estimate and standard error of a term, or None."""
        if term not in self.terms:
            return None
        j = self.terms.index(term)
        return float(self.coef[j]), float(self.std_error[j])


def least_squares(design: Design, vcov: str | Cluster = "iid") -> LeastSquares:
    """Pooled, one-way or two-way least squares with the covariance that the paper states.

    The constant of a column with effects is mean(y) - mean(x)'b (linearmodels, reghdfe). Clustered errors
    carry the factor G/(G-1) (n-1)/(n-K), where K leaves out effects nested in the clusters
    (reghdfe, fixest).
    """
    from linearmodels.panel import PanelOLS

    correction, z = 1.0, standardise(design)  # linearmodels' checks of rank depend on units
    index = pd.MultiIndex.from_arrays([design.entity, design.time])
    y = pd.Series(z.y, index=index, name="y")
    X = pd.DataFrame(
        np.column_stack([z.X, np.ones(design.n)]),
        index=index,
        columns=[f"x{j}" for j in range(design.k + 1)],
    )
    model = PanelOLS(y, X, entity_effects=design.entity_effects, time_effects=design.time_effects)
    if isinstance(vcov, Cluster):
        clusters = pd.DataFrame({"cluster": design.clusters}, index=index)
        fit = model.fit(
            cov_type="clustered", clusters=clusters, group_debias=True, auto_df=False, count_effects=False
        )
        df = float(clusters["cluster"].nunique() - 1)
        correction = np.sqrt((design.n - design.k - 1) / (design.n - design.k - 1 - counted_dummies(design)))
    else:
        fit = model.fit(cov_type="unadjusted" if vcov == "iid" else "robust")
        df = float(fit.df_resid)
    residual = float(fit.resids.to_numpy() @ fit.resids.to_numpy())
    scale = z.scale
    back = np.diag(np.append(scale.unit, scale.y_sd))
    back[-1, :-1] = -scale.unit * scale.x_mean
    return LeastSquares(
        terms=(*design.terms, "_cons"),
        coef=back @ fit.params.to_numpy(float) + np.append(np.zeros(design.k), scale.y_mean),
        std_error=correction * np.sqrt(np.diag(back @ fit.cov.to_numpy(float) @ back.T)),
        df=df,
        n=design.n,
        r2=1.0 - residual / design.n,
    )


def counted_dummies(design: Design) -> int:
    """How many dummies count towards K: those of effects that are not nested in the clusters."""
    assert design.clusters is not None
    effects = ((design.entity_effects, design.entity), (design.time_effects, design.time))
    return sum(
        int(codes.max()) for present, codes in effects if present and not _nested(codes, design.clusters)
    )


def _nested(codes: NDArray[np.int64], clusters: NDArray[np.int64]) -> bool:
    return len(np.unique(np.column_stack([codes, clusters]), axis=0)) == codes.max() + 1


def reproduce(design: Design, spec: Spec) -> LeastSquares:
    """The frequentist estimate of a specification of kind `effects` or `pooled`."""
    return least_squares(design, spec.vcov)
