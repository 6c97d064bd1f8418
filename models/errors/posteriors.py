"""Other errors than independent Gaussian ones: the same coefficients, many panels at once.

- `student_t`: heavy tails, the counterpart in a model of winsorising.
- `ar1`: errors of an entity correlated from one time to the next, exact with gaps.
- `entity_variance`: each entity with a variance of its own, partially pooled.
- `cluster`: shocks that the rows of a cluster share at a time and that persist.

`ar1` and `cluster` are drawn directly (`error_density`), `student_t` and `entity_variance` by a Gibbs sampler
(`error_gibbs`). The same models with every effect a random variable are in `error_models`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.errors import InputError, did_you_mean
from ...data.study.spec import Errors
from ..engine.posterior import batch
from ..engine.sampling import Sampler, prepare
from ..engine.statistics import padded, statistics_of_design
from ..priors import DEFAULTS, Priors
from ..scale import Array, Scale, Standardised, scale_of
from . import direct as error_density
from . import gibbs as error_gibbs
from .integrate import values_of
from .rows import OWN, Plan, Rows, ar1_sums, cluster_sums, plan_and_priors, rows_of

if TYPE_CHECKING:
    from ...data.sample.design import Design
    from ...data.study.spec import Form

__all__ = ["ErrorDraws", "Errors", "error_posteriors"]
MEANING: dict[Errors, str] = {
    "gaussian": "independent Gaussian errors",
    "student_t": "Student-t errors",
    "ar1": "AR(1) errors within entities",
    "entity_variance": "a variance for each entity",
    "cluster": "persistent shocks of clusters",
}


@dataclass(frozen=True, eq=False)
class ErrorDraws:
    """Draws of one posterior; m of them.

    Attributes
    ----------
    unit : (k,) what one standardised slope is on the paper's scale
    coef : (m, k) on the paper's scale
    constant : (m,) on the paper's scale
    parameters : (m,) each, standardised scale: sigma, sd_entity, sd_time and those of the errors (nu, rho_error, ...)
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
        """Whether the diagnostics allow the draws to be used: k-hat up to 0.7, or r-hat up to 1.01 and 400 draws."""
        return self.k_hat <= 0.7 or (self.r_hat <= 1.01 and self.ess >= 400)


def error_posteriors(
    designs: Sequence[Design],
    priors: Priors = DEFAULTS,
    form: Form | None = "mundlak",
    errors: Errors = "gaussian",
    draws: int = 1000,
    seed: int = Sampler.seed,
    device: Any = "cpu",
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
        Where slopes vary by groups, the intercept's prior is not normal, or clusters are absent or cut entities.
    """
    check(errors)
    prepare(device)
    scales = [scale_of(design) for design in designs]
    if errors == "gaussian":
        return _gaussian(designs, priors, form, draws, seed, scales)
    return posteriors_of(designs, [None] * len(designs), scales, priors, form, errors, draws, seed)


def check(errors: str) -> None:
    """Refuse errors that are not known."""
    if errors not in OWN:
        raise InputError(f"errors = {errors!r} is not known.{did_you_mean(errors, OWN)}")


def posteriors_of(
    designs: Sequence[Design],
    standardised: Sequence[Standardised | None],
    scales: Sequence[Scale],
    priors: Priors,
    form: Form | None,
    errors: Errors,
    draws: int,
    seed: int,
) -> list[ErrorDraws]:
    """`error_posteriors` with the standardised data and the scale of reports given."""
    problems = [problem(d, priors, form, errors, z) for d, z in zip(designs, standardised, strict=True)]
    alike: dict[Any, list[int]] = {}
    for number, (plan, data) in enumerate(problems):
        alike.setdefault((plan, *(a.shape for a in data.values())), []).append(number)
    found: dict[int, ErrorDraws] = {}
    for members in alike.values():
        plan = problems[members[0]][0]
        parts = _draws(plan, [problems[i][1] for i in members], draws, seed)
        for i, one in zip(members, parts, strict=True):
            found[i] = _result(designs[i].terms, scales[i], form, *one)
    return [found[i] for i in range(len(designs))]


def problem(
    design: Design, priors: Priors, form: Form | None, errors: Errors, z: Standardised | None = None
) -> tuple[Plan, dict[str, Array]]:
    """What the samplers read of a design."""
    rows, sizes = rows_of(design, form, z)
    plan, data = plan_and_priors(design, priors, form, errors, sizes)
    if errors == "ar1":
        data |= ar1_sums(rows)
    elif errors == "cluster":
        data |= cluster_sums(rows, design.times, plan.entity_effects)
    else:
        data |= _weighted(rows, errors)
    return plan, data


def _weighted(rows: Rows, errors: Errors) -> dict[str, Array]:
    size = int(rows.entity.max()) + 1
    group = np.arange(len(rows.M)) if errors == "student_t" else rows.entity
    each: Array = np.bincount(group).astype(float)
    return {
        "M": rows.M,
        "entity": rows.entity,
        "group": group,
        "rows": each,
        "weights": np.ones(len(each)),
        "sums": np.zeros((size, 0)),
        "n": np.array(float(len(rows.M))),
    }


def _draws(plan: Plan, problems: list[dict[str, Array]], draws: int, seed: int) -> list[tuple[Any, ...]]:
    """For each problem: points, slopes, constant, k_hat, r_hat, ess, log_marginal; points by name."""
    if plan.errors in error_density.REDUCED:
        direct, theta, constant = error_density.draw(plan, problems, draws, seed)
        values = _values(plan, direct.points)
        return [
            ({n: v[i] for n, v in values.items()}, theta[i, :, : plan.slopes], constant[i], float(direct.k_hat[i]),
             float("nan"), float(direct.ess[i]), float(direct.log_marginal[i]))
            for i in range(len(theta))
        ]  # fmt: skip
    points, slopes, constant = error_gibbs.draw(plan, problems, draws, seed)
    values = _values(plan, points)
    nan = float("nan")
    return [
        ({n: v[i] for n, v in values.items()}, slopes[i], constant[i], nan, *_converged(points[i], slopes[i]), nan)
        for i in range(len(slopes))
    ]  # fmt: skip


def _values(plan: Plan, points: Array) -> dict[str, Array]:
    """(D, m) Each coordinate as a variable."""
    found = values_of(plan, np.moveaxis(points, -1, 0))
    return {name: np.asarray(value) for name, value in found.items() if "mixing" not in name}


def _converged(points: Array, slopes: Array) -> tuple[float, float]:
    """The largest r-hat and the smallest effective sample size over slopes and coordinates."""
    from arviz_stats.base import array_stats

    chains = error_gibbs.CHAINS
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
    """On the paper's scale; the constant of a model with effects is mean(y) - mean(x)' coef, as in `effects_model`."""
    level = level if form is None else np.zeros(len(level))
    coef = slopes * scale.unit
    constant = scale.y_mean + scale.y_sd * level - coef @ scale.x_mean
    return ErrorDraws(terms, scale.unit, coef, constant, values, *diagnostics)


def _gaussian(
    designs: Sequence[Design],
    priors: Priors,
    form: Form | None,
    draws: int,
    seed: int,
    scales: Sequence[Scale],
) -> list[ErrorDraws]:
    every = [padded(statistics_of_design(design, form)) for design in designs]
    alike: dict[Any, list[int]] = {}
    for number, one in enumerate(every):
        alike.setdefault((*(a.shape for a in one.strata), one.terms, one.n_time), []).append(number)
    found: dict[int, ErrorDraws] = {}
    for members in alike.values():
        drawn = batch([every[i] for i in members], [priors] * len(members), draws, seed)
        for at, i in enumerate(members):
            values = {n: drawn.values[at, :, j] for j, n in enumerate(drawn.scales) if "[" not in n}
            direct = drawn.direct
            found[i] = _result(
                designs[i].terms, scales[i], form, values, drawn.theta[at, :, : designs[i].k], drawn.constant[at],
                float(direct.k_hat[at]), float("nan"), float(direct.ess[at]), float(direct.log_marginal[at]),
            )  # fmt: skip
    return [found[i] for i in range(len(designs))]
