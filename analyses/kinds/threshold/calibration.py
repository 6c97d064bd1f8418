"""Calibration of thresholds: their number, their locations, and the slope along the threshold variable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....data.study.spec import Form
from ....models.kinds.threshold import admissible_sets, regime_columns
from ....models.priors import DEFAULTS, Priors
from ....models.thresholds.changepoint_draws import RegimeDraws, draw, effect_along
from ....models.thresholds.changepoints import enumerate_thresholds
from ....models.thresholds.regimes import Array, Regimes
from ...calibration.equation import in_standard_units, prior_values, simulated
from ...calibration.subject import Question, Ranked, Subject, collapsed_key
from ...run.key import fingerprint

AT = (0.1, 0.5, 0.9)
DRAWS = 1000


def threshold_subject(
    name: str,
    found: Regimes,
    most: int = 2,
    form: Form = "mundlak",
    priors: Priors = DEFAULTS,
    draws: int = DRAWS,
) -> Subject:
    """Calibration with 0 to `most` thresholds, all equally likely, anywhere among the candidates."""
    design = in_standard_units(found.design)
    found = replace(found, design=design)
    sets = [np.zeros((1, 0), np.int64), *(admissible_sets(found, k) for k in range(1, most + 1))]
    columns = regime_columns(found, form)
    at = np.quantile(found.q, AT)
    quantities = (
        "number", "only threshold", *(f"slope at {100 * p:.0f}%" for p in AT),
        *(t for j, t in enumerate(design.terms) if j != found.term), "sigma",
    )  # fmt: skip

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        return Ranked(np.array([one(rng, seed + i) for i in range(count)]), np.ones(count, bool))

    def one(rng: np.random.Generator, seed: int) -> Array:
        number = int(rng.integers(most + 1))
        chosen = sets[number][rng.integers(len(sets[number]))]
        delta = priors["difference"].frozen().rvs(random_state=rng) * rng.normal(size=number)
        values = prior_values(design, form, priors, 1, rng)
        y = simulated(design, form, values, rng)[0] + columns[:, chosen] @ delta
        truth = RegimeDraws(
            found.candidates[chosen][None], values["slope"],
            np.cumsum(np.append(values["slope"][0, found.term], delta))[None],
            values["intercept"], values["sigma"], np.zeros(1),
        )  # fmt: skip
        made = replace(found, design=replace(design, y=y))
        posterior = enumerate_thresholds(made, most, priors, form, seed=seed)
        probability = posterior.probability
        share = rng.multinomial(draws, probability)
        drawn = [draw(posterior, k, size, seed) for k, size in enumerate(share) if size]
        low = probability[:number].sum()
        ranks = [low + rng.uniform() * probability[number]]
        ranks.append(_place(posterior.locations(1)[0], int(chosen[0]), rng) if number == 1 else np.nan)
        values_of = [
            np.concatenate([_columns(d, found, at) for d in drawn]),
            _columns(truth, found, at),
        ]
        return np.append(ranks, (values_of[0] < values_of[1][0]).mean(axis=0))

    key = collapsed_key(
        "threshold",
        (design.sha256, fingerprint(found.q.tolist())),
        form=form,
        errors=None,
        priors=priors,
        draws=draws,
        extra={
            "candidates": found.candidates.tolist(),
            "least": found.least,
            "term": found.name,
            "most": most,
        },
    )
    return Subject(name, "enumerated", quantities, ("prior",), ask, key, batch=20, synthetic=design.synthetic)


def _place(weight: Array, true: int, rng: np.random.Generator) -> float:
    """The rank of a location among locations of these probabilities; ties are broken at random."""
    return float(weight[:true].sum() + rng.uniform() * weight[true])


def _columns(drawn: RegimeDraws, found: Regimes, at: Array) -> Array:
    """(B, Q) Slopes along the threshold variable, other slopes and sigma."""
    along = effect_along(drawn, at)
    return np.column_stack([along, np.delete(drawn.coef, found.term, axis=1), drawn.sigma])
