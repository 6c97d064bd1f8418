"""The further parts of a page, in order; each is None for fits that it has nothing to say of."""

from __future__ import annotations

from collections.abc import Callable

from ..analyses.results import Fit
from .audit import section as audit
from .instrument import section as instruments
from .mediation import section as mediation
from .plates import Section
from .rows import Row
from .threshold import section as thresholds
from .twins import section as twins

SECTIONS: tuple[Callable[[Fit, list[Row]], Section | None], ...] = (
    twins,
    instruments,
    mediation,
    thresholds,
    audit,
)


def sections(fit: Fit, rows: list[Row]) -> list[Section]:
    return [section for make in SECTIONS if (section := make(fit, rows)) is not None]
