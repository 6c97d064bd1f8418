"""Calibration of mediation: both equations, and the paths at rho = 0 and under the prior of rho."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....data.sample.design import Design
from ....data.study.spec import Form
from ....models.engine.posterior import batch
from ....models.engine.statistics import padded, statistics_of_design
from ....models.kinds.mediation import equations
from ....models.mechanisms.paths import Paths, effects_at, paths, rho_draws
from ....models.priors import DEFAULTS, Priors
from ....models.scale import Array
from ...calibration.equation import DRAWS, in_standard_units, prior_values, simulated
from ...calibration.ranks import ranks_of
from ...calibration.subject import Question, Ranked, Subject, collapsed_key

QUANTITIES = ("a", "b", "direct", "indirect", "total", "direct, rho", "indirect, rho")


def mediation_subject(
    name: str,
    design: Design,
    treatment: str,
    mediator: str,
    form: Form | None = "mundlak",
    priors: Priors = DEFAULTS,
    draws: int = DRAWS,
) -> Subject:
    """Calibration of the paths; the simulated mediator is a regressor of the outcome's equation.

    Posterior calibration does not apply: it puts a second mediator beside the panel's own, and
    their entity means would differ from those of either.
    """
    first, last = equations(in_standard_units(design), (mediator,))
    place = last.terms.index(mediator)

    def one(rng: np.random.Generator) -> tuple[tuple[Design, Design], Paths]:
        """A panel from the prior, and its true paths."""
        of_m = prior_values(first, form, priors, 1, rng)
        m = simulated(first, form, of_m, rng)[0]
        X = last.X.copy()
        X[:, place] = m
        of_y = prior_values(replace(last, X=X), form, priors, 1, rng)
        y = simulated(replace(last, X=X), form, of_y, rng)[0]
        chain = (replace(first, y=m), replace(last, X=X, y=y))
        return chain, paths(chain, treatment, [of_m["slope"], of_y["slope"]], [of_m["sigma"], of_y["sigma"]])

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        made = [one(rng) for _ in range(count)]
        coef: list[list[Array]] = []
        spread: list[list[Array]] = []
        trusted = np.ones(count, bool)
        for j in range(2):
            statistics = [padded(statistics_of_design(chain[j], form)) for chain, _ in made]
            found = batch(statistics, [priors] * count, draws, seed + j)
            trusted &= found.direct.trusted
            sigma = found.values[:, :, found.scales.index("sigma")]
            coef.append([t[:, : s.n_slope] for s, t in zip(statistics, found.theta, strict=True)])
            spread.append(list(sigma))
        ranks = []
        for i, (chain, truth) in enumerate(made):
            drawn = paths(chain, treatment, [c[i] for c in coef], [s[i] for s in spread])
            both = [quantities(p, rho_draws(priors["rho"], p, rng)) for p in (drawn, truth)]
            ranks.append(ranks_of(both[0], both[1][0]))
        return Ranked(np.array(ranks), trusted)

    note = "posterior calibration and coverage: see effects, whose equations these are"
    key = collapsed_key(
        "mediation",
        (design.sha256,),
        form=form,
        errors=None,
        priors=priors,
        draws=draws,
        extra={"roles": [treatment, mediator]},
    )
    return Subject(name, "collapsed", QUANTITIES, ("prior",), ask, key, synthetic=design.synthetic, note=note)


def quantities(found: Paths, rho: Array) -> Array:
    """(S, 7) in the order of `QUANTITIES`."""
    direct, indirect = effects_at(found, rho)
    a, b = found.a[:, 0], found.b[:, 0]
    return np.column_stack([a, b, found.direct, a * b, found.total, direct, indirect[:, 0]])
