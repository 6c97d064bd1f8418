"""Instruments: first and second stage jointly.

    x = Z pi + w' delta + effects + v
    y = x' beta + Z gamma + w' theta + effects + u,     (u, v) ~ N(0, Sigma)

gamma is the direct effect of the instruments on the outcome, other than through x. Under exact exclusion it
is 0; a prior gamma_j ~ N(0, d_j^2) says that it is nearly 0 (plausibly exogenous instruments: Conley, Hansen
and Rossi 2012, doi:10.1162/REST_a_00139). The correlations of Sigma measure the endogeneity; they have an
LKJ(1) prior, which is uniform. No prior depends on an estimate.

Controls and effects have flat priors, whatever the form of effects of other columns: instruments are used for
their variation within effects. Coefficients with flat priors are projected out exactly. The likelihood of the
remaining ones,

    -1/2 [nu log |Sigma| + tr Sigma^-1 E'E],   E = [y - X beta - Z gamma | X - Z pi],

depends on the data only through the cross-products of [y | X | Z] and their degrees of freedom nu. The model
therefore observes the few rows of the triangular root of these cross-products in place of all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...data.errors import InputError, did_you_mean
from ..frequentist.iv import InstrumentDesign
from ..priors import DEFAULTS, Prior, Priors
from ..scale import Array

if TYPE_CHECKING:
    import pymc as pm

EQUATION = (
    r"x_{it} = z_{it}'\pi + \mu^x_i + \lambda^x_t + v_{it}, \quad "
    r"y_{it} = x_{it}'\beta + z_{it}'\gamma + \mu_i + \lambda_t + u_{it}, \quad (u, v) \sim N(0, \Sigma)"
)


class Root(NamedTuple):
    """Few rows with the cross-products of the data, in standard units of the column's rows.

    Attributes
    ----------
    y, X, Z : (r,), (r, p), (r, k) with r = 1 + p + k
    free : nu
    unit : (p,) what a standardised slope is on the paper's scale
    """

    y: Array
    X: Array
    Z: Array
    free: int
    unit: Array


def root_of(data: InstrumentDesign) -> Root:
    """The triangular root of the cross-products of [y | X | Z]."""
    p, k = data.X.shape[1], data.Z.shape[1]
    sd = data.design.X.std(axis=0)
    sd = np.concatenate([[data.design.y.std()], sd[:p], sd[-k:]])
    rows = np.linalg.qr(np.column_stack([data.y, data.X, data.Z]) / sd, mode="r")
    return Root(rows[:, 0], rows[:, 1 : 1 + p], rows[:, 1 + p :], data.free, sd[0] / sd[1 : 1 + p])


def instrument_model(data: InstrumentDesign, priors: Priors = DEFAULTS, exclusion: bool = False) -> pm.Model:
    """The joint model of both stages.

    Parameters
    ----------
    exclusion
        Whether the instruments may have direct effects, with their priors; else there are none.
    """
    import pymc as pm
    import pytensor.tensor as pt

    root = root_of(data)
    p = root.X.shape[1]
    coords = {"endogenous": data.endogenous, "instrument": data.instruments}
    with pm.Model(coords=coords) as model:
        beta = priors["slope"].variable("beta", dims="endogenous")
        first = priors["first_stage"].variable("first_stage", dims=("instrument", "endogenous"))
        structural = root.y - root.X @ beta
        if exclusion:
            own = [
                prior.variable(f"direct effect of {name}") for name, prior in exclusions(data, priors).items()
            ]
            structural -= root.Z @ pt.stack(own)
        chol, _, _ = pm.LKJCholeskyCov("errors", n=1 + p, eta=1, sd_dist=priors["sigma"].distribution())
        E = pt.concatenate([structural[:, None], root.X - root.Z @ first], axis=1)
        white = pt.linalg.solve_triangular(chol, E.T, lower=True)
        pm.Potential("y", -root.free * pt.log(pt.diagonal(chol)).sum() - 0.5 * (white**2).sum())
        pm.Deterministic("coef", beta * root.unit, dims="endogenous")
    return model


def exclusions(data: InstrumentDesign, priors: Priors) -> dict[str, Prior]:
    """The prior of each instrument's direct effect: its own, else that of all.

    Raises
    ------
    InputError
        If a prior is named for what is not an instrument.
    """
    for name in priors:
        of = name.removeprefix("exclusion[").removesuffix("]")
        if name.startswith("exclusion[") and of not in data.instruments:
            raise InputError(
                f"prior {name}: {of!r} is not an instrument.{did_you_mean(of, data.instruments)}"
            )
    return {name: priors.get(f"exclusion[{name}]", priors["exclusion"]) for name in data.instruments}
