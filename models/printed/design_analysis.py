"""Type S and type M errors: the sign and the size of estimates that are significant.

An estimate is t-distributed about the effect with the printed standard error, estimate / s = snr + T with T a
Student t and snr = effect / s the signal-to-noise ratio. It is significant where its size passes the
two-sided 5% quantile c of that t. Of an effect's significant estimates, the type S error is the share with
the wrong sign, and the type M error, or exaggeration ratio, their mean size over the effect's (Gelman and
Carlin 2014, doi:10.1177/1745691614551642). Where they simulate, the mean size has a closed form, since
the density f of t with nu degrees of freedom has the partial expectation

    integral from k of u f(u) du = f(k) (nu + k^2) / (nu - 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..scale import Array

LEVEL = 0.05


@dataclass(frozen=True)
class TypeErrors:
    """What significant estimates say of an effect.

    Attributes
    ----------
    power : probability of a significant estimate
    type_s : probability that a significant estimate has the wrong sign
    type_m : mean size of significant estimates over the size of the effect; inf for an effect of 0, and where
        a t with so few degrees of freedom has no mean
    """

    power: float
    type_s: float
    type_m: float


def critical_value(df: float) -> float:
    """The size of t from which an estimate is significant at 5%, two-sided."""
    from scipy import special

    return float(special.stdtrit(df, 1 - LEVEL / 2))


def power(snr: Array, df: float) -> Array:
    """Probability of a significant estimate at each signal-to-noise ratio.

    Examples
    --------
    >>> power(np.array([0.0, 1.0, 2.8]), 1e6).round(2)
    array([0.05, 0.17, 0.8 ])
    """
    from scipy import special

    c = critical_value(df)
    return np.asarray(special.stdtr(df, snr - c) + special.stdtr(df, -snr - c))


def type_errors(snr: Array, df: float, weight: Array | None = None) -> TypeErrors:
    """Power, type S and type M error of an effect, or on average over a distribution of effects.

    On average, type S is the probability of a wrong sign given significance, and type M the mean size of
    significant estimates over the mean size of the effects that they are estimates of.

    Parameters
    ----------
    snr : (m,) effects over the standard error
    weight : (m,) their probabilities; equal where None

    Examples
    --------
    A difference of 2 points with a standard error of 8.1 (Gelman and Carlin 2014):

    >>> found = type_errors(np.array([2 / 8.1]), 1e6)
    >>> round(found.power, 2), round(found.type_s, 2), round(found.type_m, 1)
    (0.06, 0.24, 9.5)
    """
    from scipy import special

    size = np.abs(np.atleast_1d(snr))
    share = np.full(size.shape, 1 / size.size) if weight is None else weight / weight.sum()
    c = critical_value(df)
    right, wrong = special.stdtr(df, size - c), special.stdtr(df, -size - c)
    beyond = size * (right - wrong) + _partial_mean(c - size, df) + _partial_mean(c + size, df)
    significant = float(share @ (right + wrong))
    true_size = float(share @ ((right + wrong) * size))
    return TypeErrors(
        significant,
        float(share @ wrong) / significant,
        float(share @ beyond) / true_size if true_size > 0 and df > 1 else np.inf,
    )


def _partial_mean(k: Array, df: float) -> Array:
    """Integral of u f(u) from k up, f the density of t."""
    from scipy import stats

    return stats.t.pdf(k, df) * (df + k**2) / (df - 1) if df > 1 else np.full_like(k, np.inf)
