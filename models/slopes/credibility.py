"""Analysis of credibility: prior beliefs that would undo a significant estimate, or support another.

These are closed forms for a normal estimate, from its interval [low, high] or from z = estimate / standard
error: Matthews (2001, doi:10.1016/S0378-3758(00)00232-9; 2018, doi:10.1098/rsos.171047) and Held (2019,
doi:10.1098/rsos.181534), reviewed by Held, Matthews, Ott and Pawel (2022, doi:10.1002/jrsm.1538), whose
worked examples the tests repeat.
"""

from __future__ import annotations

import math
from statistics import NormalDist

NORMAL = NormalDist()


def scepticism_limit(low: float, high: float) -> float | None:
    """The half-width of the prior interval, centred at 0, with which the posterior interval just reaches 0.

    A reader who believed beforehand, with the probability of the interval, that the effect is smaller in
    size than this limit is not convinced. None where the interval contains 0: then no prior centred at 0 is
    convinced.
    """
    return (high - low) ** 2 / (4 * math.sqrt(low * high)) if low * high > 0 else None


def advocacy_limit(low: float, high: float) -> float | None:
    """The far end of the prior interval with which the posterior interval just excludes 0.

    For an estimate whose own interval contains 0; the other end of the prior interval is 0. None where the
    interval does not contain 0, or where it is centred there. It has the sign of the estimate.
    """
    if low * high >= 0 or low + high == 0:
        return None
    return -(low + high) * (high - low) ** 2 / (2 * low * high)


def sceptical_variance(z: float, probability: float = 0.95) -> float | None:
    """The variance of the sceptical prior over that of the estimate; None where it is not significant."""
    bound = NORMAL.inv_cdf((1 + probability) / 2)
    return 1 / ((z / bound) ** 2 - 1) if abs(z) > bound else None


def intrinsic_p(z: float) -> float:
    """The p-value for intrinsic credibility (Held 2019): small where data contradict the sceptical prior."""
    return math.erfc(abs(z) / 2)


def bayes_factor_01(z: float, variance: float) -> float:
    """The Bayes factor of 0 against a normal prior centred at 0.

    The variance of the prior is in units of the estimate's.
    """
    return math.sqrt(1 + variance) * math.exp(-variance / (1 + variance) * z**2 / 2)


def least_bayes_factor_01(z: float) -> float:
    """The smallest such factor over all variances: the strongest evidence against 0 that data allow."""
    return abs(z) * math.exp((1 - z**2) / 2) if abs(z) > 1 else 1.0
