"""Thresholds and the linear interaction under AR(1) errors, against dense normal densities and quadrature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
from scipy.special import logsumexp

from posterity.models.engine.importance import find_mode, fit_proposal
from posterity.models.errors import LAWS
from posterity.models.errors.ar1 import RHO
from posterity.models.kinds.threshold import admissible_sets, threshold_model
from posterity.models.priors import DEFAULTS
from posterity.models.scale import scale_of
from posterity.models.thresholds import correlated_nodes
from posterity.models.thresholds.changepoint_draws import draw, draw_averaged
from posterity.models.thresholds.changepoints import enumerate_thresholds
from posterity.models.thresholds.comparison import INTERACTION, compare
from posterity.models.thresholds.regimes import Regimes, regimes
from posterity.models.thresholds.transition import ends, interaction

from ..pymc_density import integrated
from ..threshold_panels import panel
from .test_threshold import PRIORS as OTHERS
from .test_threshold import Array, Dense, Form, _log_normal, free_of, small

AR1 = LAWS["ar1"]
PRIORS = {**OTHERS, "rho_error": RHO.prior}


class DenseAR1(Dense):
    """The same with errors of correlation rho^|t - s| within an entity, written out."""

    rho: float

    def base(self, sigma: float, sd_entity: float, sd_time: float) -> tuple[Array, Array]:
        mean, V = super().base(sigma, sd_entity, sd_time)
        design = self.found.design
        apart = np.abs(design.time[:, None] - design.time)
        R = np.where(design.entity[:, None] == design.entity, self.rho**apart, 0.0)
        return mean, V + sigma**2 * (R - np.eye(len(R)))


def line_of(found: Regimes, form: Form, dense: Dense) -> Array:
    """(n,) The column of the interaction, from its statement."""
    low, high = ends(found)
    column = found.x * (found.q - low) / (high - low) / scale_of(found.design).x_sd[found.term]
    return column - column.mean() if form == "random" else free_of(column, dense.dummies)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_evidence_under_ar1_errors_is_that_of_dense_normal_densities(
    form: Form, gaps: bool, monkeypatch
) -> None:
    """Every set of one and two thresholds and the interaction, at the nodes' own values of all scales."""
    monkeypatch.setattr(correlated_nodes, "EACH", 2)
    found = small(gaps)
    result = enumerate_thresholds(found, 2, PRIORS, form, law=AR1)
    dense, nodes, tau = DenseAR1(found, form, PRIORS), result.nodes, float(result.changes[3])
    line = line_of(found, form, dense)
    terms: dict[int | str, list[Array]] = {1: [], 2: [], INTERACTION: []}
    for q in range(len(nodes.sigma)):
        at = float(nodes.sigma[q]), float(nodes.sd_entity[q]), float(nodes.sd_time[q])
        dense.rho = float(nodes.errors["rho_error"][q])
        for size in (1, 2):
            terms[size].append(nodes.log_weight[q] + dense.gains(result.sets[size], tau, *at))
        mean, V = dense.base(*at)
        both = np.stack([V + tau**2 * np.outer(line, line), V])
        terms[INTERACTION].append(nodes.log_weight[q] + np.subtract(*_log_normal(dense.y - mean, both)))
    for size in (1, 2):
        expected = logsumexp(terms[size], axis=0) - np.log(len(result.sets[size]))
        np.testing.assert_allclose(result.log_evidence[size][3], expected, rtol=0, atol=1e-7)
    have = interaction(found, result, PRIORS).log_evidence[3, 0]
    assert have == pytest.approx(float(logsumexp(terms[INTERACTION])), abs=1e-7)


def test_the_integral_over_sigma_and_rho_is_that_of_a_fine_grid(monkeypatch) -> None:
    """log p(y) without thresholds, with a pair and with the interaction, over a fine grid of scales."""
    monkeypatch.setattr(correlated_nodes, "EACH", 512)
    found = small(gaps=True)
    result = enumerate_thresholds(found, 2, PRIORS, "fixed", law=AR1)
    dense, prior, which = DenseAR1(found, "fixed", PRIORS), PRIORS["sigma"].frozen(), 3
    tau = float(result.changes[which])
    best = int(result.log_evidence[2][which].argmax())
    pair = dense.H[:, result.sets[2][best]]
    line = line_of(found, "fixed", dense)[:, None]
    rho, weight = np.polynomial.legendre.leggauss(80)
    log_sigma = np.linspace(-4, 2, 121)
    sigma = np.exp(log_sigma)
    flat = np.log(np.diff(RHO.prior.frozen().cdf([-1, 1]))[0])
    dense.rho = 0.0
    mean, rest = dense.base(0.0, 0.0, 0.0)

    def integral(columns: Array) -> float:
        rows = []
        for at, own in zip(rho, weight, strict=True):
            dense.rho = at
            R = dense.base(1.0, 0.0, 0.0)[1] - rest
            V = rest + sigma[:, None, None] ** 2 * R + tau**2 * columns @ columns.T
            value = _log_normal(dense.y - mean, V) + prior.logpdf(sigma) + log_sigma
            rows.append(value + RHO.prior.frozen().logpdf(at) - flat + np.log(own))
        return float(logsumexp(rows) + np.log(log_sigma[1] - log_sigma[0]))

    have = [
        logsumexp(result.nodes.log_weight),
        result.log_evidence[2][which, best] + np.log(len(result.sets[2])),
        interaction(found, result, PRIORS).log_evidence[which, 0],
    ]
    expected = [integral(columns) for columns in (np.zeros((len(dense.y), 1)), pair, line)]
    np.testing.assert_allclose(have, expected, rtol=0, atol=0.02)


def test_points_of_the_mixture_have_the_density_that_is_stated() -> None:
    """Averages over the points of one split t, weighed by a normal density over it: a known integral."""

    def density(points: Array) -> Array:
        x, y = points[..., 0], points[..., 1]
        return -0.5 * ((x - 1) ** 2 + (y + 2 - 0.8 * (x - 1)) ** 2 / 0.09)

    proposal = fit_proposal(density, *find_mode(density, 1, 2))
    sobol = correlated_nodes.qmc.Sobol(3, rng=np.random.default_rng(1))
    points = correlated_nodes._points(proposal, sobol.random(4096))
    ratio = np.exp(density(points) - correlated_nodes._log_density(proposal, points))
    assert ratio.mean() == pytest.approx(2 * np.pi * 0.3, rel=0.005)
    assert (ratio * points[:, 0]).mean() / ratio.mean() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("form", ["mundlak", "random"])
def test_the_pymc_model_under_ar1_errors_is_the_dense_one(form: Form) -> None:
    found = small(gaps=True)
    at = {"sigma": 0.6, "sd_entity": 0.7, "sd_time": 0.3, "difference": 0.5, "rho_error": 0.55}
    model = pm.do(threshold_model(found, 2, PRIORS, form, errors="ar1"), {"which": 3})
    dense = DenseAR1(found, form, PRIORS)
    dense.rho = at["rho_error"]
    scales = at["sigma"], at["sd_entity"], at["sd_time"]
    gain = dense.gains(admissible_sets(found, 2)[[3]], at["difference"], *scales)[0]
    mean, V = dense.base(*scales)
    expected = float(_log_normal(dense.y - mean, V[None])[0]) + gain
    assert integrated(model, at)[0][0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("form", ["fixed", "mundlak"])
def test_slopes_under_ar1_errors_are_a_mixture_of_dense_conditionals(form: Form) -> None:
    """One candidate: mean and covariance of slope and change at each node, weighed by its evidence."""
    found = small(gaps=True)
    middle = len(found.candidates) // 2
    found = replace(found, candidates=found.candidates[[middle]], below=found.below[[middle]])
    result = enumerate_thresholds(found, 1, PRIORS, form, law=AR1)
    drawn = draw(result, 1, 20_000, 3)
    dense, nodes = DenseAR1(found, form, PRIORS), result.nodes
    slope_mean, slope_sd = PRIORS["slope"].arguments
    log_weight, means, squares = [], [], []
    for g, tau in enumerate(result.changes):
        for q in range(len(nodes.sigma)):
            dense.rho = float(nodes.errors["rho_error"][q])
            mean, V = dense.base(float(nodes.sigma[q]), float(nodes.sd_entity[q]), float(nodes.sd_time[q]))
            Z = np.column_stack([dense.X[:, found.term], dense.H[:, 0]])
            prior = np.diag([slope_sd**2, tau**2])
            whole = V + tau**2 * np.outer(Z[:, 1], Z[:, 1])
            gain = np.linalg.solve(whole, Z @ prior).T
            at = [slope_mean, 0.0] + gain @ (dense.y - mean)
            covariance = prior - gain @ Z @ prior
            own = _log_normal(dense.y - mean, np.stack([whole, V]))
            log_weight.append(nodes.log_weight[q] + own[0] - own[1] + np.log(result.change_weights[g]))
            means.append(at)
            squares.append(covariance + np.outer(at, at))
    weight = np.exp(np.array(log_weight) - max(log_weight))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    spread = np.sqrt(np.diag(np.tensordot(weight, np.array(squares), 1)) - mean**2)
    unit = dense_unit(found)
    both = np.column_stack([drawn.regime[:, 0], drawn.regime[:, 1] - drawn.regime[:, 0]]) / unit
    np.testing.assert_allclose(both.mean(axis=0), mean, atol=5 * spread.max() / np.sqrt(len(both)))
    np.testing.assert_allclose(both.std(axis=0), spread, rtol=0.05)


def dense_unit(found: Regimes) -> float:
    return float(scale_of(found.design).unit[found.term])


def persistent(change: str, rho: float, seed: int) -> Regimes:
    """A SYNTHETIC panel whose regressor and threshold variable persist, as levels of economies do."""
    N, T = 20, 10
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)

    def series(at: float) -> Array:
        x = rng.normal(size=(N, T))
        for s in range(1, T):
            x[:, s] = at * x[:, s - 1] + np.sqrt(1 - at**2) * x[:, s]
        return x.ravel()

    base, q = panel(entities=N, times=T, seed=seed)[0], series(0.8)
    X = np.column_stack([series(0.8), series(0.8)])
    shape = {"none": 0 * q, "interaction": 0.5 * q, "jump": 1.5 * (q > 0)}[change]
    y = X.sum(axis=1) + shape * X[:, 0] + rng.normal(size=N)[e] + series(rho)
    return regimes(replace(base, y=y, X=X, entity=e, time=t), q, "x0", "q")


@pytest.mark.parametrize(
    ("change", "rho", "models", "law"),
    [
        ("none", 0.8, ("0",), "ar1"),
        ("interaction", 0.8, (INTERACTION,), "ar1"),
        ("jump", 0.0, ("1", "2"), "gaussian"),
    ],
)
def test_the_model_and_the_law_that_made_a_panel_are_found(change, rho, models, law) -> None:
    """In most of a few panels; where there is a jump, one or two thresholds."""
    right = 0
    for seed in range(5):
        found = compare(persistent(change, rho, seed), ("gaussian", "ar1"), 2, DEFAULTS, "fixed")
        assert found.probability.sum() == pytest.approx(1)
        chosen = found.models[int(found.by_model.argmax())]
        right += chosen in models and found.laws[int(found.by_law.argmax())] == law
    assert right >= 3


def test_laws_are_averaged_in_proportion() -> None:
    """Draws given a number come from each law as often as it is likely; one law leaves them as they are."""
    found = persistent("jump", 0.4, 1)
    both = compare(found, ("gaussian", "ar1"), 1, DEFAULTS, "fixed")
    share = both.laws_given(1)
    assert share.sum() == pytest.approx(1)
    assert share == pytest.approx(both.probability[:, 1] / both.probability[:, 1].sum())
    drawn = draw_averaged(both, 1, 4000, 1)
    each = [draw(one, 1, 4000, 1) for one in both.posteriors]
    expected = sum(p * one.regime.mean(axis=0) for p, one in zip(share, each, strict=True))
    np.testing.assert_allclose(drawn.regime.mean(axis=0), expected, atol=0.02)
    alone = compare(found, ("gaussian",), 1, DEFAULTS, "fixed")
    np.testing.assert_array_equal(
        draw_averaged(alone, 1, 50, 1).coef, draw(both.posteriors[0], 1, 50, 1).coef
    )
    np.testing.assert_allclose(alone.numbers, both.posteriors[0].probability, atol=1e-12)
