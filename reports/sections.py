"""The further parts of a page, in order; each is None for fits that it has nothing to say of."""

from __future__ import annotations

from collections.abc import Callable

from ..analyses.results import Fit
from .audit import section as audit
from .instrument import section as instruments
from .mediation import section as mediation
from .plates import Section
from .robust_clusters import section as clusters
from .robust_models import section as models
from .robust_priors import section as priors
from .robust_samples import section as samples
from .robust_slopes import section as slopes
from .rows import Row
from .threshold import section as thresholds
from .twins import section as twins

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


def sections(fit: Fit, rows: list[Row]) -> list[Section]:
    return [section for make in SECTIONS if (section := make(fit, rows)) is not None]
