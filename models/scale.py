"""Standard units: priors are stated there, results are reported on the paper's scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.design import Design

Array = NDArray[np.float64]


class Standardised(NamedTuple):
    """y = y_mean + y_sd * z, X likewise; standard deviations are over the rows used (divisor n).

    Attributes
    ----------
    y : (n,), X : (n, k), y_mean, y_sd : scalars, x_mean, x_sd : (k,)
    """

    y: Array
    X: Array
    y_mean: float
    y_sd: float
    x_mean: Array
    x_sd: Array

    @property
    def unit(self) -> Array:
        """(k,) What one standardised slope is on the paper's scale."""
        return self.y_sd / self.x_sd


def standardise(design: Design) -> Standardised:
    """Put outcome and regressors in standard units."""
    y_mean, y_sd = float(design.y.mean()), float(design.y.std())
    x_mean, x_sd = design.X.mean(axis=0), design.X.std(axis=0)
    return Standardised((design.y - y_mean) / y_sd, (design.X - x_mean) / x_sd, y_mean, y_sd, x_mean, x_sd)
