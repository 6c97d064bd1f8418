"""Shapes of a change: limits of the curve, dense algebra, PyMC's density, and the truth found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posterity.models.prediction.leave_one_out import _densities, compare_loo, pointwise
from posterity.models.priors import DEFAULTS
from posterity.models.scale import scale_of
from posterity.models.thresholds import changepoints
from posterity.models.thresholds.changepoints import enumerate_thresholds
from posterity.models.thresholds.regimes import Regimes, regimes
from posterity.models.thresholds.transition import (
    SHAPES,
    WIDTHS,
    curve,
    ends,
    log_marginal,
    shapes_of,
    smooth_model,
)

from ...there import there
from ..pymc_density import integrated
from ..threshold_panels import panel
from .test_threshold import PRIORS, Dense, _log_normal, small


def test_the_curve_holds_a_step_and_a_line() -> None:
    q = np.linspace(-1.0, 2.0, 301)
    step = curve(q, 0.5, 0.002, 0.0, 1.0)
    away = np.abs(q - 0.5) > 0.02
    np.testing.assert_allclose(step[away], (q > 0.5)[away], atol=1e-4)
    inside = (q >= 0) & (q <= 1)
    np.testing.assert_allclose(curve(q, 0.3, WIDTHS[1], 0.0, 1.0)[inside], q[inside], atol=0.02)
    np.testing.assert_allclose(curve(np.array([0.0, 1.0]), 0.7, 0.4, 0.0, 1.0), [0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_interaction_and_leave_one_out_are_dense_algebra(form, monkeypatch) -> None:
    """Evidence of a linear interaction; p(y_i | y_-i) as a ratio of two normal densities."""
    for name, value in (("NODES", 4), ("OTHERS", 2), ("CHANGES", 2), ("REACH", (2.0, 2.0))):
        monkeypatch.setattr(changepoints, name, value)
    found = small(gaps=True)
    result = enumerate_thresholds(found, 1, PRIORS, form)
    shape = shapes_of(found, result, PRIORS)["interaction"]
    low, high = ends(found)
    dense = Dense(found, form, PRIORS)
    column = found.x * (found.q - low) / (high - low) / scale_of(found.design).x_sd[found.term]
    if form == "random":
        h = column - column.mean()
    else:
        h = column - dense.dummies @ np.linalg.lstsq(dense.dummies, column, rcond=None)[0]
    nodes, tau = result.nodes, float(result.changes[1])
    gains = []
    for sigma, entity, time in zip(nodes.sigma, nodes.sd_entity, nodes.sd_time, strict=True):
        mean, V = dense.base(sigma, entity, time)
        both = np.stack([V + tau**2 * np.outer(h, h), V])
        gains.append(float(np.subtract(*_log_normal(dense.y - mean, both))))
    expected = np.logaddexp.reduce(nodes.log_weight + gains)
    assert shape.log_evidence[1, 0] == pytest.approx(expected, abs=1e-8)

    others = np.array([[0.7, 0.4]])
    at = np.array([2])
    have = _densities(found, tau * h[None], nodes, at, others, PRIORS, form)[0]
    mean, V = dense.base(nodes.sigma[2], *others[0])
    V = V + tau**2 * np.outer(h, h)
    r = dense.y - mean
    whole = _log_normal(r, V[None])[0]
    for i in range(len(r)):
        rest = np.arange(len(r)) != i
        without = _log_normal(r[rest], V[np.ix_(rest, rest)][None])[0]
        assert have[i] == pytest.approx(whole - without, abs=1e-8)


def shaped(kind: str, noise: float = 0.3, seed: int = 3) -> Regimes:
    """A SYNTHETIC panel whose slope doubles in one of three ways."""
    design, q = panel(entities=30, times=11, change=0.0, noise=noise, seed=seed)
    low, high = np.quantile(q, [0.1, 0.9])
    shape = {
        "none": 0 * q,
        "jump": (q > np.median(q)) * 1.0,
        "smooth": 1 / (1 + np.exp(-(q - np.median(q)) / (0.1 * (high - low)))),
        "interaction": (q - low) / (high - low),
    }[kind]
    changed = design.y + 2.0 * design.X[:, 0] * shape
    return regimes(replace(design, y=changed), q, "x0", "q")


@pytest.mark.parametrize("kind", ["none", "jump", "smooth", "interaction"])
def test_the_shape_of_the_truth_is_found(kind: str) -> None:
    """By marginal likelihood; by LOO it is the best, or within two standard errors of it."""
    found = shaped(kind)
    result = enumerate_thresholds(found, 1, DEFAULTS, "mundlak")
    shapes = shapes_of(found, result)
    evidence = {name: log_marginal(shapes[name], result) for name in SHAPES}
    assert max(evidence, key=lambda name: evidence[name]) == kind
    table = compare_loo({k: pointwise(found, v, result, DEFAULTS) for k, v in shapes.items()})
    assert table.loc[kind, "elpd_diff"] >= -2 * table.loc[kind, "dse"] - 1e-9


def test_a_comparison_of_models_is_that_of_arviz() -> None:
    import arviz as az

    rng = np.random.default_rng(4)
    densities = {
        name: rng.normal(-1.4, spread, (300, 60)) for name, spread in zip("abc", (0.1, 0.2, 0.3), strict=True)
    }
    trees = {
        name: az.from_dict({"posterior": {"at": np.zeros((1, 300))}, "log_likelihood": {"y": values[None]}})
        for name, values in densities.items()
    }
    theirs, mine = az.compare(trees, round_to="none"), compare_loo(densities)
    for column in ("elpd", "elpd_diff", "dse"):
        np.testing.assert_allclose(mine[column], theirs.loc[mine.index, column].astype(float), atol=1e-9)


@pytest.mark.parametrize("form", ["mundlak", "random"])
def test_the_pymc_model_of_a_smooth_transition_is_the_dense_one(form) -> None:
    """Place, width and scales held, everything else integrated out, at a point of the grid."""
    found = small(gaps=True)
    result = enumerate_thresholds(found, 1, PRIORS, form)
    shape = shapes_of(found, result, PRIORS)["smooth"]
    point = len(there(shape.location)) // 3
    at = {"sigma": 0.6, "sd_entity": 0.7, "sd_time": 0.3, "difference": 0.5}
    at |= {"location": there(shape.location)[point], "log_width": np.log(there(shape.width)[point])}
    dense = Dense(found, form, PRIORS)
    low, high = ends(found)
    column = found.x * curve(found.q, at["location"], np.exp(at["log_width"]), low, high)
    column = column / scale_of(found.design).x_sd[found.term]
    if form == "random":
        h = column - column.mean()
    else:
        h = column - dense.dummies @ np.linalg.lstsq(dense.dummies, column, rcond=None)[0]
    mean, V = dense.base(at["sigma"], at["sd_entity"], at["sd_time"])
    expected = float(_log_normal(dense.y - mean, (V + at["difference"] ** 2 * np.outer(h, h))[None])[0])
    assert integrated(smooth_model(found, PRIORS, form), at)[0][0] == pytest.approx(expected, abs=1e-6)
