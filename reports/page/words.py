"""What a page says in sentences, all of it made from the records."""

from __future__ import annotations

import math

from ...analyses.judge.verdict import VERDICTS
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...models.errors.rows import OWN
from ..rows import STOPPED, Row, focal, number, plural, shorten, synthetic

MOST = 6
OUTCOMES = (*VERDICTS, STOPPED)
COUNTED = {
    "holds": ("holds", "hold"),
    "shrinks": ("shrinks", "shrink"),
    "uncertain": ("is uncertain", "are uncertain"),
    "reverses": ("reverses", "reverse"),
    "not reproduced": ("is not reproduced", "are not reproduced"),
    STOPPED: ("has no verdict", "have no verdict"),
}
VERDICT_MEANING = {
    "holds": "The posterior's central 95% interval excludes 0, lies on the printed side of 0, and is not wholly nearer 0 "
    "than the printed value.",
    "shrinks": "The interval lies on the printed side of 0, but wholly nearer 0 than the printed value.",
    "uncertain": "The interval contains 0.",
    "reverses": "The interval lies wholly on the other side of 0.",
    "not reproduced": "The paper's own estimator, run first on this panel, gives a number that does not print as the "
    "published one; the posterior is shown and not compared.",
    STOPPED: "Diagnostics withhold a verdict: R-hat above 1.01, fewer than 400 effective draws, or divergent transitions.",
}
EVIDENCE_MEANING = {
    "panel": (
        "The posterior is conditioned on the microdata of the panel.",
        "It can say what other effects, priors and errors do to a coefficient. It cannot say whether the panel is the "
        "one the authors used, beyond what the reproduction gate shows, nor whether a coefficient is causal.",
    ),
    "tables": (
        "The posterior is conditioned on the printed numbers alone; no microdata are published.",
        "It can say whether a printed estimate, read with its printed error, the right reference distribution and a stated "
        "prior, is clearly different from 0. It cannot test effects, samples or error models that the paper did "
        "not print, so 'holds' here means only that the printed numbers agree with themselves.",
    ),
    "twin": (
        "The posterior is conditioned on simulated panels that reproduce the printed numbers. They are SYNTHETIC.",
        "It can say which conclusions the printed numbers leave open. It can never confirm a result about the real world.",
    ),
}
CAVEAT = (
    "From printed numbers alone, 'holds' means that the printed estimate and its error, read with the right reference "
    "distribution, are clear of 0. Whether the result survives other effects, samples or errors needs the microdata."
)
PRIOR_MEANING = {
    "slope": "each coefficient: standard deviations of the outcome for one standard deviation of the regressor",
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
    "sd_variance": "how far the error variances of entities differ, about the standard deviation of their logarithms",
    "sd_cluster": "spread of the shocks that a cluster's rows share",
    "rho_cluster": "correlation of these shocks from one time to the next, cut to (−1, 1)",
}
ENGINES = {
    "tables": (
        "by exact draws from each estimate's posterior",
        "by NUTS on the PyMC model of the whole column",
    ),
    "panel": (
        "collapsed, with coefficients and effects integrated out and drawn back",
        "expanded, every effect a random variable of NUTS",
    ),
}
PRIORS_OF = {
    "tables": ("slope",),
    "pooled": ("slope", "intercept", "sigma"),
    "fixed": ("slope", "intercept", "effect", "sigma"),
    "random": ("slope", "intercept", "sd_entity", "sd_time", "sigma"),
    "mundlak": ("slope", "between", "intercept", "sd_entity", "sd_time", "sigma"),
}
PRIORS_OF |= {
    f"{form}, {errors}": (*priors, *OWN[errors])
    for form, priors in PRIORS_OF.items()
    for errors in OWN
    if form != "tables" and errors != "gaussian"
}
PRIORS_OF |= {
    f"mediation, {form}": (*priors, "rho")
    for form, priors in PRIORS_OF.items()
    if form in ("pooled", "fixed", "random", "mundlak")
}
PRIORS_OF["instrument"] = ("slope", "first_stage", "exclusion", "sigma")
PRIORS_OF |= {
    f"threshold, {form}": (*PRIORS_OF[form], "difference") for form in ("fixed", "random", "mundlak")
}


def slopes_by_group(fit: SpecFit, shown: int = 12) -> list[str]:
    """For each slope that varies, its mean and interval in each group; the lowest and highest of many."""
    if "coef_by" not in fit.tree["posterior"]:
        return []
    assert fit.view.spec.varying is not None
    lines = []
    for term in fit.tree["posterior"]["varying"].to_numpy():
        draws = fit.tree["posterior"]["coef_by"].sel(varying=term)
        mean = draws.mean(("chain", "draw")).to_series().sort_values()
        low, high = (draws.quantile(q, ("chain", "draw")).to_series() for q in (0.025, 0.975))
        decimals = max(0, 2 - math.floor(math.log10(float((high - low).median()) or 1)))
        names = list(mean.index) if len(mean) <= shown else [mean.index[0], mean.index[-1]]
        each = [
            f"{name} {number(mean[name], decimals)} [{number(low[name], decimals)}, {number(high[name], decimals)}]"
            for name in names
        ]
        many = f"; {len(mean)} groups, the lowest and the highest shown" if len(names) < len(mean) else ""
        lines.append(f"{term} by {fit.view.spec.varying.by}: {'; '.join(each)}{many}")
    return lines


def counts(rows: list[Row]) -> dict[str, int]:
    """How many coefficients have each verdict; constants are not counted."""
    return {name: sum(r.verdict == name and not r.constant for r in rows) for name in OUTCOMES}


def answer(rows: list[Row]) -> str:
    """The counts as one sentence."""
    found = {name: n for name, n in counts(rows).items() if n}
    total = sum(found.values())
    if not total:
        return "No published coefficient could be set beside a posterior."
    columns = len({r.spec_id for r in rows if not r.constant})
    parts = [f"{n} {COUNTED[name][n > 1]}" for name, n in found.items()]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of {plural(total, 'published coefficient')} in {plural(columns, 'column')}, {listed}."


def constants(rows: list[Row]) -> str:
    """Why constants are not in the counts, where there are any."""
    n = sum(r.constant for r in rows)
    if not n:
        return ""
    are = "constant is" if n == 1 else "constants are"
    return f"{n} {are} listed in the tables and not counted above: the normalisation of a constant is a convention."


def unread(fit: Fit) -> str:
    """The coefficients that printed numbers alone say nothing of, where there are any."""
    if fit.evidence != "tables":
        return ""
    left = [
        f"{shorten(printed.term, 60)} ({one.id})"
        for one in fit.specs.values()
        for printed in fit.study.file.printed(one.id)
        if printed not in one.printed and _coefficient(one, printed.term)
    ]
    if not left:
        return ""
    are = "coefficient is" if len(left) == 1 else "coefficients are"
    them = "it" if len(left) == 1 else "them"
    return (
        f"{len(left)} more {are} printed without a standard error, t or interval, so that nothing can be said of {them}: "
        f"{', '.join(left)}."
    )


def uncovered(fit: Fit) -> str:
    """The columns that robustness says nothing of, with the kind of each."""
    left = [f"{one.id} ({one.view.kind})" for one in fit.specs.values() if one.id not in fit.robustness]
    return f"Not covered by robustness: {', '.join(left)}." if left else ""


def _coefficient(one: SpecFit, term: str) -> bool:
    """Whether a printed term is a coefficient; columns print N, R2 and tests beside them."""
    spec = one.view.spec
    known = {*map(str, spec.parsed.terms), "_cons", "direct", "indirect", "total"}
    return term in known or bool(spec.regime_dependent and term.startswith(f"{spec.regime_dependent}_regime"))


TWINS = (
    "The twins are SYNTHETIC: panels that print the paper's tables. 'Uncertain' here means that panels with these "
    "tables disagree, or that each of them leaves it open; 'holds' that whatever panel printed them would show it. No "
    "row of them is real."
)


def caveat(fit: Fit) -> str:
    """The one sentence that must not be overlooked, or nothing."""
    if fit.evidence == "twin":
        return TWINS
    if synthetic(fit):
        return "SYNTHETIC data: these numbers show how the method works and say nothing about the real world."
    return CAVEAT if fit.evidence == "tables" else ""


def headlines(fit: Fit, rows: list[Row]) -> list[str]:
    """Plain sentences on what changed: pooled columns given effects, and stars whose interval contains 0."""
    return [*_pooled(fit, rows), *_changed(rows), *_focal(rows), *_stars(rows), *_gate(rows)]


def _pooled(fit: Fit, rows: list[Row]) -> list[str]:
    changed = [
        r for r in rows if r.record["with_effects"] and r.verdict in ("uncertain", "reverses", "shrinks")
    ]
    header = fit.study.file.study
    what = f"{header.entity} and {header.time} effects"
    sentences = [_pooled_sentence(r, what) for r in changed[:MOST]]
    if len(changed) > MOST:
        more = plural(len(changed) - MOST, "pooled coefficient")
        sentences.append(f"Changed by {what} as well: {more}; see the tables.")
    kept = [
        f"{shorten(r.term, 60)} ({r.spec_id})"
        for r in rows
        if r.record["with_effects"] and r.verdict == "holds"
    ]
    if kept:
        more = f" and {len(kept) - MOST} more" if len(kept) > MOST else ""
        sentences.append(
            f"With {what}, {'this pooled coefficient holds' if len(kept) == 1 else 'these pooled coefficients hold'}: {', '.join(kept[:MOST])}{more}."
        )
    return sentences


def _pooled_sentence(row: Row, what: str) -> str:
    before = row.record["posterior"]
    twins = row.record["twins"]
    if row.verdict == "uncertain" and twins is not None:
        does = f"may or may not hold under {what}, by its tables: over {twins['n']} twins"
    elif row.verdict == "uncertain" and before["q2.5"] <= 0 <= before["q97.5"]:
        does = f"is uncertain without {what}, and with them"
    else:
        does = {
            "uncertain": f"becomes uncertain under {what}",
            "reverses": f"changes sign under {what}",
            "shrinks": f"shrinks under {what}",
        }[row.verdict]
    colon = "" if twins is not None and row.verdict == "uncertain" else ":"
    return f"Pooled {shorten(row.term, 60)} {row.printed} ({row.spec_id}) {does}{colon} posterior {row.interval('with_effects')}."


def _changed(rows: list[Row]) -> list[str]:
    """Columns whose own posterior departs from print."""
    changed = [
        r
        for r in rows
        if not r.record["with_effects"] and not r.constant and r.verdict in ("shrinks", "reverses")
    ]
    sentences = [
        f"{shorten(r.term, 60)} {r.printed} ({r.spec_id}) {r.verdict}: posterior {r.interval('posterior')}."
        for r in changed[:MOST]
    ]
    if len(changed) > MOST:
        sentences.append(
            f"Shrunk or reversed as well: {plural(len(changed) - MOST, 'coefficient')}; see the tables."
        )
    return sentences


def _focal(rows: list[Row]) -> list[str]:
    """The term that joins the tables, by verdict."""
    term = focal(rows)
    if term is None:
        return []
    mine = [r for r in rows if r.term == term]
    parts = []
    for name in OUTCOMES:
        ids = [r.spec_id for r in mine if r.verdict == name]
        if ids:
            listed = (
                f" ({', '.join(ids[:MOST])}{' and more' if len(ids) > MOST else ''})"
                if name != "holds"
                else ""
            )
            parts.append(f"{len(ids)} {COUNTED[name][len(ids) > 1]}{listed}")
    return [f"{shorten(term, 60)} stands in {len(mine)} columns: {', '.join(parts)}."]


def _stars(rows: list[Row]) -> list[str]:
    printed = [r for r in rows if r.stars and not r.constant]
    judged = [r for r in printed if r.verdict not in ("not reproduced", STOPPED)]
    starred = [r for r in judged if not r.record["with_effects"]]
    if not starred:
        return []
    open_ = [f"{shorten(r.id, 60)} ({r.stars})" for r in starred if r.verdict == "uncertain"]
    other = "the other " if len(judged) > len(starred) else ""
    noun = "coefficient" if len(judged) == len(printed) else "judged coefficient"
    total = f"{other}{plural(len(starred), noun)} printed with stars"
    if not open_:
        return [f"None of {total} has a 95% interval that contains 0."]
    listed = ", ".join(open_[:MOST]) + (f" and {len(open_) - MOST} more" if len(open_) > MOST else "")
    return [
        f"Of {total}, {len(open_)} {'has' if len(open_) == 1 else 'have'} a 95% interval that contains 0: {listed}."
    ]


def _gate(rows: list[Row]) -> list[str]:
    tried = [r for r in rows if r.record["reproduced"]["within_rounding"] is not None]
    if not tried:
        return []
    failed = [r for r in tried if not r.record["reproduced"]["within_rounding"]]
    if failed:
        listed = ", ".join(shorten(r.id, 60) for r in failed[:MOST]) + (
            " and more" if len(failed) > MOST else ""
        )
        why = " (all constants, whose normalisation is a convention)" * all(r.constant for r in failed)
        return [
            f"{len(failed)} of {len(tried)} printed estimates do not reproduce within their rounding{why}: {listed}."
        ]
    return [f"All {len(tried)} printed estimates reproduce within their rounding."]
