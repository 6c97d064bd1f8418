"""Which significant coefficients a prior that reaches no further than the print tips into doubt."""

from __future__ import annotations

from functools import lru_cache

from ...models.printed.tables import PrintedEstimate
from ...models.slopes.likelihood import of_printed
from ...models.slopes.posterior import OUTER, on_grid, zero_centred
from ..rows import plural, shorten

BOUND = 1.959963984540054
MOST, CACHED = 12, 4_096


@lru_cache(CACHED)
def convinces(printed: PrintedEstimate) -> bool:
    """Whether the 95% interval excludes 0 under a normal prior about 0 that has 95% within the printed size.

    Where it does, the tipping prior is narrower than that: the narrowest normal prior about 0 with which the
    interval excludes 0 (Matthews 2018, doi:10.1098/rsos.171047).

    Examples
    --------
    >>> [convinces(PrintedEstimate("x", z, (1.0, 1.0), 1e6, None)) for z in (2.4, 3.0)]
    [False, True]
    """
    slope = on_grid(of_printed(printed))
    scale = abs(printed.estimate) / BOUND / (printed.unit or 1.0)
    probability = slope.posterior(zero_centred(scale)).prob_positive
    return min(probability, 1 - probability) < OUTER


def fragile_sentence(fragile: list[str], total: int) -> str:
    """Which of the significant coefficients do not convince, for the part of the page that tells more."""
    reader = "a reader whose prior is normal about 0 and gives 95% to effects smaller than the printed one"
    if not fragile:
        return f"Each of the {plural(total, 'significant coefficient')} convinces {reader}."
    shown = ", ".join(shorten(name, 40) for name in fragile[:MOST])
    more = f" and {len(fragile) - MOST} more" if len(fragile) > MOST else ""
    return f"Under the prior of {reader}, these 95% intervals contain 0: {shown}{more}."
