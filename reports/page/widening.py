"""Why verdicts look at wider intervals than the posteriors' own, in words."""

from __future__ import annotations

from ...analyses.run.fits import Fit
from ..rows import Row, plural, shorten

BRACKETS = (
    "Where an interval was widened to the cluster-robust standard error, the brackets hold the widened one,"
    " which the verdict looks at; the posterior's own is in report.html and comparison.csv."
)


OF_PARTS = {
    "priors": (
        "Verdicts under other priors look at intervals that are widened by the same factor as above. All else"
        " here (brackets, bands, tipping priors, odds, Bayes factors) rests on the model's own standard"
        " error, and so takes the data to say more than the verdicts do."
    ),
    "models": (
        "Intervals of other models are their posteriors' own. They are not widened to the cluster-robust"
        " standard error, as the interval that the verdict looks at is."
    ),
    "samples": (
        "Verdicts without a unit look at intervals that are widened by the same factor as above. Brackets,"
        " bands and lines here are the posteriors' own."
    ),
}


def of_part(fit: Fit, rows: list[Row], name: str) -> str:
    """Which intervals of a part of robustness are not widened, where a judged interval of its columns is."""
    covered = {spec_id for spec_id, records in fit.robustness.items() if name in records}
    return OF_PARTS.get(name, "") if any(row.widened and row.spec_id in covered for row in rows) else ""


def sentence(rows: list[Row]) -> str:
    """For how many coefficients the judged interval is the wider one, why, and how errors compare."""
    counted = [row for row in rows if not row.constant]
    mine = [row for row in counted if row.widened]
    if not mine:
        return ""
    if len(mine) == len(counted):
        whom = f"all {plural(len(mine), 'coefficient')}" if len(mine) > 1 else "the coefficient"
    else:
        whom = f"{len(mine)} of {plural(len(counted), 'coefficient')}"
    clusters = " or ".join(dict.fromkeys(shorten(row.cluster, 40) for row in mine))
    ratios = [f"{row.record['judged']['factor']:.2f}" for row in mine]
    low, high = min(ratios, key=float), max(ratios, key=float)
    times = low if low == high else f"{low} to {high}"
    return (
        f"For {whom} the verdict looks at an interval that is wider than the posterior's own, because the"
        f" standard error clustered by {clusters} is {times} times the model's. Within one {clusters}, errors"
        " are correlated over time or have unequal variances beyond what the model allows, so that the"
        " model's own standard error is too small."
    )
