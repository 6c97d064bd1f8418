"""The collapsed model against dense Gaussian algebra that never collapses anything."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
import pytest
from numpy.typing import NDArray
from posterity.data.design import Design
from posterity.data.errors import InputError
from posterity.data.study import Form
from posterity.data.within import split
from posterity.models.collapsed import collapsed_data, program, scales_of
from posterity.models.priors import DEFAULTS, Prior, Priors
from posterity.models.sampling import prepare
from posterity.models.scale import standardise
from posterity.models.statistics import padded, statistics_of_design, zero_sum_basis
from scipy.stats import multivariate_normal

EXACT = 1e-8
PRIORS: Priors = {
    **DEFAULTS,
    "slope": Prior("normal", (0.2, 0.7)),
    "between": Prior("normal", (-0.1, 1.5)),
    "intercept": Prior("normal", (0.3, 2.0)),
    "effect": Prior("normal", (0.0, 8.0)),
    "sd_entity": Prior("half_cauchy", (0.5,)),
    "sd_time": Prior("exponential", (2.0,)),
}
SCALES = {"sigma": 0.6, "sd_entity": 0.9, "sd_time": 0.35}
CASES = [
    (form, effects, gaps)
    for form in ("fixed", "random", "mundlak")
    for effects in ("entity", "time", "both")
    for gaps in (False, True)
] + [(None, "", True)]


def panel(effects: str, gaps: bool, entities: int = 7, times: int = 5, k: int = 2, seed: int = 1) -> Design:
    """A small panel whose regressors move by entity and time; with gaps, 1 to `times` rows an entity."""
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(entities), times), np.tile(np.arange(times), entities)
    X = rng.normal(size=(entities, k))[e] + rng.normal(size=(times, k))[t] + rng.normal(size=(len(e), k))
    y = X.sum(axis=1) + rng.normal(size=entities)[e] + 0.5 * rng.normal(size=times)[t]
    y += rng.normal(size=len(e))
    keep = (rng.uniform(size=len(e)) < 0.7) | (t == e % times) if gaps else np.ones(len(e), bool)
    return Design(
        outcome="y",
        terms=tuple(f"x{j}" for j in range(k)),
        y=3 + 2 * y[keep],
        X=(10 + X * np.arange(1, k + 1))[keep],
        entity=e[keep],
        time=t[keep],
        entities=tuple(f"e{i}" for i in range(entities)),
        times=tuple(range(2000, 2000 + times)),
        entity_name="firm",
        time_name="year",
        entity_effects=effects in ("entity", "both"),
        time_effects=effects in ("time", "both"),
        clusters=None,
    )


class Dense(NamedTuple):
    """y = Z w + e with every coefficient and effect in w ~ N(mean, covariance), written out."""

    y: NDArray[np.float64]
    Z: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sigma: float

    def log_likelihood(self) -> float:
        V = self.Z @ self.covariance @ self.Z.T + self.sigma**2 * np.eye(len(self.y))
        return float(multivariate_normal.logpdf(self.y, self.Z @ self.mean, V))

    def conditional(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance of w given y."""
        V = self.Z @ self.covariance @ self.Z.T + self.sigma**2 * np.eye(len(self.y))
        gain = np.linalg.solve(V, self.Z @ self.covariance).T
        mean = self.mean + gain @ (self.y - self.Z @ self.mean)
        return mean, self.covariance - gain @ self.Z @ self.covariance


def dense(design: Design, form: Form | None, priors: Priors) -> Dense:
    """`effects_model` as one Gaussian: w = [slope, between, intercept, entity effects, time effects]."""
    z = standardise(design)
    parts = split(z.X, design.entity, design.time, design.entity_effects, design.time_effects)
    N, T = len(design.entities), len(design.times)
    blocks = [(parts.within if form in ("fixed", "mundlak") else z.X, *priors["slope"].arguments)]
    if form == "mundlak" and design.entity_effects:
        blocks.append((parts.entity[design.entity], *priors["between"].arguments))
    blocks.append((np.ones((design.n, 1)), *priors["intercept"].arguments))
    Z = [block for block, _, _ in blocks]
    mean = [np.full(block.shape[1], mu) for block, mu, _ in blocks]
    covariance = [np.eye(block.shape[1]) * sd**2 for block, _, sd in blocks]
    flat = priors["effect"].arguments[-1]
    if design.entity_effects:
        Z.append(np.eye(N)[design.entity])
        mean.append(np.zeros(N))
        zero_sum = np.eye(N) - 1 / N if form == "fixed" else np.eye(N)
        covariance.append((flat if form == "fixed" else SCALES["sd_entity"]) ** 2 * zero_sum)
    if design.time_effects:
        Z.append(np.eye(T)[design.time])
        mean.append(np.zeros(T))
        covariance.append(
            (flat if form == "fixed" else SCALES["sd_time"]) ** 2 * (np.eye(T) - np.full((T, T), 1 / T))
        )
    size = sum(len(m) for m in mean)
    joint = np.zeros((size, size))
    at = 0
    for block in covariance:
        joint[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return Dense(z.y, np.hstack(Z), np.concatenate(mean), joint, SCALES["sigma"])


@pytest.fixture(autouse=True, scope="module")
def _double_precision() -> None:
    prepare("cpu")


@pytest.mark.parametrize(("form", "effects", "gaps"), CASES)
def test_log_density_is_the_dense_gaussian(form: Form | None, effects: str, gaps: bool) -> None:
    design = panel(effects, gaps)
    statistics = padded(statistics_of_design(design, form))
    names = scales_of(statistics)
    point = np.log([SCALES[name] for name in names])
    evaluate = jax.jit(program(statistics, PRIORS))
    log_density = evaluate(point, collapsed_data(statistics, PRIORS)).log_density
    prior = sum(PRIORS[name].frozen().logpdf(SCALES[name]) + np.log(SCALES[name]) for name in names)
    expected = dense(design, form, PRIORS).log_likelihood() + prior
    assert float(log_density) == pytest.approx(expected, rel=EXACT)
