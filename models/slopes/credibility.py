"""Analysis of credibility: what one would have to believe for a normal estimate to lose, or to gain, its sign.

Closed forms for an estimate that is normal about the truth, from its interval [low, high] or from
z = estimate / standard error. Matthews (2001, doi:10.1016/S0378-3758(00)00232-9; 2018, doi:10.1098/rsos.171047),
Held (2019, doi:10.1098/rsos.181534); reviewed by Held, Matthews, Ott and Pawel (2022, doi:10.1002/jrsm.1538),
whose worked examples the tests repeat.
"""

from __future__ import annotations

import math
from statistics import NormalDist

NORMAL = NormalDist()


def scepticism_limit(low: float, high: float) -> float | None:
    """The half-width of the prior interval, centred at 0, that makes the posterior interval just reach 0.

    Whoever believed beforehand, with the interval's probability, that the effect is smaller than this in size is
    not convinced. None where the interval contains 0: then no prior centred at 0 is convinced.
    """
    return (high - low) ** 2 / (4 * math.sqrt(low * high)) if low * high > 0 else None


def advocacy_limit(low: float, high: float) -> float | None:
    """The far end of the prior interval that makes the posterior interval of a result that contains 0 just leave it.

    None where the interval does not contain 0, or where it is centred there. It has the sign of the estimate.
    """
    if low * high >= 0 or low + high == 0:
        return None
    return -(low + high) * (high - low) ** 2 / (2 * low * high)


def sceptical_variance(z: float, probability: float = 0.95) -> float | None:
    """The variance of the sceptical prior in units of the estimate's; None where the estimate is not significant."""
    bound = NORMAL.inv_cdf((1 + probability) / 2)
    return 1 / ((z / bound) ** 2 - 1) if abs(z) > bound else None


def intrinsic_p(z: float) -> float:
    """The p-value for intrinsic credibility (Held 2019): small where data contradict the prior that would undo them."""
    return math.erfc(abs(z) / 2)


def bayes_factor_01(z: float, variance: float) -> float:
    """Of 0 against a normal prior centred at 0 with this variance in units of the estimate's."""
    return math.sqrt(1 + variance) * math.exp(-variance / (1 + variance) * z**2 / 2)


def least_bayes_factor_01(z: float) -> float:
    """The smallest such factor over all variances: as much as data can say against 0."""
    return abs(z) * math.exp((1 - z**2) / 2) if abs(z) > 1 else 1.0
