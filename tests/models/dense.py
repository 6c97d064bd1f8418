"""A small SYNTHETIC panel, and the law of its coefficients written out as one dense Gaussian."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from posterity.data.sample.design import Design, VaryingSlopes
from posterity.data.sample.within import Split, split
from posterity.data.study.spec import Form
from posterity.models.priors import Priors
from posterity.models.scale import standardise

SCALES = {"sigma": 0.6, "sd_entity": 0.9, "sd_time": 0.35, "sd_slope[0]": 0.4, "sd_slope[1]": 0.25}
SCALES |= {"slope_mixing[0]": 1.7, "slope_mixing[1]": 0.6, "between_mixing[0]": 0.8, "between_mixing[1]": 2.2}


def panel(
    effects: str,
    gaps: bool,
    entities: int = 7,
    times: int = 5,
    k: int = 2,
    seed: int = 1,
    varying: tuple[int, ...] = (),
) -> Design:
    """A small panel whose regressors move by entity and time; with gaps, 1 to `times` rows an entity.

    The slopes named in `varying` differ between three groups of entities.
    """
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(entities), times), np.tile(np.arange(times), entities)
    X = rng.normal(size=(entities, k))[e] + rng.normal(size=(times, k))[t] + rng.normal(size=(len(e), k))
    y = X.sum(axis=1) + rng.normal(size=entities)[e] + 0.5 * rng.normal(size=times)[t]
    y += rng.normal(size=len(e))
    y += 0.6 * X[:, list(varying)].sum(axis=1) * (e % 3 - 1)
    keep = (rng.uniform(size=len(e)) < 0.7) | (t == e % times) if gaps else np.ones(len(e), bool)
    made = firms(3 + 2 * y[keep], (10 + X * np.arange(1, k + 1))[keep], e[keep], t[keep], effects)
    if not varying:
        return made
    return replace(made, varying=VaryingSlopes(varying, np.arange(entities) % 3, ("a", "b", "c")))


def firms(
    y: NDArray[np.float64],
    X: NDArray[np.float64],
    entity: NDArray[np.int64],
    time: NDArray[np.int64],
    effects: str,
) -> Design:
    """Rows of firms e0, e1, ... and years from 2000 on, each of which has some, as a design."""
    return Design(
        outcome="y",
        terms=tuple(f"x{j}" for j in range(X.shape[1])),
        y=y,
        X=X,
        entity=entity,
        time=time,
        entities=tuple(f"e{i}" for i in range(entity.max() + 1)),
        times=tuple(range(2000, 2001 + int(time.max()))),
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
    """`effects_model` as one Gaussian, given scales.

    w = [slope, between, deviations of groups, intercept, entity effects, time effects].
    """
    z = standardise(design, form is not None)

    def split_(X: NDArray[np.float64]) -> Split:
        return split(X, design.entity, design.time, design.entity_effects, design.time_effects)

    def law(name: str) -> tuple[float, NDArray[np.float64] | float]:
        mu, sd = priors[name].arguments[-2:]
        mixing = [SCALES[f"{name}_mixing[{j}]"] for j in range(design.k)]
        return mu, sd if priors[name].family == "normal" else sd * np.sqrt(mixing)

    parts = split_(z.X)
    N, T = len(design.entities), len(design.times)
    blocks = [(parts.within if form in ("fixed", "mundlak") else z.X, *law("slope"))]
    if form == "mundlak" and design.entity_effects:
        blocks.append((parts.entity[design.entity], *law("between")))
    if design.varying:
        for j, column in enumerate(design.varying.columns):
            V = z.X[:, [column]] * (design.varying.group[design.entity][:, None] == np.arange(3))
            blocks.append((V if form == "random" else split_(V).within, 0.0, SCALES[f"sd_slope[{j}]"]))
    mu, sd = priors["intercept"].arguments
    blocks.append((np.ones((design.n, 1)), mu, sd))
    Z = [block for block, _, _ in blocks]
    mean = [np.full(block.shape[1], mu) for block, mu, _ in blocks]
    covariance = [np.eye(block.shape[1]) * np.asarray(sd) ** 2 for block, _, sd in blocks]
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
