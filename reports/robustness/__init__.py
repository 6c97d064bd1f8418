"""The parts of robustness in the report: a folder each, whose `PART` is all that a report asks."""

from __future__ import annotations

from .clusters import PART as CLUSTERS
from .models import PART as MODELS
from .part import Part
from .priors import PART as PRIORS
from .samples import PART as SAMPLES
from .slopes import PART as SLOPES

__all__ = ["PARTS", "Part"]

PARTS: dict[str, Part] = {
    "priors": PRIORS,
    "models": MODELS,
    "slopes": SLOPES,
    "samples": SAMPLES,
    "clusters": CLUSTERS,
}
