"""Posterior draws of an instrument column: by importance sampling where possible, else by NUTS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.importance import MAX_K_HAT
from ..engine.sampling import Sampler, nuts
from ..frequentist.iv import InstrumentDesign
from ..kinds.instrument import exclusions, instrument_model, root_of
from ..priors import Prior, Priors
from ..scale import Array
from . import correlated_instrument
from .direct_instrument import direction, draw

if TYPE_CHECKING:
    from xarray import Dataset


@dataclass(frozen=True, eq=False)
class InstrumentPosterior:
    """S draws on the paper's scale.

    Attributes
    ----------
    beta : (S, p) coefficients of the endogenous regressors
    sigma : (S,) standard deviation of the structural error
    rho : (S, p) its correlations with the errors of the first stages
    attributes : engine, method, k-hat, effective size
    rho_error : (S,) correlation of errors from one time to the next; None where they are independent
    """

    beta: Array
    sigma: Array
    rho: Array
    attributes: dict[str, Any]
    sample_stats: Dataset | None = None
    rho_error: Array | None = None


def can_draw(data: InstrumentDesign, priors: Priors) -> bool:
    """Whether importance sampling applies: one endogenous regressor, and normal priors of slopes."""
    integrated = (priors["first_stage"], *exclusions(data, priors).values())
    return len(data.endogenous) == 1 and all(prior.family == "normal" for prior in integrated)


def instrument_posterior(
    data: InstrumentDesign, priors: Priors, sampler: Sampler, exclusion: bool = False, direct: bool = True
) -> InstrumentPosterior:
    """Posterior draws under exact exclusion or priors of direct effects; NUTS where k-hat is above 0.7."""
    if direct:
        own = list(exclusions(data, priors).values()) if exclusion else None
        drawn = importance_draws(data, priors, [own], sampler.chains * sampler.draws, sampler.seed)[0]
        if drawn.attributes["k_hat"] <= MAX_K_HAT:
            return drawn
    tree = nuts(instrument_model(data, priors, exclusion), sampler)
    posterior, size = tree["posterior"], sampler.chains * sampler.draws
    p = len(data.endogenous)
    sd = posterior["errors_stds"].to_numpy().reshape(size, 1 + p)
    correlation = posterior["errors_corr"].to_numpy().reshape(size, 1 + p, 1 + p)
    return InstrumentPosterior(
        posterior["coef"].to_numpy().reshape(size, p), sd[:, 0] * data.design.y.std(), correlation[:, 0, 1:],
        {"engine": "collapsed" if direct else "nuts", "method": "nuts"}, tree["sample_stats"].to_dataset(),
    )  # fmt: skip


def importance_draws(
    data: InstrumentDesign, priors: Priors, exclusion: Sequence[Sequence[Prior] | None], draws: int, seed: int
) -> list[InstrumentPosterior]:
    """Draws by importance sampling, under several priors of the direct effects at once."""
    root = root_of(data)
    found = draw([direction(root)] * len(exclusion), exclusion, priors, draws, seed)
    return [
        InstrumentPosterior(
            found.beta[i, :, None] * root.unit, found.sigma_u[i] * data.design.y.std(), found.rho[i, :, None],
            {"engine": "collapsed", "method": "importance", "k_hat": float(found.direct.k_hat[i]),
             "ess": float(found.direct.ess[i])},
        )
        for i in range(len(exclusion))
    ]  # fmt: skip


def correlated_posterior(
    data: InstrumentDesign, priors: Priors, sampler: Sampler, exclusion: bool = False
) -> InstrumentPosterior:
    """The same with errors correlated within entities, AR(1); one endogenous regressor."""
    own = list(exclusions(data, priors).values()) if exclusion else None
    draws = sampler.chains * sampler.draws
    found = correlated_instrument.draw(
        correlated_instrument.panel_of(data), [own], priors, draws, sampler.seed
    )
    sd = data.design.y.std()
    return InstrumentPosterior(
        found.beta[0, :, None] * sd / data.design.X[:, 0].std(), found.sigma_u[0] * sd,
        found.rho[0, :, None],
        {"engine": "collapsed", "method": "importance", "k_hat": float(found.direct.k_hat[0]),
         "ess": float(found.direct.ess[0])}, rho_error=found.rho_error[0],
    )  # fmt: skip


def control_slopes(data: InstrumentDesign, found: InstrumentPosterior, rng: np.random.Generator) -> Array:
    """(S, c) Coefficients of the controls, whose priors are flat, given the rest; exact exclusion."""
    if not data.controls:
        return np.empty((len(found.sigma), 0))
    if found.rho_error is not None:
        sd = data.design.y.std()
        beta = found.beta[:, 0] * data.design.X[:, 0].std() / sd
        panel = correlated_instrument.panel_of(data)
        return correlated_instrument.controls_of(panel, beta, found.sigma / sd, found.rho_error, rng)
    left = data.outcome_within[:, None] - data.regressors_within @ found.beta.T
    mean = np.linalg.lstsq(data.W, left, rcond=None)[0].T
    root = np.linalg.inv(np.linalg.qr(data.W, mode="r"))
    return mean + found.sigma[:, None] * (rng.standard_normal(mean.shape) @ root.T)
