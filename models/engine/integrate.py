"""The marginal likelihood of a linear model: effects, the constant and the coefficients integrated out.

All of it starts from cross-products H of [M | 1 | y] in the metric of the errors, and no step asks what the
errors are: independent ones give sums of a panel over a few variances (`collapsed`), others what their law
says (`errors.law.Whitening`). Effects that belong to an entity are eliminated first, then the constant by
Sherman and Morrison, then the coefficients by one Cholesky factor; `collapsed` states the formula.

All axes but the last two are those of a batch of values of the scales (`models.arrays`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..arrays import cholesky, library_of

LOG_2PI = float(np.log(2 * np.pi))


class Marginal(NamedTuple):
    """The marginal likelihood, and the law of the coefficients theta = m + tau z, z standard normal a priori.

    Attributes
    ----------
    log_likelihood : (...)
    root : (..., q + 1, q + 1) Cholesky factor of the augmented precision of z
    tau : (..., q) prior standard deviations of the coefficients
    constant : (..., q + 2) row of H of the constant, against [theta | constant | y - M m]
    """

    log_likelihood: Any
    root: Any
    tau: Any
    constant: Any


def without_entities(H: Any, sums: Any, gram: Any, sd: Any) -> tuple[Any, Any]:
    """Integrate out independent effects, and the log-determinant that this adds.

    Parameters
    ----------
    H : (..., P, P)
    sums, gram : (..., N, P), (..., N) products of each effect's dummy with [M | 1 | y] and with itself
    sd : (..., 1) standard deviation of the effects
    """
    xp = library_of(H)
    growth = 1 + sd**2 * gram
    scaled = sums * (sd / xp.sqrt(growth))[..., None]
    return H - scaled.swapaxes(-1, -2) @ scaled, xp.log(growth).sum(-1)


def integrate(H: Any, log_determinant: Any, location: Any, tau: Any, constant_variance: Any) -> Marginal:
    """Integrate out the constant and the coefficients.

    Parameters
    ----------
    H : (..., q + 2, q + 2) cross-products of [M | 1 | y] in the metric of errors and effects
    log_determinant : (...) of the covariance of errors and effects, perhaps with n log 2 pi
    location : (..., q + 1) prior means of the coefficients and the constant
    tau : (..., q) prior standard deviations of the coefficients
    constant_variance : (...) of the constant; it may be negative, see `collapsed`
    """
    xp = library_of(H)
    # products with y - M m
    moved = H[..., -1] - (H[..., :-1] @ location[..., None])[..., 0]
    square = moved[..., -1] - (moved[..., :-1] * location).sum(-1)

    own = H[..., -2, -2]
    growth = 1 + constant_variance * own
    kept = constant_variance / growth
    of_M, of_y = H[..., -2, :-2], moved[..., -2]
    core = H[..., :-2, :-2] - kept[..., None, None] * of_M[..., :, None] * of_M[..., None, :]
    side = moved[..., :-2] - (kept * of_y)[..., None] * of_M
    square = square - kept * of_y**2

    core = xp.eye(tau.shape[-1]) + tau[..., :, None] * core * tau[..., None, :]
    side = tau * side
    last = xp.concatenate([side, square[..., None]], -1)
    upper = xp.concatenate([core, side[..., None]], -1)
    root = cholesky(xp.concatenate([upper, last[..., None, :]], -2))
    diagonal = xp.diagonal(root, 0, -2, -1)
    log_likelihood = -0.5 * (
        log_determinant + xp.log(growth) + 2 * xp.log(diagonal[..., :-1]).sum(-1) + diagonal[..., -1] ** 2
    )
    constant = xp.concatenate([of_M, own[..., None], of_y[..., None]], -1)
    return Marginal(log_likelihood, root, tau, constant)
