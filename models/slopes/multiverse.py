"""Many collapsed models at once: without some columns, brought to a few shapes, draws of one coefficient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..engine.importance import MAX_K_HAT
from ..engine.posterior import Draws, batch
from ..engine.statistics import Statistics, padded
from ..engine.sums import Array
from ..priors import Prior, Priors

SMALL, LARGE = 16, 64  # problems in a program: XLA compiles each number of them anew


def without(statistics: Statistics, terms: Sequence[str]) -> Statistics:
    """The same rows without some regressors: their columns are zero and do not enter the likelihood.

    The shape stays the same, so that one program serves all subsets; the draws of a coefficient that was
    left out are those of its prior.
    """
    k = statistics.n_slope
    at = [statistics.terms.index(term) for term in terms]
    at += [k + j for j in at if statistics.n_between]
    cross = statistics.strata.cross.copy()
    cross[:, at, :] = cross[:, :, at] = 0.0
    return replace(statistics, strata=statistics.strata._replace(cross=cross))


def widened(statistics: Statistics, terms: int) -> Statistics:
    """The same posterior with regressors of zeros added, so that columns of a paper share a program.

    Where every slope varies, so do those of the added regressors.
    """
    k, g, count = statistics.n_slope, statistics.n_between, len(statistics.groups)
    extra = max(0, terms - k)
    names = tuple(f"absent {j}" for j in range(extra))
    every = len(statistics.varying) == k > 1
    at = (
        [k] * extra + [k + g] * (extra if g else 0) + [k + g + statistics.n_varying] * (extra * count * every)
    )
    scale = statistics.scale
    return replace(
        _inserted(statistics, at),
        terms=(*statistics.terms, *names),
        varying=(*statistics.varying, *(names if every else ())),
        scale=scale._replace(
            x_mean=np.append(scale.x_mean, np.zeros(extra)), x_sd=np.append(scale.x_sd, np.ones(extra))
        ),
    )


def cast(statistics: Statistics) -> Statistics:
    """The same posterior of the slopes in one of three shapes, so that forms of effects share programs.

    An absent effect has multiple 0 in the variance of every stratum: the data do not inform its scale, which
    keeps its prior. A pooled model becomes one with flat effects of time; entity parts that a form does not
    use are zero.
    """
    if statistics.explicit_time:  # columns of time that only some forms have
        return padded(statistics)
    if statistics.form in ("fixed", None):
        return replace(padded(statistics, _strata(statistics)), form="fixed", time_effects=True)
    k = statistics.n_slope
    made = statistics if statistics.n_between else _inserted(statistics, [k] * k)
    made = padded(made, _strata(statistics))
    return replace(made, form="mundlak", entity_effects=True, time_effects=True)


def _strata(statistics: Statistics) -> int:
    return max(4, 1 << (len(statistics.strata.degrees) - 1).bit_length())


def _inserted(statistics: Statistics, at: Sequence[int]) -> Statistics:
    cross = np.insert(np.insert(statistics.strata.cross, at, 0.0, axis=1), at, 0.0, axis=2)
    return replace(statistics, strata=statistics.strata._replace(cross=cross))


def rescaled(priors: Priors, name: str, factor: float) -> Priors:
    """The priors with the scale of one of them multiplied."""
    family, (*rest, scale) = priors[name].family, priors[name].arguments
    scale *= 1 / factor if family in ("exponential", "gamma") else factor  # whose last argument is a rate
    return {**priors, name: Prior(family, (*rest, scale))}


def draw_many(
    problems: Sequence[tuple[Statistics, Priors]],
    take: Callable[[Statistics, Array], Array],
    draws: int,
    seed: int,
) -> tuple[Array, int]:
    """What `take` makes of the coefficients of each problem, whatever their shapes.

    Parameters
    ----------
    take : statistics and theta (m, q) to an array whose shape is that of every other problem

    Returns
    -------
    (D, ...) and the number of problems whose draws cannot be trusted (k-hat above 0.7)
    """
    alike: dict[Any, list[int]] = {}
    made, priors = [cast(s) for s, _ in problems], [p for _, p in problems]
    for i, s in enumerate(made):
        shape = (
            s.form,
            s.entity_effects,
            s.time_effects,
            s.n_slope,
            s.varying,
            s.n_time,
            s.strata.cross.shape,
        )
        families = tuple(priors[i][name].family for name in sorted(priors[i]))
        alike.setdefault((shape, families), []).append(i)
    found: list[Array | None] = [None] * len(made)
    doubtful = 0
    for members in alike.values():
        size = SMALL if made[members[0]].varying else LARGE
        for start in range(0, len(members), size):
            mine = members[start : start + size]
            filled = [*mine, *mine[:1] * (size - len(mine))]
            drawn = batch([made[i] for i in filled], [priors[i] for i in filled], draws, seed)
            doubtful += _doubtful(drawn, len(mine))
            for i, theta in zip(mine, drawn.theta, strict=False):
                found[i] = take(made[i], theta)
    return np.stack([one for one in found if one is not None]), doubtful


def _doubtful(drawn: Draws, count: int) -> int:
    return int((~(drawn.direct.k_hat[:count] <= MAX_K_HAT)).sum())
