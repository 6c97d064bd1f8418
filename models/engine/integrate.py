"""The marginal likelihood of a linear model: effects, the constant and the coefficients integrated out.

All of it starts from cross-products H of [M | 1 | y] in the metric of the errors, and no step asks what the
errors are: independent ones give sums of a panel over a few variances (`collapsed`), others what their law
says (`errors.law.Whitening`). Effects that belong to an entity are eliminated first, then the constant by
Sherman and Morrison, then the coefficients by one Cholesky factor; `collapsed` states the formula.

`integrate` is one function for PyTensor and JAX, whose arrays have the same operations by the same names. The
sums of `prediction.predictive` are in NumPy and for many values of the scales in one array; they stay apart,
because that library's stacked routines round differently.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

LOG_2PI = float(np.log(2 * np.pi))


class Marginal(NamedTuple):
    """The marginal likelihood, and the law of the coefficients theta = m + tau z, z standard normal a priori.

    Attributes
    ----------
    log_likelihood : scalar
    root : (q + 1, q + 1) Cholesky factor of the augmented precision of z
    tau : (q,) prior standard deviations of the coefficients
    constant : (q + 2,) row of H of the constant, against [theta | constant | y - M m]
    """

    log_likelihood: Any
    root: Any
    tau: Any
    constant: Any


def without_entities(H: Any, sums: Any, gram: Any, sd: Any) -> tuple[Any, Any]:
    """Integrate out independent effects, and the log-determinant that this adds; in JAX.

    Parameters
    ----------
    H : (P, P)
    sums, gram : (N, P), (N,) products of each effect's dummy with [M | 1 | y] and with itself
    sd : standard deviation of the effects
    """
    import jax.numpy as jnp

    growth = 1 + sd**2 * gram
    scaled = sums * (sd / jnp.sqrt(growth))[:, None]
    return H - scaled.T @ scaled, jnp.log(growth).sum()


def integrate(
    H: Any, log_determinant: Any, location: Any, tau: Any, constant_variance: Any, q: int, xp: Any
) -> Marginal:
    """Integrate out the constant and the coefficients.

    Parameters
    ----------
    H : (q + 2, q + 2) cross-products of [M | 1 | y] in the metric of errors and effects
    log_determinant : of the covariance of errors and effects, perhaps with n log 2 pi
    location : (q + 1,) prior means of the coefficients and the constant
    tau : (q,) prior standard deviations of the coefficients
    constant_variance : of the constant; it may be negative, see `collapsed`
    xp : `jax.numpy` or `pytensor.tensor`
    """
    shift = xp.concatenate([-location, xp.ones(1)])
    moved = H @ shift  # products with y - M m
    last = xp.concatenate([moved[:-1], (moved @ shift) * xp.ones(1)])
    H = xp.concatenate([H[:-1, :-1], moved[:-1, None]], axis=1)
    H = xp.concatenate([H, last[None, :]], axis=0)

    constant = H[-2]
    growth = 1 + constant_variance * constant[-2]
    rest = xp.concatenate([constant[:-2], constant[-1:]])
    H = xp.concatenate([H[:, :-2], H[:, -1:]], axis=1)
    H = xp.concatenate([H[:-2], H[-1:]], axis=0) - (constant_variance / growth) * xp.outer(rest, rest)

    T = xp.concatenate([tau, xp.ones(1)])
    unit = np.diag([1.0] * q + [0.0])
    root = xp.linalg.cholesky(unit + T[:, None] * H * T)
    diagonal = xp.diagonal(root)
    log_likelihood = -0.5 * (
        log_determinant + xp.log(growth) + 2 * xp.log(diagonal[:-1]).sum() + diagonal[-1] ** 2
    )
    return Marginal(log_likelihood, root, tau, constant)
