"""The sentences of a page, made from the records."""

from __future__ import annotations

import math

from ...analyses.judge.diagnostics import LIMITS
from ...analyses.judge.verdict import DOUBLE, EQUIVALENCE, HALF, VERDICTS
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ..kinds import kind_of
from ..rows import STOPPED, Row, number, plural, shorten, synthetic

MOST = 6
OUTCOMES = (*VERDICTS, STOPPED)
COUNTED = {
    "holds": ("holds", "hold"),
    "shrinks": ("shrinks", "shrink"),
    "grows": ("grows", "grow"),
    "uncertain": ("is uncertain", "are uncertain"),
    "reverses": ("reverses", "reverse"),
    "null stands": ("stands", "stand"),
    "emerges": ("emerges", "emerge"),
    "not reproduced": ("is not reproduced", "are not reproduced"),
    STOPPED: ("has no verdict", "have no verdict"),
}
VERDICT_MEANING = {
    "holds": (
        "The posterior's central 95% interval excludes 0 and lies on the printed side of 0, and its middle is"
        f" between {HALF:g} and {DOUBLE:g} times the printed value."
    ),
    "shrinks": f"The interval lies on the printed side of 0, its middle below {HALF:g} times print.",
    "grows": f"The interval lies on the printed side of 0, its middle beyond {DOUBLE:g} times print.",
    "uncertain": "Printed significant, and the interval contains 0.",
    "reverses": "The interval lies wholly on the other side of 0.",
    "null stands": (
        "Printed insignificant, and the interval contains 0; precisely, where it lies within"
        f" {EQUIVALENCE:g} standard deviations of the outcome for one of the regressor."
    ),
    "emerges": "Printed insignificant, and the interval excludes 0.",
    "not reproduced": (
        "The paper's own estimator, run first on this panel, gives a number that does not print as the "
        "published one; the posterior is shown and not compared."
    ),
    STOPPED: (
        f"Diagnostics withhold a verdict: R-hat above {LIMITS.r_hat}, fewer than {LIMITS.ess} effective "
        "draws, or divergent transitions."
    ),
}
EVIDENCE_MEANING = {
    "panel": (
        "The posterior is conditioned on the microdata of the panel.",
        (
            "It can say what other effects, priors and errors do to a coefficient. It cannot say whether the"
            " panel is the one the authors used, beyond what the reproduction gate shows, nor whether a"
            " coefficient is causal."
        ),
    ),
    "tables": (
        "The posterior is conditioned on the printed numbers alone; no microdata are published.",
        (
            "It can say whether a printed estimate, read with its printed error, the right reference"
            " distribution and a stated prior, is clearly different from 0. It cannot test effects, samples"
            " or error models that the paper did not print, so 'holds' here means only that the printed"
            " numbers agree with themselves."
        ),
    ),
    "twin": (
        (
            "The posterior is conditioned on simulated panels that reproduce the printed numbers. They are"
            " SYNTHETIC."
        ),
        (
            "It can say which conclusions the printed numbers leave open. It can never confirm a result about"
            " the real world."
        ),
    ),
}
CAVEAT = (
    "From printed numbers alone, 'holds' means that the printed estimate and its error, read with the right"
    " reference distribution, are clear of 0. Whether the result survives other effects, samples or errors"
    " needs the microdata."
)
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


def verdict_meaning(widened: bool) -> dict[str, str]:
    """What each verdict says, in words that also fit intervals that were widened, where any was."""
    holds = VERDICT_MEANING["holds"].replace("The posterior's central 95%", "The judged 95%")
    return VERDICT_MEANING | {"holds": holds} if widened else VERDICT_MEANING


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
            f"{name} {number(mean[name], decimals)} [{number(low[name], decimals)},"
            f" {number(high[name], decimals)}]"
            for name in names
        ]
        many = f"; {len(mean)} groups, the lowest and the highest shown" if len(names) < len(mean) else ""
        lines.append(f"{term} by {fit.view.spec.varying.by}: {'; '.join(each)}{many}")
    return lines


def counts(rows: list[Row]) -> dict[str, int]:
    """How many coefficients have each verdict; constants are not counted."""
    return {name: sum(r.verdict == name and not r.constant for r in rows) for name in OUTCOMES}


def answer(rows: list[Row]) -> str:
    """What became of the claims: of those of an effect, printed significant at 5%, and of those of none."""
    mine = [r for r in rows if not r.constant]
    if not mine:
        return "No published coefficient could be set beside a posterior."
    columns = plural(len({r.spec_id for r in mine}), "column")
    parts = [
        f"{len(some)} {'is' if len(some) == 1 else 'are'} printed {how}: {_listed(some)}"
        for effect, how in ((True, "significant"), (False, "insignificant"))
        if (some := [r for r in mine if r.claim.effect == effect])
    ]
    return f"Of {plural(len(mine), 'published coefficient')} in {columns}, {'; '.join(parts)}."


def _listed(rows: list[Row]) -> str:
    """`20 hold, 8 are uncertain and 3 shrink`."""
    found = {name: sum(r.verdict == name for r in rows) for name in OUTCOMES}
    parts = [f"{n} {COUNTED[name][n > 1]}" for name, n in found.items() if n]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def constants(rows: list[Row]) -> str:
    """Why constants are not in the counts, where there are any."""
    n = sum(r.constant for r in rows)
    if not n:
        return ""
    are = "constant is" if n == 1 else "constants are"
    return (
        f"{n} {are} listed in the tables and not counted above: the normalisation of a constant is a"
        " convention."
    )


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
        f"{len(left)} more {are} printed without a standard error, t or interval, so that nothing can be said"
        f" of {them}: {', '.join(left)}."
    )


def uncovered(fit: Fit) -> str:
    """The columns that robustness says nothing of, with the kind of each."""
    left = [f"{one.id} ({one.view.kind})" for one in fit.specs.values() if one.id not in fit.robustness]
    return f"Not covered by robustness: {', '.join(left)}." if left else ""


def _coefficient(one: SpecFit, term: str) -> bool:
    """Whether a printed term is a coefficient; columns print N, R2 and tests beside them."""
    formula = {*map(str, one.view.spec.parsed.terms), "_cons"}
    return term in formula or kind_of(one).further_terms(one, term)


TWINS = (
    "The twins are SYNTHETIC: panels that print the paper's tables. 'Uncertain' here means that panels with"
    " these tables disagree, or that each of them leaves it open; 'holds' that whatever panel printed them"
    " would show it. No row of them is real."
)


def caveat(fit: Fit) -> str:
    """The warning that stands under the answer, or nothing."""
    if fit.evidence == "twin":
        return TWINS
    if synthetic(fit):
        return "SYNTHETIC data: these numbers show how the method works and say nothing about the real world."
    return CAVEAT if fit.evidence == "tables" else ""
