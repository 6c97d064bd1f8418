"""Priors as data, stated on the standardised scale (outcome and regressors in standard deviations).

The defaults, and why:

- `slope = normal(0, 1)`: moving a regressor by one of its standard deviations moves the outcome by
  more than two of the outcome's with prior probability 0.05; it is symmetric about no effect.
- `between = normal(0, 2.5)`: slopes of entity means (Mundlak) are nuisances; wide.
- `intercept = normal(0, 2.5)`: the standardised outcome has mean 0.
- `sd_slope = half_normal(0.5)`: how far slopes of groups lie from their mean, where slopes vary.
- `sd_entity`, `sd_time`, `sigma` = `half_normal(1)`: no part of the outcome is likely to vary much
  more than the outcome does; all mass down to 0, so that pooling can be complete (Gelman 2006,
  doi:10.1214/06-BA117A).
- `difference = inverse_gamma(5, 2)`: scale of the changes of a slope at thresholds, mean 0.5 and 95% in 0.2 to
  1.2. Next to no mass near 0: with changes that may be negligible, one threshold more would always fit.
- `effect = normal(0, 10)`: each dummy of the `fixed` form; flat over any effect that data can show.
- `rho = normal(0, 0.2)`, cut to (-1, 1): correlation of the errors of mediator and outcome, where a paper
  takes 0; beyond 0.4 in size with prior probability 0.05.
- `first_stage = normal(0, 1)`: slopes of instruments in the first stage, as `slope`.
- `exclusion = normal(0, 0.1)`: direct effect of each instrument on the outcome, where a paper takes 0;
  `exclusion[IV1]` is that of one instrument.
- `nu = gamma(2, 0.1)`: degrees of freedom of Student-t errors (Juarez and Steel 2010, doi:10.1002/jae.1113);
  95% in 2.4 to 56.
- `sd_variance = half_normal(0.5)`: how far the error variances of entities differ, about the standard deviation of
  their logarithms; at 0.5 one entity in twenty has errors more than 1.6 times as large as is typical.
- `rho_error = normal(0, 1)`, cut to (-1, 1): correlation of an entity's errors from one time to the next; close to
  flat.
- `sd_cluster = half_normal(0.5)`: shocks that the rows of a cluster share at a time; `rho_cluster = normal(0, 1)`, cut
  to (-1, 1): their correlation from one time to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pytensor.tensor import TensorVariable
    from scipy.stats.distributions import rv_frozen

LONGEST = 200
CALL = re.compile(r"\s*([a-z_]+)\s*\(\s*([^()]*?)\s*\)\s*")


@dataclass(frozen=True)
class Family:
    """A distribution by its PyMC class and SciPy twin; `lower` is the end of its support."""

    arguments: tuple[str, ...]
    pymc: str
    scipy: Callable[..., tuple[str, dict[str, float]]]
    lower: float | None = None


FAMILIES: dict[str, Family] = {
    "normal": Family(("mu", "sigma"), "Normal", lambda mu, sigma: ("norm", {"loc": mu, "scale": sigma})),
    "student_t": Family(
        ("nu", "mu", "sigma"), "StudentT", lambda nu, mu, sigma: ("t", {"df": nu, "loc": mu, "scale": sigma})
    ),
    "cauchy": Family(("alpha", "beta"), "Cauchy", lambda a, b: ("cauchy", {"loc": a, "scale": b})),
    "laplace": Family(("mu", "b"), "Laplace", lambda mu, b: ("laplace", {"loc": mu, "scale": b})),
    "half_normal": Family(("sigma",), "HalfNormal", lambda sigma: ("halfnorm", {"scale": sigma}), 0.0),
    "half_cauchy": Family(("beta",), "HalfCauchy", lambda b: ("halfcauchy", {"scale": b}), 0.0),
    "inverse_gamma": Family(
        ("alpha", "beta"), "InverseGamma", lambda a, b: ("invgamma", {"a": a, "scale": b}), 0.0
    ),
    "gamma": Family(("alpha", "beta"), "Gamma", lambda a, b: ("gamma", {"a": a, "scale": 1 / b}), 0.0),
    "exponential": Family(("lam",), "Exponential", lambda lam: ("expon", {"scale": 1 / lam}), 0.0),
}


@dataclass(frozen=True)
class Prior:
    """A distribution as data: `Prior("normal", (0.0, 1.0))`."""

    family: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.family}({', '.join(f'{a:g}' for a in self.arguments)})"

    @property
    def positive(self) -> bool:
        return FAMILIES[self.family].lower == 0

    def variable(self, name: str, dims: str | tuple[str, ...] | None = None) -> TensorVariable:
        """A random variable of the PyMC model on the context stack."""
        import pymc as pm

        family = FAMILIES[self.family]
        distribution: Any = getattr(pm, family.pymc)
        return distribution(name, **dict(zip(family.arguments, self.arguments, strict=True)), dims=dims)

    def distribution(self) -> TensorVariable:
        """The same as an unnamed distribution, to be truncated or nested."""
        import pymc as pm

        family = FAMILIES[self.family]
        distribution: Any = getattr(pm, family.pymc)
        return distribution.dist(**dict(zip(family.arguments, self.arguments, strict=True)))

    def frozen(self) -> rv_frozen:
        """The same distribution in SciPy."""
        from scipy import stats

        name, arguments = FAMILIES[self.family].scipy(*self.arguments)
        return getattr(stats, name)(**arguments)


Priors = Mapping[str, Prior]

DEFAULTS: Priors = {
    "slope": Prior("normal", (0.0, 1.0)),
    "between": Prior("normal", (0.0, 2.5)),
    "intercept": Prior("normal", (0.0, 2.5)),
    "sd_slope": Prior("half_normal", (0.5,)),
    "sd_entity": Prior("half_normal", (1.0,)),
    "sd_time": Prior("half_normal", (1.0,)),
    "sigma": Prior("half_normal", (1.0,)),
    "difference": Prior("inverse_gamma", (5.0, 2.0)),
    "effect": Prior("normal", (0.0, 10.0)),
    "rho": Prior("normal", (0.0, 0.2)),
    "first_stage": Prior("normal", (0.0, 1.0)),
    "exclusion": Prior("normal", (0.0, 0.1)),
    "nu": Prior("gamma", (2.0, 0.1)),
    "sd_variance": Prior("half_normal", (0.5,)),
    "rho_error": Prior("normal", (0.0, 1.0)),
    "sd_cluster": Prior("half_normal", (0.5,)),
    "rho_cluster": Prior("normal", (0.0, 1.0)),
}
SCALES = ("sd_slope", "difference", "sd_entity", "sd_time", "sigma", "nu", "sd_variance", "sd_cluster")


def parse_prior(text: str) -> Prior:
    """Parse `normal(0, 1)`; never evaluated.

    Raises
    ------
    InputError
        Naming the text and what is allowed.
    """
    example = "write for example normal(0, 1)"
    match = CALL.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise InputError(f"prior {text!r} is not a distribution; {example}.")
    name, inner = match.groups()
    if name not in FAMILIES:
        raise InputError(
            f"prior {text!r}: {name!r} is not a known distribution.{did_you_mean(name, FAMILIES)}"
        )
    try:
        arguments = tuple(float(piece) for piece in inner.split(",")) if inner else ()
    except ValueError:
        raise InputError(f"prior {text!r}: its arguments must be numbers; {example}.") from None
    names = FAMILIES[name].arguments
    if len(arguments) != len(names):
        raise InputError(f"prior {text!r}: {name} takes {len(names)} numbers ({', '.join(names)}).")
    for argument, value in zip(names, arguments, strict=True):
        location = argument in ("mu", "alpha") and FAMILIES[name].lower is None
        if not abs(value) < 1e6 or (not location and value <= 0):
            bound = "below 1e6 in size" if location else "positive and below 1e6"
            raise InputError(f"prior {text!r}: {argument} = {value:g} must be {bound}.")
    return Prior(name, arguments)


def with_overrides(*layers: Mapping[str, str]) -> Priors:
    """The default priors with later layers of `name = "distribution(...)"` laid over earlier ones."""
    priors = dict(DEFAULTS)
    for layer in layers:
        for name, text in layer.items():
            if name not in priors and not name.startswith("exclusion["):
                raise InputError(f"there is no prior named {name!r}.{did_you_mean(name, priors)}")
            prior = parse_prior(text)
            if prior.positive != (name in SCALES):
                kind = "a scale: use half_normal, half_cauchy or exponential"
                other = "on the whole line: use normal, student_t, cauchy or laplace"
                raise InputError(f"prior {name} = {text!r}: {name} is {kind if name in SCALES else other}.")
            priors[name] = prior
    return priors
