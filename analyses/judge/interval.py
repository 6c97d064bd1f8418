"""Which interval the verdict on a printed coefficient rests on, and how wide it is.

A column that is pooled across entities, without effects or with time effects alone, is judged by the same
data with entity and time effects, wherever the panel can tell those apart: whether its coefficient survives
them is the question. Its constant, and a regressor that those effects absorb, have no counterpart there and
are judged as printed.

The coefficients of a mediation or instrument column rest on an assumption that the data cannot test (rho = 0,
exact exclusion). They are judged where it has a prior, and its exact form is shown beside. Every other
coefficient is judged by its column's own posterior.

Where the clusters of the rows show a larger standard error than the model states, the posterior's standard
deviation is multiplied by the ratio, and the interval has the quantiles of t with G - 1 degrees of freedom:
the interval of a posterior that has the frequentist risk of the sandwich (Müller 2013, doi:10.3982/ECTA9097;
Hansen 2007, doi:10.1016/j.jeconom.2006.09.008). It is never made narrower. Of a variance that a prior on an
untestable assumption adds to, the ratio multiplies the rest. The interval of a product of slopes keeps the
skewness of its draws: each end moves away from the mean in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...data.published import NORMAL_95
from ..run.results import SpecFit, Widening
from .posterior import Posterior

CONSTANT = "_cons"
WITH_EFFECTS: Literal["with_effects"] = "with_effects"
UNDER_PRIOR: Literal["under_prior"] = "under_prior"
AS_PRINTED: Literal["posterior"] = "posterior"

Part = Literal["with_effects", "under_prior", "posterior"]


@dataclass(frozen=True)
class Judged:
    """The interval that a verdict looks at, on the paper's scale.

    Attributes
    ----------
    low, high : its ends
    factor : the cluster-robust over the model-based standard error; None where it is not known
    df : degrees of freedom of t where the interval is widened; None where it is the posterior's own
    law : name of the law of errors of the posterior; None at tables evidence
    clusters : number G of clusters that the factor is of
    """

    low: float
    high: float
    factor: float | None
    df: int | None
    law: str | None
    clusters: int | None = None

    def record(self) -> dict[str, Any]:
        """The `judged` object of comparison.json."""
        return {
            "q2.5": self.low,
            "q97.5": self.high,
            "law": self.law,
            "factor": self.factor,
            "df": self.df,
        }


def judged_interval(fit: SpecFit, term: str, posterior: Posterior) -> Judged:
    """The posterior's own 95% interval, or a wider one where the clusters of the rows ask for it."""
    law = None if fit.inputs else str(fit.tree.attrs.get("law", fit.view.errors))
    widening = fit.widening.get(term)
    low, high = widened(posterior.mean, posterior.sd, posterior.low, posterior.high, widening)
    if widening is None:
        return Judged(low, high, None, None, law)
    return Judged(low, high, widening.factor, degrees(widening), law, widening.clusters)


def degrees(widening: Widening | None) -> int | None:
    """Degrees of freedom of t, G - 1, where an interval is widened; None where it is left as it is."""
    return None if widening is None or widening.factor <= 1 else widening.clusters - 1


def widened[T: (float, NDArray[np.float64])](
    mean: T, sd: T, low: T, high: T, widening: Widening | None
) -> tuple[T, T]:
    """The ends of a 95% interval as a verdict looks at them.

    Where the cluster-robust standard error exceeds the model's: mean ± t(G − 1) × factor × sd; else the ends
    as they are. Where a prior on an assumption adds to the variance, its part keeps the normal's 1.96. Where
    draws are skewed, the distance of each end from the mean is multiplied in place of the standard deviation.
    `mean`, `sd`, `low` and `high` may be arrays of one shape.

    Examples
    --------
    >>> from posterity.analyses.run.results import Widening
    >>> widened(1.0, 0.1, 0.8, 1.2, Widening(1.0, 0.9, 48))
    (0.8, 1.2)
    >>> low, high = widened(1.0, 0.1, 0.8, 1.2, Widening(1.0, 2.0, 5))  # t with 4 degrees of freedom: 2.776
    >>> round(low, 4), round(high, 4)
    (0.4447, 1.5553)
    """
    df = degrees(widening)
    if widening is None or df is None:
        return low, high
    times = float(stats.t.ppf(0.975, df)) * widening.factor / NORMAL_95
    times = (1 + widening.share * (times**2 - 1)) ** 0.5
    if widening.skewed:
        return mean - times * (mean - low), mean + times * (high - mean)
    half = times * NORMAL_95 * sd
    return mean - half, mean + half


def judged_fit(one: SpecFit, term: str) -> SpecFit:
    """The fit whose posterior of this term is judged."""
    if term == CONSTANT:
        return one
    for beside in (one.under_prior, one.with_effects):
        if beside is not None and term in beside.tree["posterior"]["term"].to_numpy():
            return beside
    return one


def judged_slopes(one: SpecFit) -> SpecFit:
    """The fit whose posterior of the slopes is judged, except of regressors that its effects absorb."""
    return one.with_effects or one


def judged_part(record: Mapping[str, Any]) -> Part:
    """The part of a record of comparison.json that holds the posterior which is judged."""
    beside: tuple[Part, ...] = (WITH_EFFECTS, UNDER_PRIOR)
    return next((part for part in beside if record[part] is not None), AS_PRINTED)
