r"""Is it a jump? The slope changes at once, along a logistic curve, or in a straight line.

    y_it = beta x_it + delta x_it g(q_it) + z_it' theta + mu_i + lambda_t + e_it

g is 0 at the 10th percentile of q (low) and 1 at the 90th (high), so that delta ~ N(0, tau^2) means the same
in each of the four shapes:

- `jump`: g = 1(q > gamma), the model of `threshold` with one threshold;
- `smooth`: g = (G(q) - G(low)) / (G(high) - G(low)), G the logistic function of (q - c) / w (Gonzalez,
  Terasvirta and van Dijk 2005, "Panel smooth transition regression models"). c is uniform between the
  percentiles, log w from 0.02 times their distance (in effect a step) to 3 times (a straight line);
- `interaction`: g = (q - low) / (high - low);
- `none`: delta = 0.

`smooth_model` is for NUTS. To compare shapes, c and w are taken on a grid, and the marginal likelihood of
each point is computed exactly, as that of a threshold in `changepoints`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.sample.within import split
from ...data.study.spec import Form
from ..engine.psis import log_sum_exp
from ..kinds.effects import level_and_effects
from ..priors import DEFAULTS, Priors
from ..scale import standardise
from .blocks import blocks_of, columns_above
from .changepoints import Enumerated
from .marginal_likelihood import Blocks, log_marginals
from .regimes import Array, Codes, Regimes

if TYPE_CHECKING:
    import pymc as pm

PERCENTILES = (0.1, 0.9)
WIDTHS = (0.02, 3.0)
GRID = (40, 12)
REFINEMENTS = 2
NEGLIGIBLE = 14.0
SHAPES = ("none", "jump", "smooth", "interaction")


@dataclass(frozen=True, eq=False)
class Shape:
    """One shape of the change, with its marginal likelihoods.

    Attributes
    ----------
    columns : (n, P) x g(q) at each point of the shape's grid, in units of x
    blocks : their cross-products, or None without a change
    log_evidence : (G, P) log p(y, point | tau)
    location, width : (P,) of a smooth transition
    """

    columns: Array
    blocks: Blocks | None
    log_evidence: Array
    location: Array | None = None
    width: Array | None = None


def ends(found: Regimes) -> tuple[float, float]:
    """The 10th and 90th percentile of the threshold variable."""
    low, high = np.quantile(found.q, PERCENTILES)
    return float(low), float(high)


def curve(q: Any, location: Any, width: Any, low: float, high: float) -> Any:
    """g(q), in NumPy or PyTensor; `width` in units of high - low."""

    def logistic(at: Any) -> Any:
        return 0.5 * (1 + np.tanh((at - location) / (2 * width * (high - low))))

    return (logistic(q) - logistic(low)) / (logistic(high) - logistic(low))


def smooth_grid(found: Regimes, box: Array) -> tuple[Array, Array]:
    """(P,) locations and (P,) widths: midpoints of equal parts of a box, (2, 2) ends in prior probability."""
    low, high = ends(found)
    parts = [a + (b - a) * (np.arange(size) + 0.5) / size for (a, b), size in zip(box, GRID, strict=True)]
    first, second = np.meshgrid(*parts, indexing="ij")
    return low + first.ravel() * (high - low), WIDTHS[0] * (WIDTHS[1] / WIDTHS[0]) ** second.ravel()


def shapes_of(found: Regimes, posterior: Enumerated, priors: Priors = DEFAULTS) -> dict[str, Shape]:
    """Marginal likelihoods of the four shapes, with the scales and changes of an enumerated posterior."""
    nothing = np.zeros((found.design.n, 1))
    return {
        "none": Shape(nothing, None, posterior.log_evidence[0]),
        "jump": Shape(columns_above(posterior.regimes[0]), posterior.blocks[0], posterior.log_evidence[1]),
        "smooth": _smooth(found, posterior, priors),
        "interaction": interaction(found, posterior, priors),
    }


def interaction(found: Regimes, posterior: Enumerated, priors: Priors = DEFAULTS) -> Shape:
    """The slope moves along a straight line in q."""
    low, high = ends(found)
    return _weighed(found, found.x[:, None] * (found.q[:, None] - low) / (high - low), posterior, priors)


def _weighed(
    found: Regimes, columns: Array, posterior: Enumerated, priors: Priors, volume: float = 1.0
) -> Shape:
    blocks = blocks_of(found, columns, priors, posterior.form, posterior.law)
    points: Codes = np.arange(columns.shape[1])[:, None]
    log_evidence = log_marginals(blocks, posterior.nodes, posterior.changes, points)
    return Shape(columns, blocks, log_evidence + np.log(volume / len(points)))


def _smooth(found: Regimes, posterior: Enumerated, priors: Priors) -> Shape:
    """The smooth transition on a grid that is refined until it is fine enough.

    Each grid covers the box outside of which the posterior of the last one is practically zero.
    """
    low, high = ends(found)
    box = np.array([[0.0, 1.0], [0.0, 1.0]])
    for _ in range(REFINEMENTS + 1):
        location, width = smooth_grid(found, box)
        columns = found.x[:, None] * curve(found.q[:, None], location, width, low, high)
        shape = _weighed(found, columns, posterior, priors, float(np.prod(np.diff(box))))
        shape = replace(shape, location=location, width=width)
        joint = log_sum_exp((shape.log_evidence + np.log(posterior.change_weights)[:, None]).T).reshape(GRID)
        near = joint > joint.max() - NEGLIGIBLE
        for axis, size in enumerate(GRID):
            hit = np.flatnonzero(near.any(axis=1 - axis))
            a, b = box[axis]
            inside = a + (b - a) * np.array([hit[0] - 1, hit[-1] + 2]) / size
            box[axis] = np.clip(inside, a, b)
    return shape


def log_marginal(shape: Shape, posterior: Enumerated) -> float:
    """log p(y | shape), of the standardised outcome."""
    joint = shape.log_evidence + np.log(posterior.change_weights)[:, None]
    return float(log_sum_exp(joint.reshape(1, -1))[0])


def smooth_model(found: Regimes, priors: Priors = DEFAULTS, form: Form = "mundlak") -> pm.Model:
    """The smooth transition as a PyMC model, every effect a random variable; it has gradients throughout.

    `slope_low` and `slope_high` are the slopes at the 10th and 90th percentile of the threshold variable, on
    the paper's scale; `location` is on the scale of the threshold variable, `width` in units of the distance
    between the two.
    """
    import pymc as pm
    import pytensor.tensor as pt

    design, z = found.design, standardise(found.design)
    X = split(z.X, design.entity, design.time, design.entity_effects, design.time_effects)
    low, high = ends(found)
    coords = {
        "term": design.terms,
        "row": design.rows,
        design.entity_name: design.entities,
        design.time_name: design.times,
    }
    with pm.Model(coords=coords) as model:
        location = pm.Uniform("location", low, high)
        width = pt.exp(pm.Uniform("log_width", *np.log(WIDTHS)))
        pm.Deterministic("width", width)
        column = curve(pt.as_tensor(found.q), location, width, low, high) * found.x / z.scale.x_sd[found.term]
        taken = _taken(found, form)
        column = column - taken @ (taken.T @ column)

        slope = priors["slope"].variable("slope", dims="term")
        tau = priors["difference"].variable("difference")
        delta = tau * pm.Normal("standard_delta")
        level = priors["intercept"].variable("intercept")
        sigma = priors["sigma"].variable("sigma")
        mean = (z.X if form == "random" else X.within) @ slope + column * delta
        mean += level_and_effects(design, X, level, priors, form)

        pm.Normal("y", mean, sigma, observed=z.y, dims="row")
        pm.Deterministic("coef", slope * z.scale.unit, dims="term")
        unit = z.scale.unit[found.term]
        pm.Deterministic("slope_low", slope[found.term] * unit)
        pm.Deterministic("slope_high", (slope[found.term] + delta) * unit)
    return model


def _taken(found: Regimes, form: Form) -> Array:
    """(n, p) An orthonormal basis of what a regime column is freed of: its mean, or all effects."""
    design = found.design
    blocks = [np.ones((design.n, 1))]
    if form != "random":
        blocks += [np.eye(len(design.entities))[design.entity]] * design.entity_effects
        blocks += [np.eye(len(design.times))[design.time]] * design.time_effects
    u, s, _ = np.linalg.svd(np.hstack(blocks), full_matrices=False)
    return u[:, s > 1e-9 * s[0]]
