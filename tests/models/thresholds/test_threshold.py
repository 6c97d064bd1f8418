"""The enumerated posterior against dense Gaussian algebra over every set, quadrature and PyMC's density."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pymc as pm
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import logsumexp

from posterity.data.errors import InputError
from posterity.data.study.spec import Form
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.kinds.threshold import admissible_sets, threshold_model
from posterity.models.priors import DEFAULTS, Prior, Priors
from posterity.models.scale import standardise
from posterity.models.thresholds import changepoints
from posterity.models.thresholds.changepoint_draws import bands, draw, effect_along
from posterity.models.thresholds.changepoints import change_nodes, enumerate_thresholds
from posterity.models.thresholds.regimes import Regimes, regimes

from ..pymc_density import integrated
from ..threshold_panels import panel

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
EXACT = 1e-8
PRIORS: Priors = {
    **DEFAULTS,
    "slope": Prior("normal", (0.2, 0.7)),
    "intercept": Prior("normal", (0.3, 2.0)),
    "effect": Prior("normal", (0.0, 8.0)),
    "difference": Prior("half_normal", (0.6,)),
}


def free_of(columns: Array, dummies: Array) -> Array:
    """Residuals of least squares on dummies."""
    return columns - dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]


class Dense:
    """`threshold_model` as one Gaussian, with dummies and without sufficient statistics."""

    def __init__(self, found: Regimes, form: Form, priors: Priors) -> None:
        design, z = found.design, standardise(found.design)
        self.y, self.form, self.priors, self.found = z.y, form, priors, found
        self.D = np.eye(len(design.entities))[design.entity] if design.entity_effects else None
        self.T = np.eye(len(design.times))[design.time] if design.time_effects else None
        one = np.ones((design.n, 1))
        self.dummies = np.hstack([one, *(d for d in (self.D, self.T) if d is not None)])
        above = found.x[:, None] * (found.q[:, None] > found.candidates) / z.scale.x_sd[found.term]
        if form == "random":
            self.X, self.H = z.X, above - above.mean(axis=0)
        else:
            self.X, self.H = free_of(z.X, self.dummies), free_of(above, self.dummies)

    def base(self, sigma: float, sd_entity: float, sd_time: float) -> tuple[Array, Array]:
        """Mean and covariance of y without thresholds."""
        n = len(self.y)
        slope, level = self.priors["slope"].arguments, self.priors["intercept"].arguments
        flat = self.priors["effect"].arguments[-1]
        V = sigma**2 * np.eye(n) + slope[1] ** 2 * self.X @ self.X.T + level[1] ** 2
        for dummies, sd, is_time in ((self.D, sd_entity, False), (self.T, sd_time, True)):
            if dummies is None:
                continue
            size = dummies.shape[1]
            centred = self.form == "fixed" or is_time
            prior = np.eye(size) - centred / size
            V += (flat if self.form == "fixed" else sd) ** 2 * dummies @ prior @ dummies.T
        if self.form == "mundlak" and self.D is not None:
            raw = standardise(self.found.design).X
            time = np.zeros_like(raw)
            if self.T is not None:  # the entity part of x is what time effects, fitted at once, leave
                both = np.hstack([self.D, self.T - self.T.mean(axis=0)])
                fitted = np.linalg.lstsq(both, raw, rcond=None)[0][self.D.shape[1] :]
                time = (self.T - self.T.mean(axis=0)) @ fitted
            means = self.D @ np.linalg.lstsq(self.D, raw - time, rcond=None)[0]
            V += self.priors["between"].arguments[1] ** 2 * means @ means.T
        return self.X @ np.full(self.X.shape[1], slope[0]) + level[0], V

    def gains(self, sets: Codes, tau: float, sigma: float, sd_entity: float, sd_time: float) -> Array:
        """(P,) log p(y | set, scales) - log p(y | scales), each from its own n x n covariance."""
        mean, V = self.base(sigma, sd_entity, sd_time)
        H = self.H[:, sets]  # (n, P, K)
        every = V + tau**2 * np.einsum("ipk,jpk->pij", H, H)
        return _log_normal(self.y - mean, every) - _log_normal(self.y - mean, V[None])

    def log_likelihood(self, sigma: float) -> float:
        mean, V = self.base(sigma, 0.0, 0.0)
        return float(_log_normal(self.y - mean, V[None])[0])


def _log_normal(r: Array, V: Array) -> Array:
    root = np.linalg.cholesky(V)
    half = np.linalg.solve(root, np.broadcast_to(r, (len(V), len(r)))[:, :, None])[:, :, 0]
    logdet = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    return -0.5 * ((half**2).sum(axis=1) + logdet + len(r) * np.log(2 * np.pi))


def small(gaps: bool, effects: str = "both") -> Regimes:
    """20 or fewer rows, every distinct value a candidate; each regime holds two rows at least."""
    design, q = panel(effects=effects, gaps=gaps, entities=5, times=4, seed=4)
    return regimes(design, q, "x0", "q", share=0.1)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few nodes for the scales, since brute force must visit each of them."""
    for name, value in (("NODES", 4), ("OTHERS", 2), ("CHANGES", 2), ("REACH", (2.0, 2.0))):
        monkeypatch.setattr(changepoints, name, value)


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_enumeration_is_brute_force_over_all_pairs_and_triples(form: Form, gaps: bool) -> None:
    """Posterior of K, of every set and of tau, and log marginal likelihoods, with the same quadrature."""
    found = small(gaps)
    result = enumerate_thresholds(found, 3, PRIORS, form)
    reference = Dense(found, form, PRIORS)
    nodes, m = result.nodes, len(found.candidates)
    base = logsumexp(nodes.log_weight)
    log_marginal = [np.full(len(result.changes), base)]
    for size in (1, 2, 3):
        sets = np.array([s for s in combinations(range(m), size) if _regimes_hold(found, s)])
        np.testing.assert_array_equal(sets, result.sets[size])
        # in `fixed` and `mundlak` the scales of the effects change no comparison: any value will do
        others = (
            (nodes.sd_entity, nodes.sd_time)
            if form == "random"
            else (0 * nodes.sigma + 0.7, 0 * nodes.sigma + 0.3)
        )
        terms = np.array(
            [
                [
                    weight + reference.gains(sets, tau, sigma, entity, time)
                    for weight, sigma, entity, time in zip(
                        nodes.log_weight, nodes.sigma, *others, strict=True
                    )
                ]
                for tau in result.changes
            ]
        )
        expected = logsumexp(terms, axis=1) - np.log(len(sets))
        np.testing.assert_allclose(result.log_evidence[size], expected, rtol=0, atol=EXACT)
        weights = np.exp(expected) * result.change_weights[:, None]
        np.testing.assert_allclose(result.weights(size), weights / weights.sum(), rtol=0, atol=EXACT)
        log_marginal.append(logsumexp(expected, axis=1))
    by_change = np.exp(log_marginal).T
    np.testing.assert_allclose(
        result.probability_by_change, by_change / by_change.sum(axis=1, keepdims=True), rtol=0, atol=EXACT
    )
    probability = result.change_weights @ by_change
    np.testing.assert_allclose(result.probability, probability / probability.sum(), rtol=0, atol=EXACT)


def _regimes_hold(found: Regimes, chosen: tuple[int, ...]) -> bool:
    where = np.searchsorted(found.candidates[list(chosen)], found.q)
    return bool((np.bincount(where, minlength=len(chosen) + 1) >= found.least).all())


@pytest.mark.parametrize("effects", ["entity", "time"])
def test_the_integral_over_the_scales_is_scipys(effects: str) -> None:
    """log p(y) without and with a pair of thresholds, by adaptive quadrature of the dense likelihood."""
    found = small(gaps=True, effects=effects)
    result = enumerate_thresholds(found, 2, PRIORS, "fixed")
    reference = Dense(found, "fixed", PRIORS)
    prior = PRIORS["sigma"].frozen()
    top = max(reference.log_likelihood(s) for s in np.exp(np.linspace(-3, 1, 40)))

    def integral(gain) -> float:
        def density(log_sigma: float) -> float:
            sigma = np.exp(log_sigma)
            value = reference.log_likelihood(sigma) - top + gain(sigma) + prior.logpdf(sigma) + log_sigma
            return float(np.exp(value))

        return top + float(np.log(quad(density, -5, 3, epsabs=0, epsrel=1e-9, limit=200)[0]))

    assert logsumexp(result.nodes.log_weight) == pytest.approx(integral(lambda sigma: 0.0), abs=1e-6)
    at = int(result.log_evidence[2][3].argmax())
    pair, tau = result.sets[2][[at]], float(result.changes[3])
    expected = integral(lambda sigma: reference.gains(pair, tau, sigma, 0.0, 0.0)[0])
    have = result.log_evidence[2][3, at] + np.log(len(result.sets[2]))
    assert have == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_without_thresholds_it_is_the_effects_model(form: Form) -> None:
    found = small(gaps=True)
    result = enumerate_thresholds(found, 1, PRIORS, form)
    tree = posterior(statistics_of_design(found.design, form), PRIORS, Sampler(draws=4000))
    assert logsumexp(result.nodes.log_weight) == pytest.approx(tree.attrs["log_marginal"], abs=0.05)
    draws, coef = draw(result, 0, 16000, 1), tree["posterior"]["coef"].to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(draws.coef.mean(axis=0), coef.mean(axis=0), atol=0.05 * coef.std())
    np.testing.assert_allclose(draws.coef.std(axis=0), coef.std(axis=0), rtol=0.05)


def test_tau_is_integrated_over_its_prior() -> None:
    """Mean and variance of a half-normal, and the evidence for one change whose likelihood is known."""
    tau, weight = change_nodes(Prior("half_normal", (0.5,)))
    assert weight @ tau == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.01)
    assert weight @ tau**2 == pytest.approx(0.25, rel=0.03)
    seen = 0.4, 0.1

    def likelihood(t: float) -> float:
        v = t**2 + seen[1] ** 2
        return float(np.exp(-0.5 * seen[0] ** 2 / v) / np.sqrt(v))

    exact = quad(lambda t: likelihood(t) * Prior("half_normal", (0.5,)).frozen().pdf(t), 0, 5)[0]
    assert weight @ [likelihood(t) for t in tau] == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("form", ["mundlak", "random"])
def test_the_pymc_model_at_a_set_of_locations_is_the_dense_one(form: Form) -> None:
    """`which` and the scales held, everything else integrated out: what the enumeration weighs."""
    found = small(gaps=True)
    at = {"sigma": 0.6, "sd_entity": 0.7, "sd_time": 0.3, "difference": 0.5}
    model = pm.do(threshold_model(found, 2, PRIORS, form), {"which": 3})
    chosen = admissible_sets(found, 2)[[3]]
    dense = Dense(found, form, PRIORS)
    gain = dense.gains(chosen, at["difference"], at["sigma"], at["sd_entity"], at["sd_time"])[0]
    mean, V = dense.base(at["sigma"], at["sd_entity"], at["sd_time"])
    expected = float(_log_normal(dense.y - mean, V[None])[0]) + gain
    assert integrated(model, at)[0][0] == pytest.approx(expected, abs=1e-6)


def test_draws_given_a_location_are_a_mixture_of_conditionals_of_the_pymc_model() -> None:
    """One candidate: slopes by regime, each normal given the scales; the scales' draws are its weights."""
    found = small(gaps=True)
    at = len(found.candidates) // 2
    found = replace(found, candidates=found.candidates[[at]], below=found.below[[at]])
    result = enumerate_thresholds(found, 1, PRIORS, "fixed")
    draws = draw(result, 1, 400, 3)
    model = pm.do(threshold_model(found, 1, PRIORS, "fixed"), {"which": 0})
    points = [{"sigma": s, "difference": t} for s, t in zip(draws.sigma, draws.difference, strict=True)]
    given = [mean for _, mean, _ in integrated(model, *points)]
    below = np.array([mean["slope"][found.term] for mean in given])
    above = below + np.array([mean["delta"][0] for mean in given])
    means = np.column_stack([below, above])
    away = draws.regime - means * standardise(found.design).scale.unit[found.term]
    np.testing.assert_array_less(np.abs(away.mean(axis=0)), 4 * away.std(axis=0) / np.sqrt(len(points)))


def test_finer_quadrature_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = small(gaps=False)
    usual = enumerate_thresholds(found, 2, PRIORS, "fixed")
    monkeypatch.setattr(changepoints, "NODES", 96)
    monkeypatch.setattr(changepoints, "REACH", (14.0, 16.0))
    finer = enumerate_thresholds(found, 2, PRIORS, "fixed")
    np.testing.assert_allclose(usual.probability, finer.probability, atol=1e-8)


def test_a_clear_threshold_is_found_with_its_slopes() -> None:
    design, q = panel(entities=30, times=11, noise=0.3, seed=6)
    found = regimes(design, q, "x0", "q")
    result = enumerate_thresholds(found, 3, form="mundlak")
    assert result.probability[1:].sum() > 0.999
    draws = draw(result, 1, 4000, 1)
    low, high = np.quantile(draws.threshold, [0.005, 0.995])
    truth = found.candidates[np.searchsorted(found.candidates, np.median(q), side="right") - 1]
    near = found.candidates[np.abs(found.candidates - truth).argsort()[:5]]
    assert low <= near.max()
    assert near.min() <= high
    assert high - low < 0.2 * q.std()
    np.testing.assert_allclose(draws.regime.mean(axis=0), [2.0, 4.0], atol=0.15)
    along = bands(effect_along(draws, np.array([q.min(), q.max()])))
    np.testing.assert_allclose(along[0], draws.regime.mean(axis=0))
    assert (along[1] < along[2]).all()
    assert (along[2] < along[3]).all()


def test_a_prior_on_the_location_moves_it() -> None:
    found = small(gaps=False)
    flat = enumerate_thresholds(found, 1, PRIORS, "fixed")
    prior = Prior("normal", (float(found.candidates[-2]), 0.1))
    moved = enumerate_thresholds(found, 1, PRIORS, "fixed", location=prior)
    expected = flat.locations(1)[0] * prior.frozen().pdf(found.candidates)
    np.testing.assert_allclose(moved.locations(1)[0], expected / expected.sum(), atol=1e-10)


def test_bad_input_is_one_sentence() -> None:
    found = small(gaps=False)
    with pytest.raises(InputError, match=r"slope = student_t\(3, 0, 1\).*normal"):
        enumerate_thresholds(found, 1, {**PRIORS, "slope": Prior("student_t", (3.0, 0.0, 1.0))})
    with pytest.raises(InputError, match="no room for 2 thresholds"):
        enumerate_thresholds(replace(found, least=10), 2, PRIORS)
    with pytest.raises(InputError, match="5 thresholds are not enumerated"):
        enumerate_thresholds(found, 5, PRIORS)
