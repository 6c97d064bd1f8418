"""Calibration of instruments: the coefficient, the endogeneity and both error scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....data.sample.design import Design
from ....models.frequentist.iv import InstrumentDesign, instrument_design
from ....models.kinds.instrument import Root, exclusions, root_of
from ....models.mechanisms.direct_instrument import direction, draw
from ....models.priors import DEFAULTS, Priors
from ....models.scale import Array
from ...calibration.equation import DRAWS, in_standard_units
from ...calibration.ranks import ranks_of
from ...calibration.subject import Question, Ranked, Subject, collapsed_key

QUANTITIES = ("beta", "rho", "sigma of the outcome", "sigma of the first stage")
COVERAGE = {"beta": 0.5, "rho": 0.6, "first_stage": 0.5}


def instrument_subject(
    name: str,
    design: Design,
    instruments: int,
    priors: Priors = DEFAULTS,
    exclusion: bool = False,
    draws: int = DRAWS,
) -> Subject:
    """Calibration with one endogenous regressor, the first of the design, and its last terms as instruments.

    Parameters
    ----------
    exclusion
        Whether instruments act on the outcome directly, by their priors; else not at all.
    """
    design = in_standard_units(design)
    laid = instrument_design(design, 1, instruments)
    law = {key: prior.frozen() for key, prior in priors.items()}
    own = list(exclusions(laid, priors).values())

    def truth(question: Question, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """beta, rho, both scales; first-stage slopes; direct effects."""
        if question == "coverage":
            at = np.array([COVERAGE["beta"], COVERAGE["rho"], 1.0, 1.0])
            return at, np.full(instruments, COVERAGE["first_stage"]), np.zeros(instruments)
        scales = law["sigma"].rvs(2, random_state=rng)
        at = np.array([law["slope"].rvs(random_state=rng), rng.uniform(-1, 1), *scales])
        gamma = np.array([prior.frozen().rvs(random_state=rng) for prior in own]) * exclusion
        return at, law["first_stage"].rvs(instruments, random_state=rng), gamma

    def ask(question: Question, count: int, seed: int) -> Ranked:
        rng = np.random.default_rng(seed)
        truths, roots = [], []
        for _ in range(count):
            at, pi, gamma = truth(question, rng)
            beta, rho, sigma_u, sigma_v = at
            Z = design.X[:, -instruments:]
            v = rng.normal(size=design.n)
            u = sigma_u * (rho * v + np.sqrt(1 - rho**2) * rng.normal(size=design.n))
            x = Z @ pi + sigma_v * v
            made = replace(design, y=beta * x + Z @ gamma + u, X=np.column_stack([x, design.X[:, 1:]]))
            truths.append(at)
            roots.append(in_fixed_units(instrument_design(made, 1, instruments)))
        found = draw([direction(r) for r in roots], [own if exclusion else None] * count, priors, draws, seed)
        drawn = np.stack([found.beta, found.rho, found.sigma_u, found.sigma_v], axis=-1)
        ranks = [ranks_of(d, t) for d, t in zip(drawn, truths, strict=True)]
        return Ranked(np.array(ranks), found.direct.trusted)

    note = "posterior calibration is not offered: the endogenous regressor is simulated as well"
    questions: tuple[Question, ...] = ("prior",) if exclusion else ("prior", "coverage")
    key = collapsed_key(
        "instrument",
        (design.sha256,),
        form=None,
        errors=None,
        priors=priors,
        draws=draws,
        extra={"instruments": instruments, "exclusion": exclusion},
    )
    return Subject(name, "collapsed", QUANTITIES, questions, ask, key, synthetic=design.synthetic, note=note)


def in_fixed_units(data: InstrumentDesign) -> Root:
    """The root of the data in the units in which they were simulated, not in standard deviations."""
    root, sd = root_of(data), data.design.X.std(axis=0)
    p, k = root.X.shape[1], root.Z.shape[1]
    y, X, Z = root.y * data.design.y.std(), root.X * sd[:p], root.Z * sd[-k:]
    return Root(y, X, Z, root.free, np.ones(p))
