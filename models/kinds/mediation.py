"""Mediation: a treatment x acts on an outcome y directly and through a mediator m.

    m_it = a x_it + w_it' alpha + effects + e^m_it
    y_it = c' x_it + b m_it + w_it' gamma + effects + e_it

The indirect effect (ACME) is a b, the direct effect c', the total effect c' + a b. With independent errors
the two equations are two separate regressions, as in the papers. With several mediators they are the
equations of a chain, m_1 | x, then m_2 | m_1, x, and so on, and y | m, x.

A common cause of mediator and outcome makes the errors correlated: rho = corr(e^m, e). The regression of y
on x, m and effects then estimates b* and c* in place of b and c',

    b* = b + kappa,   c* = c' - a kappa,   kappa = rho sigma_y / sigma_m,   sigma_u^2 = sigma_y^2 (1 - rho^2),

with sigma_u the standard deviation of its errors. The likelihood remains that of two separate regressions,
in which rho does not occur: the data say nothing of rho (Imai, Keele and Tingley 2010,
doi:10.1037/a0020761). Priors are therefore put on what the data identify, which are the slopes, effects and
error scales of the two regressions, and independently on rho (the transparent parametrisation of Gustafson
2005, doi:10.1214/088342305000000098). At rho = 0 they are the usual priors of a, b and c'. The posterior of
rho is its prior, and every effect at any rho is an exact transform of the same draws.

So it is where the errors of the two regressions are correlated within entities, with a correlation over time
of each: the outcome's error is then kappa e^m plus the error of its regression, a sum of two AR(1) errors,
and rho remains the correlation of e^m and e of one row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.errors import InputError, did_you_mean
from ...data.sample.design import Design
from ...data.sample.within import split
from ...data.study.spec import Form
from ..priors import DEFAULTS, Priors
from ..scale import scale_of, standardise

if TYPE_CHECKING:
    import pymc as pm

EQUATION = (
    r"m_{it} = a x_{it} + \mu^m_i + \lambda^m_t + e^m_{it}, \quad "
    r"y_{it} = c' x_{it} + b m_{it} + \mu_i + \lambda_t + e_{it}, \quad \rho = \mathrm{corr}(e^m, e)"
)


def mediation_model(
    design: Design,
    treatment: str,
    mediator: str,
    priors: Priors = DEFAULTS,
    form: Form | None = "mundlak",
    rho: float | None = None,
) -> pm.Model:
    """The joint model of mediator and outcome, every effect a random variable.

    `indirect`, `direct` and `total` are on the paper's scale.

    Parameters
    ----------
    design
        That of the outcome, with treatment and mediator among its terms.
    form
        None where there are no effects.
    rho
        The correlation of the errors; a random variable with its prior where it is None.
    """
    import pymc as pm

    first, last = equations(design, (mediator,))
    with pm.Model(coords=_coords(design, first)) as model:
        of_m, of_y = (scale_of(one, form is not None) for one in (first, last))
        m, m_mean, m_slope, sigma_m = _regression("mediator", first, priors, form)
        a = m_slope[first.terms.index(treatment)] * of_m.unit[first.terms.index(treatment)]

        y, y_mean, y_slope, sigma_u = _regression("outcome", last, priors, form)
        b, direct = (y_slope[j] * of_y.unit[j] for j in map(last.terms.index, (mediator, treatment)))

        correlation = _correlation(priors) if rho is None else rho
        sigma_y = sigma_u / pm.math.sqrt(1 - correlation**2)
        kappa = correlation * sigma_y / sigma_m
        slope = kappa * of_y.y_sd / of_m.y_sd  # of the outcome's errors on the mediator's
        b, direct = b - slope, direct + slope * a
        mean = pm.math.stack([m_mean, y_mean - kappa * (m - m_mean)], axis=1)
        covariance = _covariance(sigma_m, sigma_y, correlation)
        pm.MvNormal("errors", mean, covariance, observed=np.column_stack([m, y]))

        pm.Deterministic("indirect", a * b)
        pm.Deterministic("direct", direct)
        pm.Deterministic("total", a * b + direct)
    return model


def _regression(name: str, design: Design, priors: Priors, form: Form | None) -> tuple[Any, Any, Any, Any]:
    """Standardised left-hand side, its mean, the slopes and the error scale of one equation."""
    import pymc as pm

    z = standardise(design, form is not None)
    X = split(z.X, design.entity, design.time, design.entity_effects, design.time_effects)
    slope = priors["slope"].variable(f"{name}_slope", dims=f"{name}_term")
    level: Any = priors["intercept"].variable(f"{name}_intercept")
    sigma = priors["sigma"].variable(f"{name}_sigma")
    mean: Any = (X.within if form in ("fixed", "mundlak") else z.X) @ slope
    flat = priors["effect"].arguments[-1]
    if not (form and design.entity_effects):
        mean += level
    elif form == "fixed":
        mean += (level + pm.ZeroSumNormal(f"{name}_entity_effect", flat, dims=design.entity_name))[
            design.entity
        ]
    else:
        if form == "mundlak":
            level += X.entity @ priors["between"].variable(f"{name}_between", dims=f"{name}_term")
        sd_entity = priors["sd_entity"].variable(f"{name}_sd_entity")
        mean += pm.Normal(f"{name}_entity_effect", level, sd_entity, dims=design.entity_name)[design.entity]
    if form and design.time_effects:
        over_time: Any = flat if form == "fixed" else priors["sd_time"].variable(f"{name}_sd_time")
        mean += pm.ZeroSumNormal(f"{name}_time_effect", over_time, dims=design.time_name)[design.time]
    return z.y, mean, slope, sigma


def _correlation(priors: Priors) -> Any:
    """rho, its prior restricted to (-1, 1)."""
    import pymc as pm

    return pm.Truncated("rho", priors["rho"].distribution(), lower=-1, upper=1)


def _covariance(sigma_m: Any, sigma_y: Any, rho: Any) -> Any:
    """(2, 2) Covariance matrix of the errors of mediator and outcome."""
    import pymc as pm

    return pm.math.stack(
        [
            pm.math.stack([sigma_m**2, rho * sigma_m * sigma_y]),
            pm.math.stack([rho * sigma_m * sigma_y, sigma_y**2]),
        ]
    )


def _coords(design: Design, first: Design) -> dict[str, Any]:
    return {
        "mediator_term": first.terms,
        "outcome_term": design.terms,
        design.entity_name: design.entities,
        design.time_name: design.times,
    }


def equations(design: Design, mediators: tuple[str, ...]) -> tuple[Design, ...]:
    """The regressions of the chain: each mediator on earlier ones and all other regressors, then y.

    Raises
    ------
    InputError
        If a mediator is not a term of the design.
    """
    for mediator in mediators:
        if mediator not in design.terms:
            raise InputError(
                f"the mediator {mediator!r} is not a regressor of {design.outcome!r}; add it to the formula."
                f"{did_you_mean(mediator, design.terms)}"
            )
    found = []
    for j, mediator in enumerate(mediators):
        terms = tuple(t for t in design.terms if t not in mediators[j:])
        X = design.X[:, [design.terms.index(t) for t in terms]]
        y = design.X[:, design.terms.index(mediator)]
        found.append(replace(design, outcome=mediator, terms=terms, y=y, X=X))
    return (*found, design)
