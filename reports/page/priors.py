"""The priors behind a fit: each as it was used, with its meaning."""

from __future__ import annotations

from ...analyses.run.fits import Fit
from ..kinds import model_of

MEANING = {
    "slope": (
        "each coefficient: standard deviations of the outcome for one standard deviation of the regressor"
    ),
    "between": "slopes on entity means (Mundlak's γ)",
    "intercept": "the level of the standardised outcome",
    "sd_slope": "spread of the slopes of groups about their mean",
    "sd_entity": "spread of the entity effects",
    "sd_time": "spread of the time effects",
    "sigma": "spread of the errors",
    "effect": "each entity or time effect of the fixed form",
    "difference": "scale of the changes of a slope at thresholds",
    "rho": "correlation of the errors of mediator and outcome, cut to (−1, 1); beside the paper's 0",
    "first_stage": "each slope of an instrument in the first stage, standardised",
    "exclusion": "direct effect of each instrument, standardised; beside the paper's 0",
    "nu": "degrees of freedom of Student-t errors",
    "rho_error": "correlation of an entity's errors from one time to the next, cut to (−1, 1)",
    "sd_variance": (
        "how far the error variances of entities differ, about the standard deviation of their logarithms"
    ),
    "sd_cluster": "spread of the shocks that a cluster's rows share",
    "rho_cluster": "correlation of these shocks from one time to the next, cut to (−1, 1)",
}


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
            "meaning": MEANING[name],
            "columns": "all" if len(columns) == len(fit.specs) else ", ".join(columns),
        }
        for (name, text), columns in used.items()
    ]
