"""One model under many priors: one batch of the collapsed engine for each set of families, else NUTS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ....models.engine.collapsed import scale_priors
from ....models.engine.importance import MAX_K_HAT
from ....models.engine.posterior import Draws, batch, posterior
from ....models.engine.sampling import Sampler
from ....models.engine.statistics import Statistics
from ....models.engine.sums import Array
from ....models.priors import Priors

FEW, MANY = 16, 128  # problems in a program: XLA compiles each number of them anew
MORE = 5  # times as many draws, before NUTS


@dataclass(frozen=True, eq=False)
class Refit:
    """Draws under one choice of priors, those of all data sets together.

    Attributes
    ----------
    coef : (M * draws, k) on the paper's scale
    k_hat : the worst over data sets, of the last attempt at importance sampling
    how : batch, nuts, or none where neither can be trusted
    """

    coef: Array
    k_hat: float
    how: str


def refits(
    statistics: Sequence[Statistics], choices: Sequence[Priors], draws: int, sampler: Sampler
) -> list[Refit]:
    """The coefficients given each of M data sets, of one shape, under each choice of priors.

    Where k-hat is above 0.7 a choice is tried again with more draws; after that, given one data set, by NUTS.
    Many data sets are not: `how` is then none.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, priors in enumerate(choices):
        families = tuple(p.family for p in scale_priors(statistics[0], priors).values())
        alike.setdefault(families, []).append(i)
    found: dict[int, Refit] = {}
    for members in alike.values():
        found |= _batched(statistics, choices, members, draws, sampler.seed)
        doubtful = [i for i in members if not found[i].k_hat <= MAX_K_HAT]
        if doubtful:
            found |= _batched(statistics, choices, doubtful, MORE * draws, sampler.seed + 1)
        for i in doubtful:
            if found[i].k_hat <= MAX_K_HAT:
                continue
            if len(statistics) > 1:
                found[i] = replace(found[i], how="none")
                continue
            tree = posterior(statistics[0], choices[i], sampler, "nuts")
            coef = tree["posterior"]["coef"].to_numpy().reshape(-1, statistics[0].n_slope)
            found[i] = Refit(coef, found[i].k_hat, "nuts")
    return [found[i] for i in range(len(choices))]


def _batched(
    statistics: Sequence[Statistics], choices: Sequence[Priors], members: list[int], draws: int, seed: int
) -> dict[int, Refit]:
    problems = [(i, m) for i in members for m in range(len(statistics))]
    size = FEW if len(problems) <= FEW else MANY
    coef: dict[int, list[Array]] = {i: [] for i in members}
    worst = dict.fromkeys(members, -np.inf)
    for start in range(0, len(problems), size):
        mine = problems[start : start + size]
        filled = mine + mine[:1] * (size - len(mine))
        drawn: Draws = batch([statistics[m] for _, m in filled], [choices[i] for i, _ in filled], draws, seed)
        for (i, m), theta, k_hat in zip(mine, drawn.theta, drawn.direct.k_hat, strict=False):
            coef[i].append(theta[:, : statistics[m].n_slope] * statistics[m].scale.unit)
            worst[i] = max(worst[i], float(np.nan_to_num(k_hat, nan=np.inf)))
    return {i: Refit(np.concatenate(coef[i]), worst[i], "batch") for i in members}
