"""Over which priors a coefficient keeps its verdict, and which prior beliefs would change it.

For a prior of the slope itself the answer is exact, from the likelihood of the slope
(`models.slopes.likelihood`); for priors of everything else the model is fitted again, in batches of the
collapsed engine. `power_scaling.prior_driven` decides on the flag. Reasonable priors are the run's own, the
same 4 times narrower or 4 times wider (of the slope or of all slopes), and those with other tails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ....data.panel.panel import Panel
from ....data.sample.both_effects import with_both_effects
from ....data.study.spec import Belief
from ....models.engine.collapsed import collapsible
from ....models.engine.sampling import Sampler
from ....models.engine.statistics import Statistics, padded, statistics_of_design
from ....models.engine.sums import Array
from ....models.errors import LAWS
from ....models.priors import Prior, Priors
from ....models.slopes.credibility import advocacy_limit, intrinsic_p, scepticism_limit
from ....models.slopes.likelihood import SlopeLikelihood, of_panels, of_printed
from ....models.slopes.posterior import Posterior, Slope, on_grid, settling_odds, tipping_scale, zero_centred
from ...judge.claim import claim_of
from ...judge.interval import CONSTANT, judged_fit, judged_slopes, widened
from ...judge.verdict import Claim, verdict
from ...run.results import Request, SpecFit, Widening
from ...run.store import seed_of
from .batch import Refit, refits
from .choices import Choice, around, beliefs_of, own_choices
from .power_scaling import of_all, of_one, prior_driven

SCALES = np.geomspace(0.003, 10, 36)
DRAWS, FEWEST = 4000, 500
BOUND = 1.959963984540054
DIGITS = 6
Records = dict[str, Any]


def priors_part(one: SpecFit, panels: Sequence[Panel], request: Request) -> Records | None:
    """The records of one specification, by term under `terms`.

    None where the likelihood of a single slope is not available.
    """
    seed = seed_of(request.sampler.seed, f"{one.id} priors")
    claims = {p.term: claim_of(one, p) for p in one.printed}
    beliefs = one.view.spec.belief
    judged = judged_slopes(one)
    if one.inputs:
        found = {}
        for term, printed in one.inputs.items():
            run = None if printed.unit is None else one.priors["slope"]
            record = slope_records(of_printed(printed), run, claims[term], beliefs_of(beliefs, term), seed)
            found[term] = judge(record, [])
    elif (
        not LAWS[one.view.errors].additive
        or judged.design is None
        or not one.one_equation
        or not collapsible(one.priors)
    ):
        return None
    else:
        sampler, found = replace(request.sampler, seed=seed), {}
        for fit in dict.fromkeys((judged, one)):  # the column itself for what the effects of the other absorb
            mine = {t: claim for t, claim in claims.items() if judged_fit(one, t) is fit and t != CONSTANT}
            if mine:
                statistics = [padded(s) for s in _statistics(one, fit, panels)]
                found |= panel_records(statistics, one.priors, mine, beliefs, sampler, fit.widening)
        found = {term: found[term] for term in claims if term in found}
    for term, record in found.items():
        draws = judged_fit(one, term).tree["posterior"]["coef"].sel(term=term).to_numpy()
        error = draws.std() / np.sqrt(draws.size)
        record["check"] = _short((record["run"]["mean"] - draws.mean()) / error)
    return {"terms": found} if found else None


def _statistics(one: SpecFit, fit: SpecFit, panels: Sequence[Panel]) -> list[Statistics]:
    designs = [one.view.design(panel) for panel in panels]
    if fit is one.with_effects:
        designs = [with_both_effects(design) for design in designs]
    return [statistics_of_design(design, fit.form) for design in designs]


def panel_records(
    statistics: Sequence[Statistics],
    priors: Priors,
    claims: Mapping[str, Claim],
    beliefs: Sequence[Belief],
    sampler: Sampler,
    widening: Mapping[str, Widening] = MappingProxyType({}),
) -> dict[str, Records]:
    """The records of every published term, given M panels of one shape.

    `widening` makes verdicts under other priors look at intervals as the verdict of the run does.
    """
    terms = statistics[0].terms
    names = [term for term in claims if term in terms]
    if not names:
        return {}
    likelihoods = of_panels(statistics, priors, [terms.index(t) for t in names], sampler.seed)
    senses = of_all(statistics, priors, sampler.seed)
    choices = around(statistics[0], priors)
    draws = max(FEWEST, DRAWS // len(statistics))
    others = dict(zip(choices, refits(statistics, list(choices.values()), draws, sampler), strict=True))
    found = {}
    for term, likelihood in zip(names, likelihoods, strict=True):
        record = slope_records(
            likelihood,
            priors["slope"],
            claims[term],
            beliefs_of(beliefs, term),
            sampler.seed,
            widening.get(term),
        )
        record["multiverse"] += [
            _refitted(label, refit, terms.index(term), claims[term], widening.get(term))
            for label, refit in others.items()
            if refit.how != "none"
        ]
        record["psense_all"] = senses[term]
        found[term] = judge(record, [senses[term]])
    return found


def slope_records(
    likelihood: SlopeLikelihood,
    run: Prior | None,
    claim: Claim,
    beliefs: Mapping[str, Prior],
    seed: int,
    widening: Widening | None = None,
) -> Records:
    """What every prior of one slope makes of it.

    Parameters
    ----------
    run : the run's prior of the slope, standardised; None where it is flat
    claim : the printed estimate, on the paper's scale
    beliefs : further priors, on the paper's scale, by their source
    """
    unit = float(likelihood.unit.mean())
    choices = own_choices(run, claim.published / unit, {k: in_units(b, unit) for k, b in beliefs.items()})
    slope = on_grid(likelihood, [c.prior for c in choices if c.prior and c.prior.arguments[-2] != 0])
    flat = slope.posterior(None)
    sign = 1 if flat.prob_positive >= 0.5 else -1
    lines = [_chosen(choice, slope.posterior(choice.prior), claim, widening) for choice in choices]
    tip = tipping_scale(slope)
    belief = None if tip is None else BOUND * tip
    size = abs(claim.published) or slope.narrowest
    return {
        "unit": unit,
        "standardised": run is not None,
        "run_scale": None if run is None else run.arguments[-1],
        "published": claim.published,
        "prior": "flat" if run is None else str(run),
        "run": lines[0],
        "multiverse": lines,
        "curve": curve(slope, SCALES if run is not None else size / unit * np.geomspace(0.03, 30, 36)),
        "tipping": None if belief is None else {"scale": tip, "belief": belief, "effect": belief * unit},
        "odds": {
            "sign": sign,
            "run": settling_odds(slope, run, sign),
            "flat": settling_odds(slope, None, sign),
        },
        "credibility": credibility(likelihood),
        "psense": None if run is None else of_one(slope, run, seed),
        "psense_all": None,
        "k_hat": likelihood.k_hat,
    }


def judge(record: Records, senses: Sequence[dict[str, float]]) -> Records:
    """The record with its verdicts counted and the flag.

    `senses` are sensitivities to other priors than the slope's own.
    """
    lines = record["multiverse"]
    names = [line["verdict"] for line in lines]
    record["verdicts"] = dict(sorted(((n, names.count(n)) for n in set(names)), key=lambda v: (-v[1], v[0])))
    record["reasonable"] = sorted({line["verdict"] for line in lines if line["reasonable"]})
    own = [] if record["psense"] is None else [record["psense"]]
    record["prior_driven"] = prior_driven([*own, *senses], set(record["reasonable"]))
    return record


def in_units(prior: Prior, unit: float) -> Prior:
    """A normal prior on the paper's scale, standardised."""
    return Prior("normal", tuple(a / unit for a in prior.arguments))


def curve(slope: Slope, scales: Array) -> Records:
    """Posterior and Bayes factor along the standard deviation of a normal prior about 0.

    `largest` is the largest Bayes factor over all standard deviations shown; `one_at` are the standard
    deviations at which it is 1.
    """
    columns: dict[str, list[float]] = {name: [] for name in ("mean", "q2.5", "q97.5", "log10_bf10")}
    for scale in scales:
        prior = zero_centred(scale)
        found = slope.posterior(prior)
        row = (found.mean, found.low, found.high, slope.log_factor_10(prior) / np.log(10))
        for name, value in zip(columns, row, strict=True):
            columns[name].append(_short(value))
    factor, log_scale = np.array(columns["log10_bf10"]), np.log(scales)
    ones = []
    for i in np.flatnonzero(factor[1:] * factor[:-1] < 0):
        share = factor[i] / (factor[i] - factor[i + 1])
        ones.append(_short(np.exp(log_scale[i] + share * (log_scale[i + 1] - log_scale[i]))))
    most = int(factor.argmax())
    return {
        "scale": [_short(s) for s in scales],
        **columns,
        "largest": {"log10_bf10": columns["log10_bf10"][most], "scale": _short(scales[most])},
        "one_at": ones,
    }


def credibility(likelihood: SlopeLikelihood) -> Records:
    """The closed forms for an estimate that is normal about the truth, on the paper's scale."""
    estimate = float(likelihood.centre.mean())
    error = float(np.sqrt((likelihood.std_error**2).mean() + likelihood.centre.var()))
    low, high = estimate - BOUND * error, estimate + BOUND * error
    return {
        "q2.5": low,
        "q97.5": high,
        "scepticism_limit": scepticism_limit(low, high),
        "advocacy_limit": advocacy_limit(low, high),
        "intrinsic_p": intrinsic_p(estimate / error),
    }


def _chosen(choice: Choice, posterior: Posterior, claim: Claim, widening: Widening | None) -> Records:
    rest = {"how": "exact", "k_hat": None, "reasonable": choice.reasonable}
    return {"group": choice.group, "label": choice.label, **_line(posterior, claim, widening), **rest}


def _refitted(label: str, refit: Refit, at: int, claim: Claim, widening: Widening | None) -> Records:
    draws = refit.coef[:, at]
    low, high = np.quantile(draws, [0.025, 0.975])
    posterior = Posterior(draws.mean(), draws.std(), low, high, float((draws > 0).mean()))
    rest = {
        "how": refit.how,
        "k_hat": _short(refit.k_hat),
        "reasonable": label.startswith("all slopes"),
    }
    return {"group": "around", "label": label, **_line(posterior, claim, widening), **rest}


def _line(posterior: Posterior, claim: Claim, widening: Widening | None) -> Records:
    ends = widened(posterior.mean, posterior.sd, posterior.low, posterior.high, widening)
    return {
        "mean": _short(posterior.mean),
        "q2.5": _short(posterior.low),
        "q97.5": _short(posterior.high),
        "prob_positive": _short(posterior.prob_positive),
        "verdict": verdict(claim, *ends),
    }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
