"""The collapsed form of `effects` and `pooled`: coefficients and effects integrated out.

Given the scales, y = M theta + (strata of variance v) with theta = m + tau z, z ~ N(0, 1), so that

    log p(y | scales) = -1/2 [n log 2 pi + sum_e d_e log v_e + log |I + T H T| + r'V^-1 r - h' (...)^-1 h]

with H = M'V^-1 M = sum_e C_e / v_e from the statistics of each stratum, T = diag(tau) and
h = T M'V^-1 r, r = y - M m (Lindley and Smith 1972; Harville 1977, doi:10.2307/2286796). One Cholesky
factor of [[I + T H T, h], [h', r'V^-1 r]] holds both the determinant and the quadratic form; its last row
and the rest of it are the mean and the precision of z, from which coefficients are drawn exactly.

The time effects of an unbalanced panel are entries of theta with tau = sd_time, the deviations of slopes that
vary by groups entries with tau = sd_slope, and a slope with a heavy-tailed prior has a tau of its own; no
precision is ever divided by a scale, so that scales may go to 0. The constant is integrated out first, by
Sherman and Morrison. That also covers the `fixed` form, whose entity effects sum to zero: level plus zero-sum
effects of standard deviation s have covariance s^2 I + (s_level^2 - s^2 / N) 11', a constant whose "variance"
may be negative.

The only free variables are the scales. Statistics and prior parameters are data, inputs of the formula: on a
GPU one compiled program serves all data sets and priors of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...data.errors import InputError
from ..arrays import library_of
from ..families import FAMILIES, Prior, Priors
from ..priors import DEFAULTS
from .integrate import LOG_2PI, Marginal, integrate
from .statistics import Statistics
from .sums import Array

if TYPE_CHECKING:
    import pymc as pm


def collapsible(priors: Priors) -> bool:
    """Whether coefficients can be integrated out: all of them Gaussian, slopes perhaps given a mixture."""
    return priors["intercept"].family == "normal"


def scale_priors(statistics: Statistics, priors: Priors) -> dict[str, Prior]:
    """The free variables with their priors.

    sigma; the scales of the effects that are partially pooled; the scale of each slope that varies; and,
    for a slope whose prior has heavy tails, the multiple of its variance.
    """
    flat = statistics.form == "fixed"
    names = {"sigma": "sigma"}
    if statistics.entity_effects and not flat:
        names["sd_entity"] = "sd_entity"
    if statistics.time_effects and not flat:
        names["sd_time"] = "sd_time"
    names |= {f"sd_slope[{j}]": "sd_slope" for j in range(len(statistics.varying))}
    found = {name: priors[prior] for name, prior in names.items()}
    for name, count in (("slope", statistics.n_slope), ("between", statistics.n_between)):
        mixing = priors[name].mixing
        if mixing is not None:
            found |= {f"{name}_mixing[{j}]": mixing for j in range(count)}
    return found


def scales_of(statistics: Statistics, priors: Priors = DEFAULTS) -> tuple[str, ...]:
    """Names of the free variables."""
    return tuple(scale_priors(statistics, priors))


def collapsed_data(statistics: Statistics, priors: Priors = DEFAULTS) -> dict[str, Array]:
    """The arrays that the model reads, by the names that they have in it; matrices of `cross` are rows.

    Raises
    ------
    InputError
        Where the intercept has a prior that is not Gaussian.
    """
    if not collapsible(priors):
        raise InputError(
            f"prior intercept = {priors['intercept']}: only a normal intercept can be integrated out; "
            "use --engine nuts."
        )
    k, g, b = statistics.n_slope, statistics.n_between, statistics.n_varying + statistics.n_time
    (slope, slope_sd), (between, between_sd) = (
        priors["slope"].arguments[-2:],
        priors["between"].arguments[-2:],
    )
    level, level_sd = priors["intercept"].arguments
    location = np.concatenate([np.full(k, slope), np.full(g, between), np.zeros(b), [level]])
    spread = np.concatenate([np.full(k, slope_sd), np.full(g, between_sd), np.ones(b)])
    variance, flat = level_sd**2, priors["effect"].arguments[-1]
    if statistics.form == "fixed" and statistics.entity_effects:
        variance -= flat**2 / len(statistics.rows)
    data = dict(zip(("cross", "degrees", "per_entity", "per_time"), statistics.strata, strict=True))
    data["cross"] = data["cross"].reshape(len(data["cross"]), -1)
    data |= {"location": location, "spread": spread, "constant_variance": np.array(variance)}
    if statistics.form == "fixed":
        data["effect_sd"] = np.array(flat)
    for name, prior in scale_priors(statistics, priors).items():
        data[f"{name}_prior"] = np.array(prior.arguments)
    return data


def collapsed_model(statistics: Statistics, priors: Priors = DEFAULTS) -> pm.Model:
    """The model of `effects_model` or `pooled_model` with scales as its only free variables.

    Raises
    ------
    InputError
        Where the intercept has a prior that is not Gaussian.
    """
    import pymc as pm

    with pm.Model() as model:
        for name, value in collapsed_data(statistics, priors).items():
            pm.Data(name, value)
        for name, prior in scale_priors(statistics, priors).items():
            family = FAMILIES[prior.family]
            distribution: Any = getattr(pm, family.pymc)
            distribution(name, **{a: model[f"{name}_prior"][i] for i, a in enumerate(family.arguments)})
        variables = dict(model.named_vars)
        pm.Potential("y", marginal(variables, variables, statistics, priors).log_likelihood)
    return model


def marginal(
    values: Mapping[str, Any], data: Mapping[str, Any], statistics: Statistics, priors: Priors
) -> Marginal:
    """The marginal likelihood at values of the scales.

    Parameters
    ----------
    values : the scales, (...) each, by the names of `scales_of`
    data : `collapsed_data`; statistics and priors give shapes and families only
    """
    xp = library_of(values["sigma"])
    one = xp.ones_like(values["sigma"])

    def scale(name: str) -> Any:
        return one * data["effect_sd"] if statistics.form == "fixed" else values[name]

    variance = (values["sigma"] ** 2)[..., None] * xp.ones_like(data["degrees"])
    if statistics.entity_effects:
        variance = variance + data["per_entity"] * (scale("sd_entity") ** 2)[..., None]
    if statistics.time_effects:
        variance = variance + data["per_time"] * (scale("sd_time") ** 2)[..., None]
    P = statistics.strata.cross.shape[-1]
    H = ((1 / variance) @ data["cross"]).reshape((*tuple(one.shape), P, P))

    own: list[Any] = []  # what multiplies the spread of each coefficient
    for name, count in (("slope", statistics.n_slope), ("between", statistics.n_between)):
        if priors[name].mixing is not None:
            own += [xp.sqrt(values[f"{name}_mixing[{j}]"]) for j in range(count)]
        else:
            own += [one] * count
    for j in range(len(statistics.varying)):
        own += [values[f"sd_slope[{j}]"]] * len(statistics.groups)
    if statistics.n_time:
        own += [scale("sd_time")] * statistics.n_time
    tau = data["spread"] * xp.stack(own, -1) if own else data["spread"]
    log_determinant = data["degrees"].sum(-1) * LOG_2PI + (data["degrees"] * xp.log(variance)).sum(-1)
    return integrate(H, log_determinant, data["location"], tau, data["constant_variance"])


class State(NamedTuple):
    """The model at values of its scales; `Marginal` says what root, tau and constant are.

    Attributes
    ----------
    log_density : (...) log p(y, point), with the Jacobian of the logarithms
    scales : (..., d)
    """

    log_density: Any
    scales: Any
    root: Any
    tau: Any
    constant: Any


def evaluate(point: Any, data: Mapping[str, Any], statistics: Statistics, priors: Priors) -> State:
    """The log-density of `collapsed_model`, in NumPy or JAX.

    It is written down and not taken from the PyMC model, whose graph takes seconds to build and to translate;
    a test holds the two together.

    Parameters
    ----------
    point : (..., d) logarithms of the scales in the order of `scales_of`
    data : `collapsed_data`; statistics and priors give shapes and families only
    """
    scales = library_of(point).exp(point)
    families = {name: prior.family for name, prior in scale_priors(statistics, priors).items()}
    values = {name: scales[..., j] for j, name in enumerate(families)}
    found = marginal(values, data, statistics, priors)
    log_density = found.log_likelihood + point.sum(-1)  # the Jacobian of the logarithm
    for name, family in families.items():
        log_density += FAMILIES[family].log_density(values[name], data[f"{name}_prior"])
    return State(log_density, scales, *found[1:])
