"""What a paper claims by a printed coefficient: an effect where it is printed significant, else none."""

from __future__ import annotations

from scipy import stats

from ...data.published import Printed
from ..run.results import SpecFit
from .reference import degrees_of_freedom
from .verdict import Claim

LEVEL = 0.05


def claim_of(one: SpecFit, printed: Printed) -> Claim:
    """The claim of a printed coefficient, read from its standard error, t or interval, else from its stars.

    The reference is the column's own: t with the degrees of freedom of its estimator, or those that the
    printed tables give. A coefficient printed with neither error nor stars claims no effect where others of
    its table carry stars, and else is taken to claim one.
    """
    if printed.std_error:
        t = abs(printed.estimate / printed.std_error)
        return Claim(printed.estimate, bool(t >= stats.t.ppf(1 - LEVEL / 2, reference_df(one, printed))))
    starred = any(set(p.stars) == {"*"} for p in one.view.file.published if p.table == printed.table)
    return Claim(printed.estimate, printed.stars not in ("", "none") or not starred)


def reference_df(one: SpecFit, printed: Printed) -> float:
    """Degrees of freedom of the printed t."""
    if one.least_squares:
        return one.least_squares.df
    return degrees_of_freedom(one.view.file, one.view.spec, printed)
