"""Standard units: priors are stated there, results are reported on the paper's scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..data.sample.design import Design

Array = NDArray[np.float64]


class Scale(NamedTuple):
    """Means and standard deviations (divisor n) of outcome and regressors, on the paper's scale.

    Attributes
    ----------
    y_mean, y_sd : scalars
    x_mean, x_sd : (k,)
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


def scale_of(design: Design) -> Scale:
    """Means and standard deviations over the rows used."""
    return Scale(float(design.y.mean()), float(design.y.std()), design.X.mean(axis=0), design.X.std(axis=0))


def standardise(design: Design) -> Standardised:
    """Put outcome and regressors in standard units."""
    scale = scale_of(design)
    y = (design.y - scale.y_mean) / scale.y_sd
    return Standardised(y, (design.X - scale.x_mean) / scale.x_sd, scale)
