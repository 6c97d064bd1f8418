"""What one twin is drawn from: persistence, trends and common factors, which no table prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Setting:
    """What one twin is drawn from; settings vary over the ensemble.

    Attributes
    ----------
    between : share of a variable's variance that lies between entities, on average
    temporal : share of the rest that is common to all entities of a year, on average
    persistence : of the remaining part, an autoregression
    trend : share of a variable's time part that is a straight line
    common : share of the entity parts that comes from factors common to all variables
    contrast : standard deviation, over regressors, of the difference between an outcome's slope on entity
        means and its slope within entities, in standard units (pooled columns only)
    effect : standardised size of a coefficient that gives a variable without printed spread its scale
    inflation : of standard errors in columns with effects, by clusters and collinearity
    """

    between: float
    temporal: float
    persistence: float
    trend: float
    common: float
    contrast: float
    effect: float
    inflation: float


def draw_setting(rng: np.random.Generator) -> Setting:
    """A setting of which every part is drawn uniformly, independently of the others."""
    return Setting(
        between=rng.uniform(0.3, 0.95),
        temporal=rng.uniform(0.1, 0.8),
        persistence=rng.uniform(0.0, 0.9),
        trend=rng.uniform(0.2, 1.0),
        common=rng.uniform(0.1, 0.8),
        contrast=rng.uniform(0.0, 2.0),
        effect=rng.uniform(0.15, 0.5),
        inflation=rng.uniform(0.8, 2.0),
    )
