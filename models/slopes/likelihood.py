"""The likelihood of one slope, with everything else integrated out under its prior.

    L(b) = p(y | slope = b) = integral of p(y | b, the rest) p(the rest)

The posterior under any prior of the slope is proportional to prior x L, so that one curve serves every
prior. On a panel, log L at a few values of b is the log marginal likelihood of the collapsed model with the
slope fixed at b (a prior standard deviation of 0). Between these values log L is that of a Student t plus a
spline of the remaining difference. At tables evidence L is the likelihood of the printed estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..engine.collapsed import collapsed_data, scales_of
from ..engine.importance import sample
from ..engine.programs import programs
from ..engine.sampling import Sampler
from ..engine.statistics import Statistics
from ..engine.sums import Array
from ..printed.tables import PrintedEstimate, log_likelihood
from ..priors import Priors

NODES, FEWER, MANY = 25, 15, 5  # fewer nodes given as many data sets, over which errors average
REACH = 4.4  # in asinh of standard errors: 40 of them on either side
DRAWS = 120
CHUNK = 128  # problems at once
FAR = 0.5  # how wrong the first guess of place (in standard errors) or standard error (as a share) may be


@dataclass(frozen=True, eq=False)
class SlopeLikelihood:
    """The likelihood of one slope given each of M data sets.

    Attributes
    ----------
    log : effects on the paper's scale (G,) -> (M, G) log-likelihood, each row up to a constant
    unit : (M,) what one standardised slope is on the paper's scale
    centre, std_error : (M,) mean and standard deviation of the likelihood, on the paper's scale
    k_hat : the worst of the marginal likelihoods that it is made of, or None where it is exact
    """

    log: Callable[[Array], Array]
    unit: Array
    centre: Array
    std_error: Array
    k_hat: float | None = None


def of_printed(printed: PrintedEstimate) -> SlopeLikelihood:
    """That of a printed estimate, in the paper's units where it has no standardised ones."""
    return SlopeLikelihood(
        lambda effect: log_likelihood(printed, effect)[None],
        np.array([printed.unit or 1.0]),
        np.array([printed.estimate]),
        np.array([sum(printed.std_error) / 2]),
    )


def of_panels(
    statistics: Sequence[Statistics], priors: Priors, terms: Sequence[int], seed: int = Sampler.seed
) -> list[SlopeLikelihood]:
    """That of each term, given each of M panels with statistics of one shape."""
    guess = np.array([[_least_squares(s, term) for term in terms] for s in statistics])
    first = _curves(statistics, priors, terms, guess, seed)
    better = np.stack([np.column_stack([c.centre / c.unit, c.std_error / c.unit]) for c in first], axis=1)
    moved = np.abs(better[..., 0] - guess[..., 0]) / guess[..., 1]
    stretched = np.abs(np.log(better[..., 1] / guess[..., 1]))
    off = ((moved > FAR) | (stretched > FAR)).any(axis=0)
    if off.any():
        some = np.flatnonzero(off).tolist()
        again = _curves(statistics, priors, [terms[j] for j in some], better[:, some], seed)
        for j, curve in zip(some, again, strict=True):
            first[j] = curve
    return first


def _curves(
    statistics: Sequence[Statistics], priors: Priors, terms: Sequence[int], guess: Array, seed: int
) -> list[SlopeLikelihood]:
    """Likelihoods from marginal likelihoods at nodes, which are placed by guesses (M, K, 2).

    A guess is the centre and the standard deviation of the likelihood, in standard units.
    """
    zero = np.arcsinh(np.abs(guess[..., 0] / guess[..., 1])).max(axis=0) + 0.3
    count = NODES if len(statistics) < MANY else FEWER
    u = np.maximum(REACH, zero)[:, None] * np.linspace(-1, 1, count)
    nodes = guess[..., 0, None] + guess[..., 1, None] * np.sinh(u)
    log_marginal, k_hat = _log_marginals(statistics, priors, terms, nodes, seed)
    unit = np.array([[s.scale.unit[j] for j in terms] for s in statistics])
    df = np.array([s.strata.degrees[0] - s.n_slope for s in statistics])
    return [
        _interpolated(u[k], guess[:, k], df, log_marginal[:, k], unit[:, k], float(k_hat[:, k].max()))
        for k in range(len(terms))
    ]


def _interpolated(
    u: Array, guess: Array, df: Array, values: Array, unit: Array, k_hat: float
) -> SlopeLikelihood:
    from scipy.interpolate import CubicSpline

    centre, std_error = guess[:, 0], guess[:, 1]

    def baseline(x: Array) -> Array:
        return -(df[:, None] + 1) / 2 * np.log1p(x**2 / df[:, None])

    splines = [CubicSpline(u, rest) for rest in values - baseline(np.tile(np.sinh(u), (len(df), 1)))]

    def log(effect: Array) -> Array:
        x = (effect / unit[:, None] - centre[:, None]) / std_error[:, None]
        # beyond the nodes the rest stays as it is at the last
        at = np.clip(np.arcsinh(x), u[0], u[-1])
        return baseline(x) + np.stack([rest(a) for rest, a in zip(splines, at, strict=True)])

    grid = np.sinh(np.linspace(u[0], u[-1], 801))
    log_density = baseline(np.tile(grid, (len(df), 1))) + np.stack([r(np.arcsinh(grid)) for r in splines])
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    total = np.trapezoid(density, grid)
    mean = np.trapezoid(density * grid, grid) / total
    sd = np.sqrt(np.trapezoid(density * (grid - mean[:, None]) ** 2, grid) / total)
    return SlopeLikelihood(log, unit, unit * (centre + std_error * mean), unit * std_error * sd, k_hat)


def _log_marginals(
    statistics: Sequence[Statistics], priors: Priors, terms: Sequence[int], nodes: Array, seed: int
) -> tuple[Array, Array]:
    """log p(y | slope = node) and its k-hat, (M, K, G) each."""
    run, count = programs(statistics[0], priors), len(scales_of(statistics[0], priors))
    problems = list(np.ndindex(nodes.shape))
    each = [collapsed_data(s, priors) for s in statistics]
    found = np.empty((2, len(problems)))
    for start in range(0, len(problems), CHUNK):
        some = problems[start : start + CHUNK]
        data = {name: np.stack([each[m][name] for m, _, _ in some]) for name in each[0]}
        for row, (m, k, g) in enumerate(some):
            data["location"][row, terms[k]] = nodes[m, k, g]
            data["spread"][row, terms[k]] = 0.0
        direct = sample(partial(run.density, data=data), len(some), count, DRAWS, seed)
        found[:, start : start + len(some)] = direct.log_marginal, direct.k_hat
    log_marginal, k_hat = found.reshape(2, *nodes.shape)
    return log_marginal, k_hat


def _least_squares(statistics: Statistics, term: int) -> tuple[float, float]:
    """Estimate and standard error of one slope from the within cross-products: where the nodes are put."""
    k, g = statistics.n_slope, statistics.n_between
    cross = statistics.strata.cross[0]
    columns = [*range(k), *range(k + g, len(cross) - 2)]
    inverse = np.linalg.pinv(cross[np.ix_(columns, columns)], hermitian=True)
    estimate = inverse @ cross[columns, -1]
    left = max(cross[-1, -1] - cross[columns, -1] @ estimate, 1e-12 * cross[-1, -1])
    variance = left / (statistics.strata.degrees[0] - len(columns)) * inverse[term, term]
    return float(estimate[term]), float(np.sqrt(variance))


def given_coefficients(
    statistics: Statistics, priors: Priors, scales: dict[str, Array], theta: Array, constant: Array
) -> Array:
    """(m,) log p(y | coefficients, scales), effects integrated out, up to a constant.

    Parameters
    ----------
    scales : (m,) each
    theta, constant : (m, q), (m,) as in `Draws`; the constant of the `fixed` form is left out, as it hardly
        changes the value
    """
    cross, degrees, per_entity, per_time = statistics.strata
    fixed = statistics.form == "fixed"
    flat = np.full(len(theta), priors["effect"].arguments[-1] if fixed else 0.0)
    entity, time = (scales.get(name, flat)[:, None] for name in ("sd_entity", "sd_time"))
    variance = scales["sigma"][:, None] ** 2 + per_entity * entity**2 + per_time * time**2
    level = np.zeros(len(theta)) if fixed else constant
    left = np.column_stack([-theta, -level, np.ones(len(theta))])
    squares = np.einsum("mp,epq,mq->me", left, cross, left, optimize=True)
    return -0.5 * (degrees * np.log(variance) + squares / variance).sum(axis=1)
