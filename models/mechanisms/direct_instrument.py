"""Independent draws from the model of `instrument` with one endogenous regressor.

The first-stage slopes pi and the direct effects gamma are normal given the rest and are integrated out. With
v the error of the first stage, the reduced form is

    y = x b + Z (gamma - kappa pi) + e,   b = beta + kappa,   kappa = cov(u, v) / var(v),   s^2 = var(e).

Of the four parameters that remain, the data inform b, log s and log sigma_v well however weak the
instruments are; weak identification is a long tail along the axis of beta alone. Least squares of y and x on
Z are sufficient statistics for the rest,

    pi_hat | pi ~ N(pi, sigma_v^2 A^-1),   phi_hat(b) | pi, gamma ~ N(gamma - kappa pi, s^2 A^-1),   A = Z'Z,

and two residual sums of squares with nu - k degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.importance import Direct, sample
from ..kinds.instrument import Root
from ..priors import Prior, Priors
from ..scale import Array

CHUNK = 4_000_000


@dataclass(frozen=True, eq=False)
class Direction:
    """Least squares of one data set, in standard units; of several, with further axes in front.

    Attributes
    ----------
    pi, f : (k,) slopes of x and of y on Z
    inverse : (k, k) A^-1
    xx, xy, yy : what is left of cross-products clear of Z
    free : nu
    """

    pi: Array
    f: Array
    inverse: Array
    xx: Array
    xy: Array
    yy: Array
    free: int


def direction(root: Root) -> Direction:
    """Least squares of y and of the only endogenous regressor on the instruments."""
    both = np.column_stack([root.X[:, 0], root.y])
    slopes = np.linalg.lstsq(root.Z, both, rcond=None)[0]
    left = both - root.Z @ slopes
    cross = left.T @ left
    inverse = np.linalg.inv(root.Z.T @ root.Z)
    return Direction(
        slopes[:, 0],
        slopes[:, 1],
        inverse,
        cross[0, 0],
        cross[0, 1],
        cross[1, 1],
        root.free,
    )


@dataclass(frozen=True, eq=False)
class InstrumentDraws:
    """Draws of D problems, in standard units.

    Attributes
    ----------
    beta, b, s, sigma_v : (D, m)
    """

    direct: Direct
    beta: Array
    b: Array
    s: Array
    sigma_v: Array

    @property
    def sigma_u(self) -> Array:
        """(D, m) Standard deviation of the structural error."""
        return np.hypot(self.s, (self.b - self.beta) * self.sigma_v)

    @property
    def rho(self) -> Array:
        """(D, m) Correlation of the errors of the two stages: the endogeneity."""
        return (self.b - self.beta) * self.sigma_v / self.sigma_u


def moments_of(exclusion: Sequence[Sequence[Prior] | None], k: int) -> tuple[Array, Array]:
    """(D, k) Means and variances of the direct effects of k instruments; zeros for exact exclusion."""
    mean, variance = np.zeros((2, len(exclusion), k))
    for i, own in enumerate(exclusion):
        if own is not None:
            mean[i], sd = np.array([prior.arguments for prior in own]).T
            variance[i] = sd**2
    return mean, variance


def draw(
    data: Sequence[Direction],
    exclusion: Sequence[Sequence[Prior] | None],
    priors: Priors,
    draws: int,
    seed: int,
) -> InstrumentDraws:
    """Draw from many posteriors with equally many instruments: problem i is data[i] under exclusion[i].

    Parameters
    ----------
    exclusion
        A normal prior for the direct effect of each instrument; None for exact exclusion.
    """
    k = len(data[0].pi)
    mean, variance = moments_of(exclusion, k)
    centre, width = _coordinates(data)

    def density(points: Array) -> Array:
        found = np.empty(points.shape[:2])
        size = max(1, CHUNK // (points.shape[1] * 4 * k * k))
        for i in range(0, len(data), size):
            part = slice(i, i + size)
            at = centre[part, None] + width[part, None] * points[part]
            found[part] = _log_density(data[part], mean[part], variance[part], priors, at)
        return found

    direct = sample(density, len(data), 4, draws, seed)
    at = centre[:, None] + width[:, None] * direct.points
    return InstrumentDraws(direct, at[..., 0], at[..., 1], np.exp(at[..., 2]), np.exp(at[..., 3]))


def _coordinates(data: Sequence[Direction]) -> tuple[Array, Array]:
    """Centre and width (D, 4) that bring a posterior to the origin with a standard deviation of about 1/3."""
    centre, width = [], []
    for d in data:
        A = np.linalg.inv(d.inverse)
        strength = d.pi @ A @ d.pi
        b, free = d.xy / d.xx, d.free - len(d.pi)
        s2, v2 = (d.yy - b * d.xy) / free, d.xx / free
        beta = d.pi @ A @ d.f / strength
        error = min(float(np.sqrt((s2 + (b - beta) ** 2 * v2) / strength)), 1.0)
        centre.append([np.clip(beta, -3, 3), b, np.log(s2) / 2, np.log(v2) / 2])
        width.append([3 * error, 3 * np.sqrt(s2 / d.xx), 3 / np.sqrt(2 * free), 3 / np.sqrt(2 * free)])
    return np.array(centre), np.array(width)


def _log_density(data: Sequence[Direction], mean: Array, variance: Array, priors: Priors, at: Array) -> Array:
    """(D, B) Log-density in (beta, b, log s, log sigma_v), up to a constant; each data set has its points."""
    names = ("pi", "f", "inverse", "xx", "xy", "yy")
    parts = {name: np.stack([getattr(d, name) for d in data])[:, None] for name in names}
    return log_density(Direction(**parts, free=data[0].free), mean, variance, priors, at)


def log_density(data: Direction, mean: Array, variance: Array, priors: Priors, at: Array) -> Array:
    """(D, B) The same, where the axes in front of the data are (D, B), or (D, 1).

    Parameters
    ----------
    mean, variance : (D, k) prior moments of the direct effects
    """
    k, free = data.pi.shape[-1], data.free
    beta, b, log_s, log_v = np.moveaxis(at, -1, 0)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        s, v = np.exp(log_s), np.exp(log_v)
        kappa = b - beta
        sigma_u = np.hypot(s, kappa * v)
        xx, xy, yy, pi, f, inverse = data.xx, data.xy, data.yy, data.pi, data.f, data.inverse
        value = -(free - k) * (log_s + log_v)
        value -= 0.5 * (xx / v**2 + (yy - 2 * b * xy + b**2 * xx) / s**2)
        # priors of beta, sigma_u, sigma_v and a uniform correlation, in these coordinates
        value += priors["slope"].frozen().logpdf(beta)
        value += priors["sigma"].frozen().logpdf(sigma_u) + priors["sigma"].frozen().logpdf(v)
        value += 2 * (log_s + log_v) - 2 * np.log(sigma_u)

        # (pi_hat, phi_hat) with pi and gamma integrated out
        m, sd = priors["first_stage"].arguments
        away = np.concatenate(
            [
                np.broadcast_to(pi - m, (*b.shape, k)),
                f - b[..., None] * pi - mean[:, None] + kappa[..., None] * m,
            ],
            axis=-1,
        )
        eye = np.eye(k)
        one = sd**2 * eye + v[..., None, None] ** 2 * inverse
        cross = -kappa[..., None, None] * sd**2 * eye
        two = (
            (kappa * sd)[..., None, None] ** 2 * eye
            + s[..., None, None] ** 2 * inverse
            + variance[:, None, :, None] * eye
        )
        covariance = np.concatenate(
            [np.concatenate([one, cross], axis=-1), np.concatenate([cross, two], axis=-1)], axis=-2
        )
    good = np.isfinite(covariance).all(axis=(-1, -2)) & np.isfinite(value) & np.isfinite(away).all(axis=-1)
    covariance = np.where(good[..., None, None], covariance, np.eye(2 * k))
    away = np.where(good[..., None], away, 0.0)
    sign, log_determinant = np.linalg.slogdet(covariance)
    good &= sign > 0
    covariance = np.where(good[..., None, None], covariance, np.eye(2 * k))
    quadratic = (away * np.linalg.solve(covariance, away[..., None])[..., 0]).sum(axis=-1)
    value -= 0.5 * (log_determinant + quadratic)
    return np.where(good, value, -np.inf)
