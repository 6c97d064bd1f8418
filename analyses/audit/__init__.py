"""What the printed numbers of a study say about themselves: general rules on rounding intervals."""

from __future__ import annotations

from collections.abc import Callable

from ..study import Study
from .claims.claims import claims
from .columns import Tables, arrange
from .correlations import correlations
from .descriptives import bounds, vif
from .finding import WORST_FIRST, Finding
from .fit import adjusted_r2, r_squared, through_means
from .indicators import shared_indicators
from .instruments import instruments
from .mediation import identities, intervals
from .nested import added_regressor, nested_r2
from .reference import ratios, reference
from .sample import sample_size, subsample
from .sums import weighted_sums
from .thresholds import thresholds

__all__ = ["WORST_FIRST", "Finding", "audit"]

RULES: tuple[Callable[[Tables], list[Finding]], ...] = (
    bounds, sample_size, subsample, reference, ratios, r_squared, adjusted_r2, nested_r2, added_regressor,
    through_means, vif,
    correlations, weighted_sums, identities, intervals, instruments, thresholds, shared_indicators, claims,
)  # fmt: skip


def audit(study: Study) -> tuple[Finding, ...]:
    """Every rule on every printed number of a study; the worst findings come first.

    Reads the study file, published.csv and indicators.csv, never a panel. Rounding intervals are
    closed, so a number on a tie counts as either.

    Raises
    ------
    InputError
        If a claim of the study file names a number that is not printed.

    Examples
    --------
    >>> import posterity as po
    >>> for finding in po.audit(po.load("munnell-1990")):
    ...     print(f"{finding.status}: {finding.statement} {finding.arithmetic}")
    consistent: N of 816 is that of a balanced panel in 3 columns, exclusions and lags counted. 48 × 17 = 816
    """
    tables = arrange(study.file)
    findings = [f for rule in RULES for f in rule(tables)]
    return tuple(sorted(findings, key=lambda f: WORST_FIRST.index(f.status)))
