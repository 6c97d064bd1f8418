"""Direct and indirect effects from the separate regressions of a mediation chain, at any rho.

`models.kinds.mediation` derives why this is exact. Draws come from the collapsed engine, one equation at a
time, under any law of errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...data.errors import InputError
from ...data.sample.design import Design
from ...data.study.spec import Errors, Form
from ..engine.sampling import Sampler
from ..kinds.mediation import equations, mediation_model
from ..priors import DEFAULTS, Prior, Priors
from ..scale import Array, scale_of

if TYPE_CHECKING:
    from xarray import DataTree

SAMPLER = Sampler()
RHO_GRID = np.linspace(-0.95, 0.95, 77)
LEVELS = (0.025, 0.975)
LEAST_MASS = 0.01


@dataclass(frozen=True, eq=False)
class Paths:
    """S draws of what the data identify, on the paper's scale, for p mediators.

    Attributes
    ----------
    a : (S, p) effect of the treatment on each mediator
    b : (S, p) slopes of the mediators in the outcome equation, rho = 0
    direct : (S,) slope of the treatment there
    covariance : (S, p, p) of the mediators' errors
    sigma_u : (S,) standard deviation of the outcome given mediators and regressors
    """

    a: Array
    b: Array
    direct: Array
    covariance: Array
    sigma_u: Array

    @property
    def total(self) -> Array:
        """(S,) The total effect, the same at every rho."""
        return self.direct + (self.a * self.b).sum(axis=1)


def paths(chain: tuple[Design, ...], treatment: str, coef: list[Array], sigma: list[Array]) -> Paths:
    """Read the paths from draws of the equations of a chain.

    Parameters
    ----------
    coef, sigma
        (S, k) slopes and (S,) error standard deviations of each equation, on the paper's scale.
    """
    *first, last = chain
    p, size = len(first), len(sigma[0])
    names = [equation.outcome for equation in first]
    earlier = np.zeros((size, p, p))
    for j, equation in enumerate(first):
        for i in range(j):
            earlier[:, j, i] = coef[j][:, equation.terms.index(names[i])]
    passed = np.linalg.inv(np.eye(p) - earlier)
    own = np.stack([c[:, e.terms.index(treatment)] for c, e in zip(coef[:-1], first, strict=True)], axis=1)
    spread = passed * np.stack(sigma[:-1], axis=1)[:, None, :]
    at = [last.terms.index(name) for name in names]
    return Paths(
        np.einsum("sij,sj->si", passed, own),
        coef[-1][:, at],
        coef[-1][:, last.terms.index(treatment)],
        spread @ np.swapaxes(spread, 1, 2),
        sigma[-1],
    )


def bias_at(found: Paths, rho: Array | float) -> Array:
    """(S, p) kappa, what the slopes b of the regression exceed the mediators' effects by, at rho.

    rho is a number, (p,) or (S, p); not a number where no covariance matrix has these correlations.
    """
    sd = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    rho = np.broadcast_to(np.asarray(rho, float), sd.shape)
    pull = np.linalg.solve(found.covariance / (sd[:, :, None] * sd[:, None]), rho[..., None])[..., 0]
    left = 1 - (rho * pull).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        sigma_y = np.where(left > 0, found.sigma_u / np.sqrt(left), np.nan)
    return np.asarray(pull * sigma_y[:, None] / sd)


def effects_at(found: Paths, rho: Array | float) -> tuple[Array, Array]:
    """Direct (S,) and indirect (S, p) effects at correlations rho, as `bias_at` takes them."""
    kappa = bias_at(found, rho)
    return found.direct + (kappa * found.a).sum(axis=1), found.a * (found.b - kappa)


def vanishing_rho(found: Paths) -> Array:
    """(S, p) The rho at which each indirect effect is 0, those of other mediators being 0."""
    sd = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    correlation = found.covariance / (sd[:, :, None] * sd[:, None])
    r = np.diagonal(np.linalg.inv(correlation), axis1=1, axis2=2)
    t = found.b * sd / found.sigma_u[:, None]
    return t / np.sqrt(r**2 + r * t**2)


def rho_draws(prior: Prior, found: Paths, rng: np.random.Generator) -> Array:
    """(S, p) Draws from the prior of rho, within (-1, 1) and what the covariance of the mediators allows.

    Raises
    ------
    InputError
        If the prior has next to no mass in (-1, 1).
    """
    law = prior.frozen()
    low, high = law.cdf([-1.0, 1.0])
    if high - low < LEAST_MASS:
        raise InputError(f"prior rho = {prior}: a correlation lies between -1 and 1; move or widen it.")
    rho = np.full(found.a.shape, np.nan)
    wanted = np.arange(len(rho))
    while wanted.size:
        drawn = law.ppf(rng.uniform(low, high, (wanted.size, rho.shape[1])))
        rho[wanted] = drawn
        wanted = wanted[~np.isfinite(effects_at(found, rho)[0][wanted])]
    return rho


@dataclass(frozen=True, eq=False)
class MediationPosterior:
    """Posterior draws of all equations of a mediation chain.

    Attributes
    ----------
    slopes : (S, k) of the outcome equation at rho = 0, on the paper's scale
    fits : what was drawn from: a tree for each equation, or one of their joint model
    """

    paths: Paths
    slopes: Array
    fits: dict[str, DataTree]


def mediation_posterior(
    design: Design,
    treatment: str,
    mediators: tuple[str, ...],
    priors: Priors = DEFAULTS,
    form: Form | None = "mundlak",
    sampler: Sampler = SAMPLER,
    errors: Errors = "gaussian",
) -> MediationPosterior:
    """Posterior draws by the collapsed engine, one equation at a time: their posteriors are independent."""
    chain = equations(design, mediators)
    fits = {
        one.outcome: _equation(one, priors, form, replace(sampler, seed=sampler.seed + j), errors)
        for j, one in enumerate(chain)
    }
    coef = [_flat(tree, "coef") for tree in fits.values()]
    sigma = [_flat(tree, "sigma") * one.y.std() for tree, one in zip(fits.values(), chain, strict=True)]
    return MediationPosterior(paths(chain, treatment, coef, sigma), coef[-1], fits)


def _equation(
    design: Design, priors: Priors, form: Form | None, sampler: Sampler, errors: Errors
) -> DataTree:
    """The posterior of one equation."""
    from ..engine.posterior import posterior
    from ..engine.statistics import statistics_of_design
    from ..errors import LAWS
    from ..errors.inference.tree import error_tree

    if LAWS[errors].additive:
        return posterior(statistics_of_design(design, form), priors, sampler)
    return error_tree(design, priors, form, errors, sampler)


def mediation_posterior_by_nuts(
    design: Design, treatment: str, mediator: str, priors: Priors, form: Form | None, sampler: Sampler
) -> MediationPosterior:
    """The same from the joint PyMC model at rho = 0, by NUTS."""
    from ..engine.sampling import nuts

    chain = equations(design, (mediator,))
    tree = nuts(mediation_model(design, treatment, mediator, priors, form, rho=0.0), sampler)
    named = tuple(zip(("mediator", "outcome"), chain, strict=True))
    coef = [_flat(tree, f"{name}_slope") * scale_of(one, form is not None).unit for name, one in named]
    sigma = [_flat(tree, f"{name}_sigma") * one.y.std() for name, one in named]
    return MediationPosterior(paths(chain, treatment, coef, sigma), coef[-1], {"joint": tree})


def _flat(tree: DataTree, name: str) -> Array:
    values = tree["posterior"][name].transpose("chain", "draw", ...).to_numpy()
    return values.reshape(-1, *values.shape[2:])


def summary(values: Array) -> Array:
    """(3, ...) Mean and ends of the central 95% interval over the first axis."""
    return np.stack([values.mean(axis=0), *np.quantile(values, LEVELS, axis=0)])


def curve(found: Paths, grid: Array = RHO_GRID) -> tuple[Array, Array]:
    """Direct (G, 3) and indirect (G, 3, p) effects at each rho, the same for every mediator: `summary`.

    Not a number where a rho is impossible for some draw.
    """
    at = [effects_at(found, float(rho)) for rho in grid]
    return np.stack([summary(d) for d, _ in at]), np.stack([summary(i) for _, i in at])
