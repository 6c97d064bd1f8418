"""The priors behind a fit: each as it was used, with its meaning."""

from __future__ import annotations

from ...analyses.run.fits import Fit
from ...models.priors import PARAMETERS
from ..kinds import model_of


def priors_used(fit: Fit) -> list[dict[str, str]]:
    """Each prior as used: name, distribution, meaning, and the columns that use it (all, or their ids)."""
    used: dict[tuple[str, str], list[str]] = {}
    for one in fit.specs.values():
        for part in (one, one.with_effects):
            if part is None:
                continue
            varying = ("sd_slope",) if part.design and part.design.varying else ()
            for name in (*model_of(fit, part).priors, *varying):
                columns = used.setdefault((name, str(part.priors[name])), [])
                if one.id not in columns:
                    columns.append(one.id)
    return [
        {
            "name": name,
            "distribution": text.replace("-", "−"),
            "meaning": PARAMETERS[name].meaning,
            "columns": "all" if len(columns) == len(fit.specs) else ", ".join(columns),
        }
        for (name, text), columns in used.items()
    ]
