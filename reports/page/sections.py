"""The further parts of a page, in order; each is None for fits that it has nothing to say of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from markupsafe import Markup

from ...analyses.run.fits import Fit
from ..drawing.figure_files import Section
from ..kinds.instrument import section as instruments
from ..kinds.mediation import section as mediation
from ..kinds.threshold import section as thresholds
from ..robustness.clusters import section as clusters
from ..robustness.models import section as models
from ..robustness.priors import section as priors
from ..robustness.samples import section as samples
from ..robustness.slopes import section as slopes
from ..rows import Row
from .audit import section as audit
from .twins import section as twins
from .words import uncovered

SECTIONS: tuple[Callable[[Fit, list[Row]], Section | None], ...] = (
    twins,
    instruments,
    mediation,
    thresholds,
    priors,
    models,
    slopes,
    samples,
    clusters,
    audit,
)


ROBUST = (priors, models, slopes, samples, clusters)


def sections(fit: Fit, rows: list[Row]) -> list[Section]:
    """The first of those about robustness begins with the columns that none of them covers."""
    left, found = uncovered(fit), []
    for make in SECTIONS:
        section = make(fit, rows)
        if section is not None and make in ROBUST and left:
            section, left = replace(section, body=Markup("<p>{}</p>\n").format(left) + section.body), ""
        if section is not None:
            found.append(section)
    return found
