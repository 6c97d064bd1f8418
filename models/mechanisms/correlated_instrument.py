"""Draws from the model of `instrument` with one endogenous regressor and errors correlated within entities.

The errors of both stages are AR(1) with one correlation rho over time,

    (u, v) ~ N(0, Sigma x R(rho)),   R the correlations of the rows of entities.

In the metric of R the model is that of independent errors: effects and controls, whose priors are flat, are
projected out of [Z | x | y] exactly, and what `direct_instrument` reads of the data is a function of rho.
With D the columns that are projected out, the likelihood gains a factor for each of the two equations,

    |R|^(-1/2) |D' R^-1 D|^(-1/2) |A|^(-1/2),   A the cross-products of Z that remain,

of which the last undoes what the density of the least-squares slopes brings in. rho is a fifth coordinate of
the importance sampler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..engine.importance import sample
from ..engine.second_round import CONTENT, second_round
from ..engine.statistics import zero_sum_basis
from ..errors import ar1
from ..errors.law import Rows
from ..frequentist.iv import InstrumentDesign
from ..parameters import CORRELATION
from ..priors import Prior, Priors
from ..scale import Array
from .direct_instrument import CHUNK, Direction, InstrumentDraws, log_density, moments_of

FLAT = 1e4  # standard deviation of entity effects, in those of the error: flat to eight digits
FURTHEST = 25.0  # of the coordinate of rho, at which it is 1 to eleven digits
GRID = np.append(np.linspace(-0.9, 0.9, 37), [0.94, 0.97, 0.985])


@dataclass(frozen=True, eq=False)
class Panel:
    """Sums of the columns [Z | x | y | controls, times, constant], in standard units.

    Attributes
    ----------
    scale : standard deviation of each column
    k : number of instruments
    controls : number of controls, which are the first of the columns that are projected out
    entities : whether entities have effects
    free : rows less effects and controls
    """

    sums: Mapping[str, Array]
    scale: Array
    k: int
    controls: int
    entities: bool
    free: int


@dataclass(frozen=True, eq=False)
class At:
    """A panel in the metric of errors with correlations rho (...).

    Attributes
    ----------
    direction : what `direct_instrument` reads
    log_factor : (...) logarithm of the factor of both equations
    inverse, moments : (..., d, d), (..., d, 2) inverse cross-products of what is projected out, and its
        cross-products with [x | y]
    """

    direction: Direction
    log_factor: Array
    inverse: Array
    moments: Array


def panel_of(data: InstrumentDesign) -> Panel:
    """All that is read of a column with one endogenous regressor."""
    design = data.design
    columns = [data.Z, data.regressors_within, data.outcome_within[:, None], data.W]
    sd = np.concatenate([design.X.std(axis=0), [design.y.std()]])
    k, c = len(data.instruments), len(data.controls)
    scale = np.concatenate([sd[-1 - k : -1], sd[:1], sd[-1:], sd[1 : 1 + c]])
    more = []
    if design.time_effects:
        more.append(zero_sum_basis(len(design.times))[design.time])
    if not design.entity_effects:
        more.append(np.ones((design.n, 1)))
    M = np.column_stack([np.hstack(columns) / scale, *more])
    rows = Rows(M, design.entity, design.time, design.times, None, design.entity_effects)
    return Panel(ar1.sums(rows), scale, k, c, design.entity_effects, data.free)


def at_correlation(panel: Panel, rho: Array) -> At:
    """The panel at correlations rho (...) of any shape."""
    one = np.ones_like(rho)
    found = ar1.cross_products(
        {"rho_error": rho, "sigma": one}, panel.sums, FLAT * one if panel.entities else None
    )
    H, k = found.H, panel.k
    inverse = np.linalg.inv(H[..., k + 2 :, k + 2 :])
    across = H[..., k + 2 :, : k + 2]
    S = H[..., : k + 2, : k + 2] - across.swapaxes(-1, -2) @ inverse @ across
    A, both = S[..., :k, :k], S[..., :k, k:]
    A_inverse = np.linalg.inv(A)
    slopes = A_inverse @ both
    left = S[..., k:, k:] - both.swapaxes(-1, -2) @ slopes
    log_factor = found.log_determinant - np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(A)[1]
    direction = Direction(
        slopes[..., 0],
        slopes[..., 1],
        A_inverse,
        left[..., 0, 0],
        left[..., 0, 1],
        left[..., 1, 1],
        panel.free,
    )
    return At(direction, -log_factor, inverse, across[..., k:])


@dataclass(frozen=True, eq=False)
class CorrelatedDraws(InstrumentDraws):
    """Draws of D priors of the direct effects, in standard units.

    Attributes
    ----------
    rho_error : (D, m) correlation over time; `rho` is that of the errors of the two stages in one row
    """

    rho_error: Array


def draw(
    panel: Panel, exclusion: Sequence[Sequence[Prior] | None], priors: Priors, draws: int, seed: int
) -> CorrelatedDraws:
    """Draw under each prior of the direct effects, None for exact exclusion, as `direct_instrument.draw`."""
    mean, variance = moments_of(exclusion, panel.k)
    frame = _frame(panel)

    def density(points: Array, which: slice = slice(None)) -> Array:
        found = np.empty(points.shape[:2])
        size = max(1, CHUNK // (len(points) * _numbers(panel)))
        for i in range(0, points.shape[1], size):
            part = slice(i, i + size)
            found[:, part] = _density(panel, frame, mean[which], variance[which], priors, points[:, part])
        return found

    direct = sample(density, len(exclusion), 5, draws, seed)
    for i in np.flatnonzero(~(direct.k_hat <= CONTENT)).tolist():
        second_round(partial(density, which=slice(i, i + 1)), i, direct, draws, seed)
    parts = [_coordinates(panel, frame, one[None])[0] for one in direct.points]
    at = np.concatenate(parts)
    return CorrelatedDraws(direct, at[..., 0], at[..., 1], np.exp(at[..., 2]), np.exp(at[..., 3]), at[..., 4])


def controls_of(
    panel: Panel, beta: Array, sigma_u: Array, rho_error: Array, rng: np.random.Generator
) -> Array:
    """(S, c) Coefficients of the controls given the rest, on the paper's scale; exact exclusion."""
    found = np.empty((len(beta), panel.controls))
    size = max(1, CHUNK // _numbers(panel))
    for i in range(0, len(beta), size):
        part = slice(i, i + size)
        at = at_correlation(panel, rho_error[part])
        moments = at.moments[..., 1] - beta[part, None] * at.moments[..., 0]
        mean = (at.inverse @ moments[..., None])[..., : panel.controls, 0]
        root = np.linalg.cholesky(at.inverse[..., : panel.controls, : panel.controls])
        noise = root @ rng.standard_normal((*mean.shape, 1))
        found[part] = mean + sigma_u[part, None] * noise[..., 0]
    return found * panel.scale[panel.k + 1] / panel.scale[panel.k + 2 :]


def _numbers(panel: Panel) -> int:
    """How many numbers one point takes."""
    gaps, size, columns = panel.sums["own_sum"].shape
    return columns * (size + columns) * 2 + gaps


@dataclass(frozen=True)
class _Frame:
    """Centre and width of the coordinates of beta and of rho."""

    beta: float
    width: float
    rho: float


def _frame(panel: Panel) -> _Frame:
    """From the correlation of a grid at which least squares fit best."""
    found = at_correlation(panel, GRID)
    d = found.direction
    b, s2, v2 = _least_squares(d)
    best = int(np.argmax(found.log_factor - (d.free - panel.k) * (np.log(s2) + np.log(v2)) / 2))
    A, pi = np.linalg.inv(d.inverse[best]), d.pi[best]
    strength = pi @ A @ pi
    beta = pi @ A @ d.f[best] / strength
    error = min(float(np.sqrt((s2[best] + (b[best] - beta) ** 2 * v2[best]) / strength)), 1.0)
    return _Frame(float(np.clip(beta, -3, 3)), 3 * error, float(-2 * np.arctanh(GRID[best])))


def _least_squares(d: Direction) -> tuple[Array, Array, Array]:
    """b, s^2 and sigma_v^2 as least squares have them."""
    b, free = d.xy / d.xx, d.free - d.pi.shape[-1]
    return b, (d.yy - b * d.xy) / free, d.xx / free


def _coordinates(panel: Panel, frame: _Frame, points: Array) -> tuple[Array, Array, At]:
    """(D, B, 5) beta, b, log s, log sigma_v and rho of points; the log-Jacobian; and the panel at each rho.

    b and both scales are about their least squares at this rho, from which the data let them go nowhere.
    """
    u = np.clip(frame.rho + points[..., 4], -FURTHEST, FURTHEST)
    rho = CORRELATION.value(u)
    found = at_correlation(panel, rho)
    b, s2, v2 = _least_squares(found.direction)
    reach = np.sqrt(s2 / found.direction.xx)
    width = 3 / np.sqrt(2 * (panel.free - panel.k))
    at = [
        frame.beta + frame.width * points[..., 0],
        b + 3 * reach * points[..., 1],
        np.log(s2) / 2 + width * points[..., 2],
        np.log(v2) / 2 + width * points[..., 3],
        rho,
    ]
    return np.stack(at, axis=-1), np.log(reach) + CORRELATION.log_jacobian(u, rho), found


def _density(
    panel: Panel, frame: _Frame, mean: Array, variance: Array, priors: Priors, points: Array
) -> Array:
    """(D, B) Log-density of points, up to a constant."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        at, log_jacobian, found = _coordinates(panel, frame, points)
        value = log_density(found.direction, mean, variance, priors, at[..., :4])
        value = value + found.log_factor + log_jacobian
        value += priors["rho_error"].frozen().logpdf(at[..., 4])
    inside = abs(frame.rho + points[..., 4]) < FURTHEST
    return np.where(np.isfinite(value) & inside, value, -np.inf)
