"""Shrinkage by how signal-to-noise ratios are spread in a field.

The z-values of a field are signal-to-noise ratios, theta = effect / s, plus standard normal noise. Where a
sample of them is free of selection, their distribution less that noise is a prior of theta (van Zwet and
Cator 2021, doi:10.1111/stan.12241): a mixture of normals about 0. It says nothing of the paper at hand but
its standard error, and its posterior mean exaggerates no effect on average, significant or not.

`COCHRANE` is the mixture that van Zwet, Schwab and Senn (2021, doi:10.1002/sim.9173, table 1) fit to the
z-values of the primary efficacy outcomes of 23,551 randomised trials. It is of clinical trials, and offered
for want of one of economics: such a sample must be complete, which trials in Cochrane's reviews nearly are
and printed regressions are not. A study file may name another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..scale import Array
from .tables import PrintedEstimate, log_likelihood_at, std_error_nodes

POINTS = 1_201


@dataclass(frozen=True)
class Field:
    """A mixture of normals about 0, the distribution of signal-to-noise ratios in a field.

    Attributes
    ----------
    weights, sds : share and standard deviation of each component, in standard errors; shares sum to 1
    name, source : what a page calls it, and who fitted it to what
    """

    weights: tuple[float, ...]
    sds: tuple[float, ...]
    name: str
    source: str


COCHRANE = Field(
    (0.32, 0.31, 0.30, 0.07),
    (0.61, 1.42, 2.16, 5.64),
    "clinical trials",
    "23,551 randomised trials of Cochrane's reviews (van Zwet, Schwab and Senn 2021, doi:10.1002/sim.9173)",
)


def field_density(printed: PrintedEstimate, field: Field) -> tuple[Array, Array]:
    """Grid points (m,) and the posterior density of the effect there, with the field's mixture as the prior.

    The standard error is integrated over its rounding interval; the estimate is t-distributed about the
    effect, as in `models.printed.tables`.
    """
    from scipy import special, stats

    errors, weight = std_error_nodes(printed)
    middle = sum(printed.std_error) / 2
    levels = (np.arange(POINTS) + 0.5) / POINTS
    reach = np.concatenate([np.geomspace(1e-9, levels[0], 60), levels, 1 - np.geomspace(levels[0], 1e-9, 60)])
    parts = [printed.estimate + middle * stats.t.ppf(reach, printed.df)]
    parts += [sd * middle * stats.norm.ppf(reach) for sd in field.sds]
    grid = np.unique(np.concatenate(parts))
    sds, share = np.array(field.sds)[:, None, None], np.array(field.weights)[:, None, None]
    scale = sds * errors[:, None]
    log_prior = special.logsumexp(stats.norm.logpdf(grid, scale=scale), b=share, axis=0)
    log_joint = log_prior + log_likelihood_at(printed, grid, errors)
    log_kernel = special.logsumexp(log_joint, b=weight[:, None], axis=0)
    density = np.exp(log_kernel - log_kernel.max())
    return grid, density / np.trapezoid(density, grid)
