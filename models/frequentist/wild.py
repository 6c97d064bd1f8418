"""The wild cluster bootstrap: inference on one coefficient with few clusters.

Restricted (Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414): the residuals under the null
hypothesis are multiplied by one random sign per cluster (or by one of six weights, Webb 2023,
doi:10.1111/caje.12661), and |t| is compared with the |t*|. The computation follows Roodman, Nielsen,
MacKinnon and Webb (2019, doi:10.1177/1536867X19830877): with x the regressor and y the outcome, all other
regressors and the effects partialled out, u = y - b x and M the annihilator of these and of x,

    t* = sum_g v_g s_g / sqrt(sum_g (K v)_g^2),   s_g = x_g'u_g,   K_gh = x_(g)' M u_(h),

where x_(g) is x with zeros outside cluster g. Both are linear in b, so that each null hypothesis costs one
pass over the draws. The small-sample factor of the standard error is the same in t and t* and cancels. A tie
counts against rejection: with equal signs in all clusters |t*| = |t|, so that G clusters allow no p-value
below 2^(1 - G).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...data.sample.within import split
from ..scale import Array

if TYPE_CHECKING:
    from ...data.sample.design import Design

Weights = Literal["rademacher", "webb"]
POINTS: dict[Weights, Array] = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])]),
}
ENUMERATED, RANDOM = 50_000, 9_999
FEW = 12  # below, signs have too few values: Webb's weights
TIE = 1e-9
FARTHEST, GROWTH, HALVES = 1e6, 1.1, 40  # nulls: error / 8 times powers of 1.1, to 1e5 errors away


@dataclass(frozen=True)
class WildTest:
    """The test of one coefficient.

    Attributes
    ----------
    t : estimate over cluster-robust standard error, without its small-sample factor
    p_value : of the coefficient being 0
    smallest : the smallest p-value that these weights allow
    interval : the nulls that are not rejected, on the paper's scale; its ends may be infinite
    draws : number of draws of the weights, all of them where `enumerated`
    """

    weights: Weights
    t: float
    p_value: float
    smallest: float
    interval: tuple[float, float]
    draws: int
    enumerated: bool


@dataclass(frozen=True, eq=False)
class Parts:
    """What every null shares.

    Attributes
    ----------
    estimate, error : of the coefficient; the error without small-sample factor
    top_y, top_x : (B,) numerators of t* for outcome and regressor; that of a null b is top_y - b top_x
    square : (3,) times (B,) coefficients of 1, b and b^2 of the squared denominator
    """

    estimate: float
    error: float
    top_y: Array
    top_x: Array
    square: tuple[Array, Array, Array]


def wild_cluster(
    design: Design, term: str, weights: Weights, level: float = 0.95, seed: int = 20250101
) -> WildTest:
    """Test and invert for one coefficient; the null is imposed.

    Parameters
    ----------
    design : with clusters
    """
    assert design.clusters is not None
    count = int(design.clusters.max()) + 1
    signs, enumerated = draw_weights(count, weights, seed)
    parts = parts_of(design, design.terms.index(term), signs)
    same = np.abs(signs - signs[:, :1]).max(axis=1) < TIE
    return WildTest(
        weights,
        parts.estimate / parts.error,
        p_value(parts, 0.0),
        float(same.mean()) if enumerated else len(POINTS[weights]) ** (1.0 - count),
        (_end(parts, level, -1), _end(parts, level, 1)),
        len(signs),
        enumerated,
    )


def draw_weights(count: int, weights: Weights, seed: int) -> tuple[Array, bool]:
    """(B, G) every vector of weights where there are few, else random ones; and whether it is every one."""
    points = POINTS[weights]
    if len(points) ** count <= ENUMERATED:
        return np.array(list(itertools.product(points, repeat=count))), True
    return np.random.default_rng(seed).choice(points, (RANDOM, count)), False


def parts_of(design: Design, at: int, signs: Array) -> Parts:
    """The pieces of t and t* for the regressor in column `at`, with weights (B, G)."""
    assert design.clusters is not None

    def within(columns: Array) -> Array:
        return split(columns, design.entity, design.time, design.entity_effects, design.time_effects).within

    X, y = within(design.X), within(design.y[:, None])[:, 0]
    others = np.linalg.qr(np.delete(X, at, axis=1))[0]
    x, y = X[:, at] - others @ (others.T @ X[:, at]), y - others @ (others.T @ y)
    size = x @ x
    member = np.eye(signs.shape[1])[design.clusters]

    def annihilated(columns: Array) -> Array:
        left = within(columns)
        left = left - others @ (others.T @ left)
        return left - np.outer(x, x @ left) / size

    blocks = x[:, None] * member
    K_y, K_x = (blocks.T @ annihilated(u[:, None] * member) for u in (y, x))
    estimate = float(x @ y / size)
    error = float(np.sqrt((((x * (y - estimate * x)) @ member) ** 2).sum()) / size)
    a, b = signs @ K_y.T, signs @ K_x.T
    square = ((a**2).sum(axis=1), -2 * (a * b).sum(axis=1), (b**2).sum(axis=1))
    return Parts(estimate, error, signs @ (blocks.T @ y), signs @ (blocks.T @ x), square)


def p_value(parts: Parts, null: float) -> float:
    """The share of |t*| that is at least |t|."""
    t = abs(parts.estimate - null) / parts.error
    one, b, b2 = parts.square
    bottom = np.sqrt(np.maximum(one + null * b + null**2 * b2, 0.0))
    top = np.abs(parts.top_y - null * parts.top_x)
    return float((top >= t * bottom * (1 - TIE)).mean())


def _end(parts: Parts, level: float, side: int) -> float:
    """The outermost null on one side of the estimate that is not rejected.

    p-values of few clusters go up and down, so that every step outwards is looked at, and 0 as well.
    """
    steps = parts.error / 8 * (GROWTH ** np.arange(np.log(FARTHEST) / np.log(GROWTH)) - 1)
    nulls = np.unique(np.append(steps, abs(parts.estimate) if parts.estimate * side < 0 else 0.0))
    kept = [p_value(parts, parts.estimate + side * far) > 1 - level for far in nulls]
    last = int(np.flatnonzero(kept)[-1])
    if last == len(nulls) - 1:
        return side * float("inf")
    inner, outer = nulls[last], nulls[last + 1]
    for _ in range(HALVES):
        middle = (inner + outer) / 2
        rejected = p_value(parts, parts.estimate + side * middle) <= 1 - level
        inner, outer = (inner, middle) if rejected else (middle, outer)
    return float(parts.estimate + side * inner)
