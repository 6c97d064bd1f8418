"""What the engines integrate out, kept: their likelihood a second way, as a check of every fit.

The equation with its effects among the coefficients is y = B theta + e, theta ~ N(m, diag(tau^2)), so that

    log p(y | scales) = -1/2 [n log 2 pi - 2 log |L| + log |I + T W'W T| + w'w - h'(I + T W'W T)^-1 h]

with W = L B, w = L (y - B m), h = T W'w, T = diag(tau), and L the matrix that makes the errors independent
(Lindley and Smith 1972). Every entity and every time has a column of its own here; the engines read sums over
entities and times instead. At the same scales both must be the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ....data.sample.design import subset
from ....data.sample.within import Split, split
from ...engine.collapsed import collapsed_data, marginal
from ...engine.integrate import LOG_2PI
from ...engine.statistics import statistics_of_design, zero_sum_basis
from ...families import Priors
from ...groups import interactions
from ...scale import Array, standardise
from ..law import Law, Rows, Whitening
from . import importance_draws
from .problem import problem

if TYPE_CHECKING:
    from ....data.sample.design import Design
    from ....data.study.spec import Form

ROWS = 250  # of larger panels the check takes the first entities


def largest_difference(
    design: Design, priors: Priors, form: Form | None, law: Law, draws: Mapping[str, Array]
) -> float | None:
    """The largest difference of the two log-likelihoods over some values of the scales.

    Parameters
    ----------
    draws : by the name of a scale or parameter of the errors its values (m,), in standard units; of slopes
        that vary `sd_slope` (m, V)

    Returns
    -------
    In units of log-likelihood: rounding leaves about 1e-9. None where the law gives no matrix L.
    """
    if law.whiten is None or not (law.additive or isinstance(law.collapsed, Whitening)):
        return None
    last = max(int(np.searchsorted(np.cumsum(np.bincount(design.entity)), ROWS)), 1)
    few = design if design.n <= ROWS else subset(design, design.entity <= last)
    names = [name for name, values in draws.items() if name != "sd_slope"]
    scales = [{name: float(draws[name][i]) for name in names} for i in range(len(draws[names[0]]))]
    for at, mine in zip(draws.get("sd_slope", ()), scales, strict=False):
        mine |= {f"sd_slope[{j}]": float(value) for j, value in enumerate(at)}
    engine = _engine(few, priors, form, law)
    return max(abs(kept_log_likelihood(few, priors, form, law, at) - engine(at)) for at in scales)


def kept_log_likelihood(
    design: Design, priors: Priors, form: Form | None, law: Law, at: Mapping[str, float]
) -> float:
    """log p(y | scales) of the standardised outcome, from one column for each coefficient and effect.

    Parameters
    ----------
    at : sigma, sd_entity, sd_time and the parameters of the law, in standard units, those that the form has;
        `sd_slope[j]` of slopes that vary; the variance multiples of heavy-tailed slopes are 1
    """
    z = standardise(design, form is not None)
    by_entity, by_time = (design.entity_effects, design.time_effects) if form else (False, False)

    def part(X: Array) -> Split:
        return split(X, design.entity, design.time, by_entity, by_time)

    flat = priors["effect"].arguments[-1]
    X = part(z.X).within if form in ("fixed", "mundlak") else z.X
    blocks: list[tuple[Array, float, float]] = [(X, *_normal(priors, "slope"))]
    if form == "mundlak" and by_entity:
        blocks.append((part(z.X).entity[design.entity], *_normal(priors, "between")))
    if design.varying:
        columns, groups = design.varying.columns, len(design.varying.groups)
        V = interactions(z.X, columns, design.varying.group[design.entity], groups)
        V = V if form == "random" else part(V).within
        blocks += [
            (V[:, j * groups : (j + 1) * groups], 0.0, at[f"sd_slope[{j}]"]) for j in range(len(columns))
        ]
    if by_entity and form == "fixed":
        blocks.append((zero_sum_basis(len(design.entities))[design.entity], 0.0, flat))
    elif by_entity:
        blocks.append((np.eye(len(design.entities))[design.entity], 0.0, at["sd_entity"]))
    if by_time:
        sd = flat if form == "fixed" else at["sd_time"]
        blocks.append((zero_sum_basis(len(design.times))[design.time], 0.0, sd))
    blocks.append((np.ones((design.n, 1)), *_normal(priors, "intercept")))

    B = np.column_stack([columns for columns, _, _ in blocks])
    mean, tau = (np.concatenate([np.full(b[0].shape[1], b[i]) for b in blocks]) for i in (1, 2))
    rows = Rows(np.column_stack([B, z.y - B @ mean]), design.entity, design.time, design.times,
                design.clusters, by_entity)  # fmt: skip
    assert law.whiten is not None
    W, log_L = law.whiten(rows, at), np.linalg.slogdet(law.whiten(rows._replace(M=np.eye(design.n)), at))[1]
    WT, w = W[:, :-1] * tau, W[:, -1]
    root = np.linalg.cholesky(np.eye(len(tau)) + WT.T @ WT)
    explained = np.linalg.solve(root, WT.T @ w)
    log_root = np.log(np.diag(root)).sum()
    return float(log_L - log_root - 0.5 * (design.n * LOG_2PI + w @ w - explained @ explained))


def _normal(priors: Priors, name: str) -> tuple[float, float]:
    """Location and scale."""
    location, scale = priors[name].arguments[-2:]
    return location, scale


def _engine(
    design: Design, priors: Priors, form: Form | None, law: Law
) -> Callable[[Mapping[str, float]], float]:
    """The likelihood that the engine of the law has, as a function of the scales."""
    mixing = {f"{name}_mixing[{j}]": 1.0 for name in ("slope", "between") for j in range(design.k)}

    def arrays(at: Mapping[str, float]) -> dict[str, Array]:
        return {name: np.asarray(value) for name, value in (mixing | dict(at)).items()}

    if law.additive:
        statistics = statistics_of_design(design, form)
        sums = collapsed_data(statistics, priors)
        return lambda at: float(marginal(arrays(at), sums, statistics, priors).log_likelihood)
    plan, data = problem(replace(design, varying=None), priors, form, law)
    return lambda at: float(importance_draws.marginal(plan, arrays(at), data)[1])
