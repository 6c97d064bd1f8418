"""The families of prior distributions, in one table: adding a family is adding one entry to `FAMILIES`.

An entry carries the family's PyMC class, its SciPy twin, its log-density and, where the family is
symmetric about a centre, two more things:

- `kernel`, the log-density as three numbers, log f(x) = constant - c g(|z|^p / b) with z = (x - centre) /
  scale and g(u) = log(1 + u), or g(u) = u without a b. A page that lets its reader move a prior needs no
  other formula.
- `mixing`, for heavy tails: given a multiple of its variance, which has this distribution, the coefficient is
  normal (Andrews and Mallows 1974, doi:10.1111/j.2517-6161.1974.tb00989.x).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.errors import InputError, did_you_mean
from .arrays import gammaln, library_of
from .scale import Array

if TYPE_CHECKING:
    from pytensor.tensor import TensorVariable
    from scipy.stats.distributions import rv_frozen

LONGEST = 200
LOG_2PI = math.log(2 * math.pi)
CALL = re.compile(r"\s*([a-z_]+)\s*\(\s*([^()]*?)\s*\)\s*")


class Kernel(NamedTuple):
    """The log-density of a symmetric family at z, up to a constant: -c |z|^p, or -c log(1 + |z|^p / b)."""

    coefficient: float
    power: float
    divisor: float | None = None

    def log_density(self, z: Array) -> Array:
        """Up to a constant."""
        size = np.abs(z) ** self.power
        return -self.coefficient * (size if self.divisor is None else np.log1p(size / self.divisor))


@dataclass(frozen=True)
class Family:
    """One family of distributions.

    Attributes
    ----------
    arguments : their names, in PyMC's words; a family with a kernel ends with its centre and its scale
    pymc : name of the PyMC class
    scipy : arguments -> name and arguments of the SciPy distribution
    log_density : value (...), arguments (..., 3) -> log-density inside the support, in NumPy or JAX
    positive : whether the support is the positive half of the line, and not all of it
    kernel : arguments -> `Kernel`
    mixing : arguments -> the family and arguments of the multiple of the variance
    """

    arguments: tuple[str, ...]
    pymc: str
    scipy: Callable[..., tuple[str, dict[str, float]]]
    log_density: Callable[[Any, Any], Any]
    positive: bool = False
    kernel: Callable[..., Kernel] | None = None
    mixing: Callable[..., tuple[str, tuple[float, ...]]] | None = None


def _log(x: Any) -> Any:
    return library_of(x).log(x)


def _log1p(x: Any) -> Any:
    return library_of(x).log1p(x)


def _normal(x: Any, centre: Any, scale: Any) -> Any:
    return -0.5 * (((x - centre) / scale) ** 2 + LOG_2PI) - _log(scale)


def _student_t(x: Any, nu: Any, centre: Any, scale: Any) -> Any:
    top = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * _log(nu * math.pi) - _log(scale)
    return top - (nu + 1) / 2 * _log1p(((x - centre) / scale) ** 2 / nu)


def _cauchy(x: Any, centre: Any, scale: Any) -> Any:
    return -math.log(math.pi) - _log(scale) - _log1p(((x - centre) / scale) ** 2)


def _gamma(x: Any, shape: Any, rate: Any) -> Any:
    return shape * _log(rate) - gammaln(shape) + (shape - 1) * _log(x) - rate * x


def _inverse_gamma(x: Any, shape: Any, scale: Any) -> Any:
    return shape * _log(scale) - gammaln(shape) - (shape + 1) * _log(x) - scale / x


FAMILIES: dict[str, Family] = {
    "normal": Family(
        ("mu", "sigma"),
        "Normal",
        lambda mu, sigma: ("norm", {"loc": mu, "scale": sigma}),
        lambda x, a: _normal(x, a[..., 0], a[..., 1]),
        kernel=lambda mu, sigma: Kernel(0.5, 2.0),
    ),
    "student_t": Family(
        ("nu", "mu", "sigma"),
        "StudentT",
        lambda nu, mu, sigma: ("t", {"df": nu, "loc": mu, "scale": sigma}),
        lambda x, a: _student_t(x, a[..., 0], a[..., 1], a[..., 2]),
        kernel=lambda nu, mu, sigma: Kernel((nu + 1) / 2, 2.0, nu),
        mixing=lambda nu, mu, sigma: ("inverse_gamma", (nu / 2, nu / 2)),
    ),
    "cauchy": Family(
        ("alpha", "beta"),
        "Cauchy",
        lambda a, b: ("cauchy", {"loc": a, "scale": b}),
        lambda x, a: _cauchy(x, a[..., 0], a[..., 1]),
        kernel=lambda a, b: Kernel(1.0, 2.0, 1.0),
        mixing=lambda a, b: ("inverse_gamma", (0.5, 0.5)),
    ),
    "laplace": Family(
        ("mu", "b"),
        "Laplace",
        lambda mu, b: ("laplace", {"loc": mu, "scale": b}),
        lambda x, a: -abs(x - a[..., 0]) / a[..., 1] - _log(2 * a[..., 1]),
        kernel=lambda mu, b: Kernel(1.0, 1.0),
        mixing=lambda mu, b: ("exponential", (0.5,)),
    ),
    "half_normal": Family(
        ("sigma",),
        "HalfNormal",
        lambda sigma: ("halfnorm", {"scale": sigma}),
        lambda x, a: math.log(2) + _normal(x, 0.0, a[..., 0]),
        positive=True,
    ),
    "half_cauchy": Family(
        ("beta",),
        "HalfCauchy",
        lambda b: ("halfcauchy", {"scale": b}),
        lambda x, a: math.log(2) + _cauchy(x, 0.0, a[..., 0]),
        positive=True,
    ),
    "inverse_gamma": Family(
        ("alpha", "beta"),
        "InverseGamma",
        lambda a, b: ("invgamma", {"a": a, "scale": b}),
        lambda x, a: _inverse_gamma(x, a[..., 0], a[..., 1]),
        positive=True,
    ),
    "gamma": Family(
        ("alpha", "beta"),
        "Gamma",
        lambda a, b: ("gamma", {"a": a, "scale": 1 / b}),
        lambda x, a: _gamma(x, a[..., 0], a[..., 1]),
        positive=True,
    ),
    "exponential": Family(
        ("lam",),
        "Exponential",
        lambda lam: ("expon", {"scale": 1 / lam}),
        lambda x, a: _log(a[..., 0]) - a[..., 0] * x,
        positive=True,
    ),
}


@dataclass(frozen=True)
class Prior:
    """A distribution as data: `Prior("normal", (0.0, 1.0))`.

    >>> float(Prior("normal", (0.0, 1.0)).frozen().std())
    1.0
    """

    family: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.family}({', '.join(f'{a:g}' for a in self.arguments)})"

    @property
    def positive(self) -> bool:
        return FAMILIES[self.family].positive

    @property
    def kernel(self) -> Kernel | None:
        """The log-density as three numbers, or None for a family that is not symmetric about a centre."""
        make = FAMILIES[self.family].kernel
        return make(*self.arguments) if make else None

    @property
    def mixing(self) -> Prior | None:
        """The multiple of its variance, given which a heavy-tailed coefficient is normal; None for others."""
        make = FAMILIES[self.family].mixing
        return Prior(*make(*self.arguments)) if make else None

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

    def log_density(self, x: Array) -> Array:
        """SciPy's, without freezing the distribution, which takes longer than the density."""
        from scipy import stats

        name, arguments = FAMILIES[self.family].scipy(*self.arguments)
        return getattr(stats, name).logpdf(x, **arguments)


Priors = Mapping[str, Prior]


def parse_prior(text: str) -> Prior:
    """Parse `normal(0, 1)`; never evaluated.

    >>> str(parse_prior("cauchy(0, 0.5)"))
    'cauchy(0, 0.5)'

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
        location = argument in ("mu", "alpha") and not FAMILIES[name].positive
        if not abs(value) < 1e6 or (not location and value <= 0):
            bound = "below 1e6 in size" if location else "positive and below 1e6"
            raise InputError(f"prior {text!r}: {argument} = {value:g} must be {bound}.")
    return Prior(name, arguments)
