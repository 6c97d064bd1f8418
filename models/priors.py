"""Priors as data, stated on the standardised scale: in standard deviations of outcome and regressors.

A regressor that moves less within effects than the outcome counts by what it moves there: `models.scale`.

The defaults, and why:

- `slope = normal(0, 1)`: moving a regressor by one of its standard deviations moves the outcome by
  more than two of the outcome's with prior probability 0.05; it is symmetric about no effect.
- `between = normal(0, 2.5)`: slopes of entity means (Mundlak) are nuisances; wide.
- `intercept = normal(0, 2.5)`: the standardised outcome has mean 0.
- `sd_slope = half_normal(0.5)`: how far slopes of groups lie from their mean, where slopes vary.
- `sd_entity`, `sd_time`, `sigma` = `half_normal(1)`: no part of the outcome is likely to vary much
  more than the outcome does; all mass down to 0, so that pooling can be complete (Gelman 2006,
  doi:10.1214/06-BA117A).
- `difference = inverse_gamma(5, 2)`: scale of the changes of a slope at thresholds, mean 0.5 and 95% in 0.2
  to 1.2. Next to no mass near 0: with changes that may be negligible, one threshold more would always fit.
- `effect = normal(0, 10)`: each dummy of the `fixed` form; flat over any effect that data can show.
- `rho = normal(0, 0.2)`, cut to (-1, 1): correlation of the errors of mediator and outcome, where a paper
  takes 0; beyond 0.4 in size with prior probability 0.05.
- `first_stage = normal(0, 1)`: slopes of instruments in the first stage, as `slope`.
- `exclusion = normal(0, 0.1)`: direct effect of each instrument on the outcome, where a paper takes 0;
  `exclusion[IV1]` is that of one instrument.

The parameters that a law of errors has of its own stand, with their reasons, in the file of that law
(`models/errors`).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..data.errors import InputError, did_you_mean
from .errors import LAWS
from .families import FAMILIES, Prior, Priors, parse_prior
from .parameters import CORRELATION, POSITIVE, REAL, Parameter

__all__ = ["DEFAULTS", "FAMILIES", "PARAMETERS", "Prior", "Priors", "parse_prior", "with_overrides"]

_OWN = (
    Parameter(
        "slope",
        Prior("normal", (0.0, 1.0)),
        REAL,
        "each coefficient: standard deviations of the outcome for one standard deviation of the regressor; "
        "of what effects leave, where they leave less of the regressor than of the outcome",
    ),
    Parameter("between", Prior("normal", (0.0, 2.5)), REAL, "slopes on entity means (Mundlak's γ)"),
    Parameter("intercept", Prior("normal", (0.0, 2.5)), REAL, "the level of the standardised outcome"),
    Parameter(
        "sd_slope", Prior("half_normal", (0.5,)), POSITIVE, "spread of the slopes of groups about their mean"
    ),
    Parameter("sd_entity", Prior("half_normal", (1.0,)), POSITIVE, "spread of the entity effects"),
    Parameter("sd_time", Prior("half_normal", (1.0,)), POSITIVE, "spread of the time effects"),
    Parameter("sigma", Prior("half_normal", (1.0,)), POSITIVE, "spread of the errors"),
    Parameter(
        "difference",
        Prior("inverse_gamma", (5.0, 2.0)),
        POSITIVE,
        "scale of the changes of a slope at thresholds",
    ),
    Parameter("effect", Prior("normal", (0.0, 10.0)), REAL, "each entity or time effect of the fixed form"),
    Parameter(
        "rho",
        Prior("normal", (0.0, 0.2)),
        CORRELATION,
        "correlation of the errors of mediator and outcome, cut to (−1, 1); beside the paper's 0",
    ),
    Parameter(
        "first_stage",
        Prior("normal", (0.0, 1.0)),
        REAL,
        "each slope of an instrument in the first stage, standardised",
    ),
    Parameter(
        "exclusion",
        Prior("normal", (0.0, 0.1)),
        REAL,
        "direct effect of each instrument, standardised; beside the paper's 0",
    ),
)
PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (*_OWN, *(own for law in LAWS.values() for own in law.parameters))
}
DEFAULTS: Priors = {name: parameter.prior for name, parameter in PARAMETERS.items()}


def with_overrides(*layers: Mapping[str, str]) -> Priors:
    """The default priors with later layers of `name = "distribution(...)"` laid over earlier ones.

    >>> str(with_overrides({"slope": "cauchy(0, 1)"})["slope"])
    'cauchy(0, 1)'

    Raises
    ------
    InputError
        Where no parameter has that name, or the distribution does not fit its support.
    """
    priors = dict(DEFAULTS)
    for layer in layers:
        for name, text in layer.items():
            if name not in priors and not name.startswith("exclusion["):
                raise InputError(f"there is no prior named {name!r}.{did_you_mean(name, priors)}")
            prior = parse_prior(text)
            positive = PARAMETERS[name.partition("[")[0]].support.positive
            if prior.positive != positive:
                kind = (
                    "a scale: use half_normal, half_cauchy or exponential"
                    if positive
                    else "on the whole line: use normal, student_t, cauchy or laplace"
                )
                raise InputError(f"prior {name} = {text!r}: {name} is {kind}.")
            priors[name] = prior
    return priors
