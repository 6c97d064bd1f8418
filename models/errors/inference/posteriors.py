"""Posteriors of the coefficients of many panels at once under any law of errors.

Laws whose likelihood reads additive sums are drawn by `engine.posterior`, laws that whiten directly
(`importance_draws`), laws of weights by a Gibbs sampler (`gibbs`). The same models with every effect a random
variable are `kinds.effects.effects_model` and `kinds.pooled.pooled_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....data.errors import InputError, did_you_mean
from ....data.study.spec import Errors
from ...engine.posterior import batch
from ...engine.sampling import Device, Sampler, prepare
from ...engine.statistics import padded, statistics_of_design
from ...families import Priors
from ...priors import DEFAULTS
from ...scale import Array, Scale, Standardised, scale_of
from .. import LAWS
from ..law import Law, Whitening
from . import gibbs, importance_draws
from .problem import Plan, problem, values_of

if TYPE_CHECKING:
    from ....data.sample.design import Design
    from ....data.study.spec import Form

__all__ = ["ErrorDraws", "Errors", "error_posteriors"]


@dataclass(frozen=True, eq=False)
class ErrorDraws:
    """Draws of one posterior; m of them.

    Attributes
    ----------
    unit : (k,) what one standardised slope is on the paper's scale
    coef : (m, k) on the paper's scale
    constant : (m,) on the paper's scale
    parameters : (m,) each, in standard units: sigma, sd_entity, sd_time and those of the law
    k_hat : of direct draws, above 0.7 not to be used; not a number for the Gibbs sampler
    r_hat : the largest over slopes and parameters; not a number for direct draws
    ess : effective number of draws, the smallest over slopes and parameters
    log_marginal : of the standardised outcome; not a number for the Gibbs sampler
    """

    terms: tuple[str, ...]
    unit: Array
    coef: Array
    constant: Array
    parameters: dict[str, Array]
    k_hat: float
    r_hat: float
    ess: float
    log_marginal: float

    @property
    def trusted(self) -> bool:
        """Whether the draws can be used: k-hat up to 0.7, or r-hat up to 1.01 and 400 effective draws."""
        return self.k_hat <= 0.7 or (self.r_hat <= 1.01 and self.ess >= 400)


def error_posteriors(
    designs: Sequence[Design],
    priors: Priors = DEFAULTS,
    form: Form | None = "mundlak",
    errors: Errors = "gaussian",
    draws: int = 1000,
    seed: int = Sampler.seed,
    device: Device = "cpu",
) -> list[ErrorDraws]:
    """Posteriors of the coefficients of designs under one model of the errors.

    Designs of one shape share a compiled program; their random numbers are the same.

    Parameters
    ----------
    form
        fixed, random or mundlak; None for the pooled model.
    draws
        Of the Gibbs sampler's four chains together.

    Raises
    ------
    InputError
        Where slopes vary by groups, the intercept's prior is not normal, or clusters are absent or cut
        entities.
    """
    law = law_of(errors)
    scales = [scale_of(design, form is not None) for design in designs]
    if law.additive:
        return _from_statistics(designs, priors, form, draws, seed, scales, device)
    return posteriors_of(designs, [None] * len(designs), scales, priors, form, errors, draws, seed, device)


def law_of(errors: str) -> Law:
    """The law with a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if errors not in LAWS:
        raise InputError(f"errors = {errors!r} is not known.{did_you_mean(errors, LAWS)}")
    return LAWS[errors]


def posteriors_of(
    designs: Sequence[Design],
    standardised: Sequence[Standardised | None],
    scales: Sequence[Scale],
    priors: Priors,
    form: Form | None,
    errors: Errors,
    draws: int,
    seed: int,
    device: Device = "cpu",
) -> list[ErrorDraws]:
    """`error_posteriors` with the standardised data and the scale of reports given."""
    law = law_of(errors)
    problems = [problem(d, priors, form, law, z) for d, z in zip(designs, standardised, strict=True)]
    alike: dict[Any, list[int]] = {}
    for number, (plan, data) in enumerate(problems):
        alike.setdefault((plan, *(a.shape for a in data.values())), []).append(number)
    found: dict[int, ErrorDraws] = {}
    for members in alike.values():
        plan = problems[members[0]][0]
        parts = _draws(plan, [problems[i][1] for i in members], draws, seed, device)
        for i, one in zip(members, parts, strict=True):
            found[i] = _result(designs[i].terms, scales[i], form, *one)
    return [found[i] for i in range(len(designs))]


def _draws(
    plan: Plan, problems: list[dict[str, Array]], draws: int, seed: int, device: Device
) -> list[tuple[Any, ...]]:
    """For each problem: points, slopes, constant, k_hat, r_hat, ess, log_marginal; points by name."""
    if isinstance(plan.law.collapsed, Whitening):
        direct, theta, constant = importance_draws.draw(plan, problems, draws, seed, device)
        values = _values(plan, direct.points)
        return [
            ({n: v[i] for n, v in values.items()}, theta[i, :, : plan.slopes], constant[i],
            float(direct.k_hat[i]),
             float("nan"), float(direct.ess[i]), float(direct.log_marginal[i]))
            for i in range(len(theta))
        ]  # fmt: skip
    prepare(device)
    points, slopes, constant = gibbs.draw(plan, problems, draws, seed)
    values = _values(plan, points)
    nan = float("nan")
    return [
        ({n: v[i] for n, v in values.items()}, slopes[i], constant[i], nan, *_converged(points[i], slopes[i]),
        nan) for i in range(len(slopes))
    ]  # fmt: skip


def _values(plan: Plan, points: Array) -> dict[str, Array]:
    """(D, m) Each coordinate as a variable."""
    return {name: value for name, value in values_of(plan, points).items() if "mixing" not in name}


def _converged(points: Array, slopes: Array) -> tuple[float, float]:
    """The largest r-hat and the smallest effective sample size over slopes and coordinates."""
    from arviz_stats.base import array_stats

    chains = gibbs.CHAINS
    kept = len(points) // chains * chains
    both = np.column_stack([points, slopes])[:kept].reshape(chains, -1, points.shape[1] + slopes.shape[1])
    both = np.moveaxis(both, -1, 0)
    return float(np.max(array_stats.rhat(both))), float(np.min(array_stats.ess(both)))


def _result(
    terms: tuple[str, ...],
    scale: Scale,
    form: Form | None,
    values: dict[str, Array],
    slopes: Array,
    level: Array,
    *diagnostics: float,
) -> ErrorDraws:
    """On the paper's scale; with effects the constant is mean(y) - mean(x)' coef, as in `effects_model`."""
    level = level if form is None else np.zeros(len(level))
    coef = slopes * scale.unit
    constant = scale.y_mean + scale.y_sd * level - coef @ scale.x_mean
    return ErrorDraws(terms, scale.unit, coef, constant, values, *diagnostics)


def _from_statistics(
    designs: Sequence[Design],
    priors: Priors,
    form: Form | None,
    draws: int,
    seed: int,
    scales: Sequence[Scale],
    device: Device,
) -> list[ErrorDraws]:
    """By the engine of additive sums."""
    every = [padded(statistics_of_design(design, form)) for design in designs]
    alike: dict[Any, list[int]] = {}
    for number, one in enumerate(every):
        alike.setdefault((*(a.shape for a in one.strata), one.terms, one.n_time), []).append(number)
    found: dict[int, ErrorDraws] = {}
    for members in alike.values():
        drawn = batch([every[i] for i in members], [priors] * len(members), draws, seed, device)
        for at, i in enumerate(members):
            values = {n: drawn.values[at, :, j] for j, n in enumerate(drawn.scales) if "[" not in n}
            direct = drawn.direct
            found[i] = _result(
                designs[i].terms, scales[i], form, values, drawn.theta[at, :, : designs[i].k],
                drawn.constant[at], float(direct.k_hat[at]), float("nan"), float(direct.ess[at]),
                float(direct.log_marginal[at]),
            )  # fmt: skip
    return [found[i] for i in range(len(designs))]
