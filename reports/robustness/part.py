"""What a report asks of a part of robustness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...analyses.run.fits import Fit
from ..drawing.figure_files import Section
from ..rows import Row


def no_sentence(row: Row, records: dict[str, Any]) -> str | None:
    """Nothing of this part is said beside the key figure."""
    return None


@dataclass(frozen=True)
class Part:
    """How a report shows one part of robustness.

    Attributes
    ----------
    section : (fit, rows) -> its section of the page, with its figures; None where the part was not run
    sentence : (row of the key figure, records of its column) -> what this part says of that coefficient
    methods : keys of the bibliography
    """

    section: Callable[[Fit, list[Row]], Section | None]
    sentence: Callable[[Row, Any], str | None] = no_sentence
    methods: tuple[str, ...] = ()
