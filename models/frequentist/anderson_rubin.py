"""The Anderson-Rubin region of the coefficients of endogenous regressors, one or several.

Values b of the coefficients are in the region where the instruments do not explain y - X b. With slopes
[f | Pi] of [y | X] on the instruments, a = (1, -b) and V(a) the covariance of [f | Pi] a,

    AR(a) = a'[f | Pi]' V(a)^-1 [f | Pi] a / k  <=  F(0.95; k, degrees of freedom)

(Anderson and Rubin 1949, doi:10.1214/aoms/1177730090). The test has the right size however weak the
instruments are. The region is unbounded where a first stage is not significant, and empty where no
coefficients are compatible with all instruments. AR does not depend on the length of a, so that directions
with a first entry of 0 stand for coefficients at infinity.

The values of one coefficient in the region, whatever the others, are its projection: with one endogenous
regressor the region itself, with several at least 95% of such sets hold the truth (Dufour and Taamouti 2005,
doi:10.1111/j.1468-0262.2005.00618.x).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...data.study.spec import Cluster
from ..scale import Array
from .iv import LEVEL, InstrumentDesign, VCov, meat, reference_df

COARSE, FINE = 181, 60
NEAREST = 1e-6


@dataclass(frozen=True, eq=False)
class Region:
    """The joint region, by what it says of each coefficient.

    Attributes
    ----------
    projections : for each coefficient, the intervals of its values in the region, perhaps unbounded
    p_all_zero : p-value of the hypothesis that every coefficient is 0
    """

    projections: tuple[list[tuple[float, float]], ...]
    p_all_zero: float

    @property
    def shape(self) -> str:
        """`bounded`, `unbounded`, or `empty` where no coefficients are compatible with all instruments."""
        if not all(self.projections):
            return "empty"
        ends = [end for pieces in self.projections for piece in pieces for end in piece]
        return "bounded" if np.isfinite(ends).all() else "unbounded"


@dataclass(frozen=True, eq=False)
class _Stages:
    """Slopes (k, q) of [y | X] on the instruments, q = 1 + p, with their covariance (q, k, q, k).

    Columns are in units in which each has the same variance.
    """

    slopes: Array
    covariance: Array
    unit: Array

    def statistic(self, direction: Array) -> tuple[float, Array]:
        """AR of a direction (q,), and its derivative."""
        g = self.slopes @ direction
        half = np.einsum("i,ikjl->kjl", direction, self.covariance)
        weight = np.linalg.solve(np.einsum("kjl,j->kl", half, direction), g)
        slope = weight @ self.slopes - np.einsum("k,kjl,l->j", weight, half, weight)
        return float(g @ weight) / len(g), 2 * slope / len(g)

    def least(self, plane: Array) -> tuple[float, Array]:
        """The least statistic of the directions in the span of the columns of plane (q, m), and where it is.

        The search starts at each stationary point that the statistic has where all errors are independent
        with equal variances: those are eigenvectors.
        """
        from scipy.linalg import eigh
        from scipy.optimize import minimize

        if plane.shape[1] == 1:
            return self.statistic(plane[:, 0])[0], plane[:, 0]
        q, k = plane.shape[0], len(self.slopes)
        noise = np.einsum("ikjk->ij", self.covariance) / k
        spread = self.covariance.transpose(1, 0, 3, 2).trace(axis1=1, axis2=3) / q
        signal = self.slopes.T @ np.linalg.solve(spread, self.slopes)
        starts = eigh(plane.T @ signal @ plane, plane.T @ noise @ plane)[1].T

        def at(c: Array) -> tuple[float, Array]:
            value, slope = self.statistic(plane @ c)
            return value, slope @ plane

        found = [minimize(at, start, jac=True) for start in starts]
        best = min(found, key=lambda one: float(one.fun))
        return float(best.fun), plane @ best.x


def anderson_rubin_region(data: InstrumentDesign, vcov: VCov = "iid", level: float = LEVEL) -> Region | None:
    """The projections of the region on each coefficient, and the test that all coefficients are 0.

    None where there are no more clusters than instruments, so that the statistic does not exist.
    """
    from scipy import stats

    k, q = data.Z.shape[1], 1 + data.X.shape[1]
    if isinstance(vcov, Cluster) and reference_df(data, vcov, k) < k:
        return None
    stages = _stages(data, vcov)
    df = reference_df(data, vcov, k + data.W.shape[1])
    limit = float(stats.f.ppf(level, k, df))
    zero = float(stats.f.sf(stages.statistic(np.eye(q)[0])[0], k, df))
    return Region(tuple(_projection(stages, j, limit) for j in range(1, q)), zero)


def _stages(data: InstrumentDesign, vcov: VCov) -> _Stages:
    k = data.Z.shape[1]
    Y = np.column_stack([data.y, data.X])
    q = Y.shape[1]
    slopes = np.linalg.lstsq(data.Z, Y, rcond=None)[0]
    left = Y - data.Z @ slopes
    middle = meat(data, np.tile(data.Z, q), np.repeat(left, k, axis=1), vcov, k + data.W.shape[1])
    bread = np.kron(np.eye(q), np.linalg.inv(data.Z.T @ data.Z))
    covariance = (bread @ middle @ bread).reshape(q, k, q, k)
    unit = np.sqrt(np.einsum("ikik->i", covariance))
    covariance = covariance / unit[:, None, None, None] / unit[:, None]
    return _Stages(slopes / unit, covariance, unit)


def _projection(stages: _Stages, j: int, limit: float) -> list[tuple[float, float]]:
    """Values of coefficient j that the region holds for some values of the others."""
    from scipy.optimize import brentq

    axes = np.eye(stages.slopes.shape[1])
    others = np.delete(axes, [0, j], axis=0)

    def excess(angle: float) -> float:
        """Of the least statistic at b_j = tan(angle), in units of the stages; the line is half a turn."""
        here = np.cos(angle) * axes[0] - np.sin(angle) * axes[j]
        return stages.least(np.vstack([here, others]).T)[0] - limit

    lowest = stages.least(axes)[1]
    centre = float(np.arctan(-lowest[j] / lowest[0])) if lowest[0] else np.pi / 2
    near = np.geomspace(NEAREST, np.pi / COARSE, FINE)
    angles = [*np.linspace(-np.pi / 2, np.pi / 2, COARSE), centre, *(centre - near), *(centre + near)]
    both = sorted((float(a), excess(a)) for a in angles if abs(a) <= np.pi / 2)
    scale = stages.unit[0] / stages.unit[j]
    roots = [
        scale * np.tan(brentq(excess, a, b, xtol=1e-12))
        for (a, at_a), (b, at_b) in itertools.pairwise(both)
        if (at_a > 0) != (at_b > 0)
    ]
    ends = [-np.inf, *map(float, roots), np.inf]
    return list(itertools.pairwise(ends))[(0 if both[0][1] <= 0 else 1) :: 2]
