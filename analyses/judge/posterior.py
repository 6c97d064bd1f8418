"""The summary of one coefficient's posterior."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Posterior:
    """Summary of one coefficient on the paper's scale; the interval is the central 95%.

    Attributes
    ----------
    prob_positive : posterior probability that the coefficient is above 0
    ess_bulk : ArviZ's bulk effective sample size, or what importance weights leave where that is less
    independent : whether the draws are independent of each other, and not the states of a chain
    effective_draws : how many independent draws would estimate a mean as well; its limit withholds verdicts
    bayes_factor_10 : of a non-zero against a zero coefficient; None where it cannot be computed reliably
    bayes_factors : the same at each of `prior_widths.WIDTHS`, multiples of the scale of the prior as used
    published_position : share of the draws below the published value
    """

    mean: float
    sd: float
    low: float
    high: float
    prob_positive: float
    ess_bulk: float | None
    r_hat: float
    k_hat: float | None
    bayes_factor_10: float | None
    published_position: float
    divergences: int
    independent: bool
    effective_draws: float
    bayes_factors: tuple[float | None, ...] = ()

    def record(self) -> dict[str, float | None]:
        """The `posterior` object of comparison.json."""
        return {
            "mean": self.mean,
            "sd": self.sd,
            "q2.5": self.low,
            "q97.5": self.high,
            "prob_positive": self.prob_positive,
            "ess_bulk": self.ess_bulk,
            "r_hat": self.r_hat,
            "k_hat": self.k_hat,
        }
