"""Standard units: priors are stated there, results are reported on the paper's scale.

The outcome is divided by its standard deviation, and so is a regressor, with one exception. In a column with
effects a slope is learnt from what the effects leave of both. Where they leave less of the regressor than of
the outcome, a prior of one standard deviation for one standard deviation would overrule the data: an outcome
that moves by as much as its within part, for a regressor that moves by as much as its own, would be far out
in its tail. Such a regressor is divided by (within sd of x) / (within sd of y) x (sd of y), so that a
standardised slope is what it is within: at most 1 in size for one regressor alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.sample.within import split

if TYPE_CHECKING:
    from ..data.sample.design import Design

Array = NDArray[np.float64]
ABSORBED = 1e-6  # share of a spread below which effects leave nothing


class Scale(NamedTuple):
    """Means of outcome and regressors and what they are divided by, on the paper's scale.

    Attributes
    ----------
    y_mean, y_sd : scalars
    x_mean, x_sd : (k,) see `spread_of_slopes`
    """

    y_mean: float
    y_sd: float
    x_mean: Array
    x_sd: Array

    @property
    def unit(self) -> Array:
        """(k,) What one standardised slope is on the paper's scale."""
        return self.y_sd / self.x_sd


class Standardised(NamedTuple):
    """Outcome (n,) and regressors (n, k) in standard units, and the way back."""

    y: Array
    X: Array
    scale: Scale


def scale_of(design: Design, effects: bool = True) -> Scale:
    """Means and spreads over the rows used; of a design in standard units already, zeros and ones.

    Parameters
    ----------
    effects : whether the model has the effects of the design
    """
    if design.scaled:
        return unit_scale(design.k)
    y_sd, x_sd = float(design.y.std()), design.X.std(axis=0)
    if effects and (design.entity_effects or design.time_effects):
        both = np.column_stack([design.X, design.y])
        left = split(both, design.entity, design.time, design.entity_effects, design.time_effects).within
        *x_within, y_within = left.std(axis=0)
        x_sd = spread_of_slopes(x_sd, y_sd, np.array(x_within), float(y_within))
    return Scale(float(design.y.mean()), y_sd, design.X.mean(axis=0), x_sd)


def unit_scale(k: int) -> Scale:
    """That of data which are in standard units already."""
    return Scale(0.0, 1.0, np.zeros(k), np.ones(k))


def spread_of_slopes(x_sd: Array, y_sd: float, x_within: Array, y_within: float) -> Array:
    """(k,) What regressors are divided by: their standard deviation, or less where they move less within.

    Parameters
    ----------
    x_sd, y_sd : (k,) and scalar standard deviations
    x_within, y_within : the same of what effects leave

    Examples
    --------
    >>> import numpy as np
    >>> spread_of_slopes(np.array([2.0, 2.0, 2.0]), 1.0, np.array([1.5, 0.1, 0.0]), 0.5)
    array([2. , 0.2, 2. ])
    """
    moves = (x_within > ABSORBED * x_sd) & (y_within > ABSORBED * y_sd)
    return np.where(moves, np.minimum(x_sd, x_within * y_sd / (y_within or 1.0)), x_sd)


def standardise(design: Design, effects: bool = True) -> Standardised:
    """Put outcome and regressors in standard units; see `scale_of`."""
    scale = scale_of(design, effects)
    y = (design.y - scale.y_mean) / scale.y_sd
    return Standardised(y, (design.X - scale.x_mean) / scale.x_sd, scale)
