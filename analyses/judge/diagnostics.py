"""Whether draws are good enough to be judged: the limits of the diagnostics, and what is said beyond them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .posterior import Posterior

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True)
class Limits:
    """Limits of the diagnostics.

    Attributes
    ----------
    r_hat : largest R-hat of chains (Vehtari et al. 2021, doi:10.1214/20-BA1221)
    ess : fewest effective draws, 100 for each of four chains (the same source)
    k_hat : largest Pareto k-hat of importance weights (Vehtari et al. 2024, jmlr.org/papers/v25/19-556.html)
    divergences : most divergent transitions of NUTS
    """

    r_hat: float = 1.01
    ess: int = 400
    k_hat: float = 0.7
    divergences: int = 0

    def record(self) -> dict[str, float]:
        """The limits as JSON holds them."""
        return asdict(self)


LIMITS = Limits()


def trusted_weights(k_hat: float | None) -> bool:
    """Whether importance weights with this Pareto k-hat can be trusted; False where there is no number.

    Examples
    --------
    >>> trusted_weights(0.7), trusted_weights(0.71), trusted_weights(None)
    (True, False, False)
    """
    return k_hat is not None and k_hat <= LIMITS.k_hat


def whole_draws(ess: float) -> int:
    """An effective sample size as a whole number of draws, which is what is compared and shown.

    A sum of weights may give 399.99999999999983 for 400 draws; no conclusion depends on its last digit.

    Examples
    --------
    >>> whole_draws(399.99999999999983), whole_draws(399.4)
    (400, 399)
    """
    return round(ess) if math.isfinite(ess) else 0


def faults(posterior: Posterior) -> list[str]:
    """Diagnostics that withhold a verdict, each with its remedy in words.

    R-hat compares chains, and is not asked of independent draws.
    """
    found = []
    draws = whole_draws(posterior.effective_draws)
    if not posterior.independent and not posterior.r_hat <= LIMITS.r_hat:
        found.append(
            f"not converged: R-hat {posterior.r_hat:.3f} is above {LIMITS.r_hat}; run again with more --draws"
        )
    if draws < LIMITS.ess:
        found.append(f"too few effective draws: {draws} is below {LIMITS.ess}; run again with more --draws")
    if posterior.divergences > LIMITS.divergences:
        found.append(
            f"divergent transitions: {posterior.divergences}; "
            "tighten the priors of the scales or check the data"
        )
    return found


def converged(tree: DataTree) -> dict[str, float]:
    """The worst R-hat and effective size over all variables of a fit, its divergences and k-hat.

    `likelihood_difference` is the largest difference between the engine's log-likelihood and the one with
    every effect kept (`models.errors.inference.kept_effects`), where it was computed.
    """
    from arviz_stats import ess, rhat

    posterior = tree["posterior"].to_dataset()
    worst = {
        "r_hat": max(float(v.max()) for v in rhat(posterior).data_vars.values()),
        "ess_bulk": min(float(v.min()) for v in ess(posterior).data_vars.values()),
    }
    stats = tree.get("sample_stats")
    worst["divergences"] = float(stats["diverging"].sum()) if stats is not None else 0.0
    said = {name: float(tree.attrs.get(name, math.nan)) for name in ("k_hat", "likelihood_difference")}
    return {**worst, **said}
