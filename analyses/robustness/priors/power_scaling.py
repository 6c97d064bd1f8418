"""Power-scaling: how far a posterior moves with its prior and with the data; the flag `prior-driven`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....models.engine.posterior import batch
from ....models.engine.statistics import Statistics
from ....models.engine.sums import Array
from ....models.priors import Prior, Priors
from ....models.slopes.likelihood import given_coefficients
from ....models.slopes.posterior import Slope

SENSITIVE = 0.05  # from here on ArviZ calls a posterior sensitive
DRAWS, FEWEST = 2000, 400
Sense = dict[str, float]


def prior_driven(senses: Sequence[Sense], verdicts: set[str]) -> bool:
    """Whether the prior decides the conclusion.

    Two conditions must hold. The posterior moves with its prior (sensitivity at least 0.05). And either the
    data say no more of the slope than the prior (sensitivity to the data at most that to the prior), or
    reasonable priors give different verdicts.
    """
    return any(
        s["prior"] >= SENSITIVE and (s["likelihood"] <= s["prior"] or len(verdicts) > 1) for s in senses
    )


def power_scaling(effect: Array, log_prior: Array, log_likelihood: Array) -> list[Sense]:
    """Sensitivities of k slopes to their prior and to the data, by ArviZ.

    Kallioinen et al. 2024, doi:10.1007/s11222-023-10366-5.

    Parameters
    ----------
    effect : (M, m, k) draws given each data set
    log_prior, log_likelihood : (M, m) of the slopes; the likelihood given them, effects integrated out, so
        that the prior of an effect is never scaled
    """
    from arviz_base import from_dict
    from arviz_stats import psense

    # to first order this keeps the weights of data sets equal
    log_prior, log_likelihood = (v - v.mean(axis=1, keepdims=True) for v in (log_prior, log_likelihood))
    size = log_prior.size // 4
    order = np.random.default_rng(0).permutation(log_prior.size)[: 4 * size].reshape(4, size)
    data = from_dict(
        {
            "posterior": {"b": effect.reshape(-1, effect.shape[-1])[order]},
            "log_prior": {"b": log_prior.ravel()[order]},
            "log_likelihood": {"y": log_likelihood.ravel()[order]},
        }
    )
    found = [psense(data, group=group)["b"].to_numpy().tolist() for group in ("prior", "likelihood")]
    return [{"prior": p, "likelihood": q} for p, q in zip(*found, strict=True)]


def of_one(slope: Slope, prior: Prior, seed: int) -> Sense:
    """The sensitivity of one slope to its own prior alone."""
    rng = np.random.default_rng(seed)
    effect, log_likelihood = slope.draws(prior, DRAWS // len(slope.unit), rng)
    log_prior = prior.log_density(effect / slope.unit[:, None])
    return power_scaling(effect[:, :, None], log_prior, log_likelihood)[0]


def of_all(statistics: Sequence[Statistics], priors: Priors, seed: int) -> dict[str, Sense]:
    """The sensitivity of every slope to the one prior of all slopes, by term."""
    count = max(FEWEST, DRAWS // len(statistics))
    drawn = batch(statistics, [priors] * len(statistics), count, seed)
    effect = drawn.theta[:, :, : statistics[0].n_slope]
    log_likelihood = [
        given_coefficients(s, priors, dict(zip(drawn.scales, values.T, strict=True)), theta, constant)
        for s, values, theta, constant in zip(
            statistics, drawn.values, drawn.theta, drawn.constant, strict=True
        )
    ]
    unit = np.stack([s.scale.unit for s in statistics])[:, None]
    log_prior = priors["slope"].log_density(effect).sum(axis=2)
    found = power_scaling(effect * unit, log_prior, np.stack(log_likelihood))
    return dict(zip(statistics[0].terms, found, strict=True))
