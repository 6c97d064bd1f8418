"""The further sections of a page, in order; each is None for fits that it has nothing to say of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from markupsafe import Markup

from ...analyses.run.fits import Fit
from ..drawing.figure_files import Section
from ..kinds import KINDS, section_of
from ..printed.winners_curse import section as winners_curse
from ..robustness import PARTS
from ..rows import Row
from .audit import section as audit
from .twins import section as twins
from .widening import of_part
from .words import uncovered


def sections(fit: Fit, rows: list[Row]) -> list[Section]:
    """Twins, then the kinds of specification, the parts of robustness, and the audit."""
    found = [
        winners_curse(fit, rows),
        twins(fit, rows),
        *(section_of(kind, fit, rows) for kind in KINDS),
        *_robustness(fit, rows),
        audit(fit, rows),
    ]
    return [section for section in found if section is not None]


def _robustness(fit: Fit, rows: list[Row]) -> Iterator[Section]:
    """The parts that were run; the first begins with the columns that none of them covers."""
    left = uncovered(fit)
    for name, part in PARTS.items():
        section = part.section(fit, rows)
        if section is None:
            continue
        if note := of_part(fit, rows, name):
            section = replace(section, body=Markup('<p class="caveat">{}</p>\n').format(note) + section.body)
        if left:
            section = replace(section, body=Markup("<p>{}</p>\n").format(left) + section.body)
            left = ""
        yield section
