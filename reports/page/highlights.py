"""What robustness says of the numbers in the key figure: a sentence for each part."""

from __future__ import annotations

from ...analyses.run.fits import Fit
from ..robustness import PARTS
from ..rows import Row

MOST = 2


def highlights(fit: Fit, rows: list[Row]) -> list[str]:
    """Sentences on the parts of robustness that were run, for the first of these rows that have them."""
    found = []
    for name, part in PARTS.items():
        said = (
            (row, part.sentence(row, records[name]))
            for row in rows
            if name in (records := fit.robustness.get(row.spec_id, {}))
        )
        found += [f"{row.spec_id}, {row.term}. {text}" for row, text in said if text][:MOST]
    return found
