"""SYNTHETIC panels with errors of each law, drawn straight from the statement of the model."""

from dataclasses import replace

import numpy as np

from posterity.data.sample.design import Design
from posterity.data.sample.within import split
from posterity.data.study.spec import Errors
from posterity.models.errors.inference.posteriors import posteriors_of
from posterity.models.priors import DEFAULTS
from posterity.models.scale import Scale, Standardised

CLUSTERS, RANKS = 4, 100
LAWS: tuple[Errors, ...] = ("student_t", "ar1", "entity_variance", "cluster")
TRUTH = {"nu": 4.0, "rho_error": 0.6, "sd_variance": 0.7, "sd_cluster": 0.3, "rho_cluster": 0.6}
TRUTH |= {"sigma": 0.5, "sd_entity": 0.6, "sd_time": 0.3}


def empty(entities: int, times: int, missing: float, seed: int) -> Design:
    """A design without outcome: two regressors that persist, clusters of entities, gaps in years."""
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(entities), times), np.tile(np.arange(times), entities)
    kept = (rng.uniform(size=len(e)) >= missing) | (t == 0) | (t == times - 1)
    e, t = e[kept], t[kept]
    level, year = rng.normal(size=(entities, 2)), rng.normal(size=(times, 2))
    X = 0.7 * level[e] + 0.5 * year[t] + rng.normal(size=(len(e), 2))
    return Design(
        "y", ("x1", "x2"), np.zeros(len(e)), (X - X.mean(axis=0)) / X.std(axis=0), e, t,
        tuple(f"e{i:02d}" for i in range(entities)), tuple(range(2000, 2000 + times)), "entity", "year",
        True, True, e % CLUSTERS, synthetic=True,
    )  # fmt: skip


def drawn(names: list[str], rng: np.random.Generator) -> dict[str, float]:
    """Parameters from their priors, correlations cut to (-1, 1)."""
    found = {}
    for name in names:
        law = DEFAULTS[name].frozen()
        value = float(law.rvs(random_state=rng))
        while name.startswith("rho") and abs(value) >= 1:
            value = float(law.rvs(random_state=rng))
        found[name] = value
    return found


def errors_of(design: Design, law: str, at: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """(n,) Errors; those correlated over time are simulated at every year and read where there is a row."""
    sigma, shape = at["sigma"], (len(design.entities), len(design.times))
    if law == "student_t":
        return sigma * rng.standard_t(at["nu"], design.n)
    if law == "entity_variance":
        nu = 2 / at["sd_variance"] ** 2
        return sigma / np.sqrt(rng.gamma(nu / 2, 2 / nu, shape[0]))[design.entity] * rng.normal(size=design.n)
    if law == "ar1":
        return sigma * series(shape, at["rho_error"], rng)[design.entity, design.time]
    shocks = at["sd_cluster"] * series((CLUSTERS, shape[1]), at["rho_cluster"], rng)
    return shocks[design.clusters, design.time] + sigma * rng.normal(size=design.n)


def series(shape: tuple[int, int], rho: float, rng: np.random.Generator) -> np.ndarray:
    """Stationary AR(1) of unit variance, one a row."""
    x = rng.normal(size=shape)
    for t in range(1, shape[1]):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * x[:, t]
    return x


def small(law: str) -> Design:
    """A panel of 12 entities and 7 years with gaps, whose effects are clear of 0."""
    design = empty(12, 7, 0.15, 5)
    rng = np.random.default_rng(5)
    level, year = rng.normal(size=12), 0.5 * rng.normal(size=7)
    y = design.X @ [0.5, -0.3] + level[design.entity] + year[design.time]
    return replace(design, y=y + errors_of(design, law, TRUTH, rng))


def own(law: str) -> list[str]:
    from posterity.models.errors import LAWS

    return [own.name for own in LAWS[law].parameters]


def from_prior(design: Design, law: str, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """An outcome in standard units under the `mundlak` model, and the parameters that made it."""
    at = drawn(["sigma", "sd_entity", "sd_time", *own(law)], rng)
    slope, between, level = (DEFAULTS[n].frozen() for n in ("slope", "between", "intercept"))
    b, g = slope.rvs(2, random_state=rng), between.rvs(2, random_state=rng)
    part = split(design.X, design.entity, design.time, True, True)
    effect = float(level.rvs(random_state=rng)) + part.entity @ g
    effect = effect + at["sd_entity"] * rng.normal(size=len(effect))
    year = rng.normal(size=len(design.times))
    year = at["sd_time"] * (year - year.mean())
    y = part.within @ b + effect[design.entity] + year[design.time] + errors_of(design, law, at, rng)
    return y, {"x1": float(b[0]), "x2": float(b[1]), **at}


def ranks(law: Errors, count: int, design: Design, seed: int, draws: int = 1000) -> dict[str, np.ndarray]:
    """(count,) Ranks 0 .. 99 of each true parameter among 99 thinned draws, over data sets from the prior."""
    rng = np.random.default_rng(seed)
    made = [from_prior(design, law, rng) for _ in range(count)]
    unit = Scale(0.0, 1.0, np.zeros(2), np.ones(2))
    found: dict[str, list[int]] = {}
    for start in range(0, count, 25):
        some = made[start : start + 25]
        z = [Standardised(y, design.X, unit) for y, _ in some]
        posteriors = posteriors_of(
            [design] * len(some), z, [unit] * len(some), DEFAULTS, "mundlak", law, draws, seed + start
        )
        for (_, true), one in zip(some, posteriors, strict=True):
            values = {"x1": one.coef[:, 0], "x2": one.coef[:, 1], **one.parameters}
            for name, value in true.items():
                thinned = values[name][:: draws // (RANKS - 1)][: RANKS - 1]
                found.setdefault(name, []).append(int((thinned < value).sum()))
    return {name: np.array(rank) for name, rank in found.items()}


def panels_at_truth(law: str, count: int, design: Design, seed: int) -> list[Design]:
    """Panels on the paper's scale with slopes 0.5 and -0.3 and effects that go with the regressors."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        level = 0.4 * rng.normal(size=len(design.entities)) + 0.3 * np.arange(len(design.entities)) % 1.7
        year = TRUTH["sd_time"] * rng.normal(size=len(design.times))
        X = design.X + 0.5 * level[design.entity][:, None]
        y = 3 + X @ [0.5, -0.3] + level[design.entity] + year[design.time]
        made.append(replace(design, X=X, y=y + errors_of(design, law, TRUTH, rng)))
    return made


def mediated(entities: int = 12, times: int = 7, rho: float = 0.6, missing: float = 0.15) -> Design:
    """A panel with a = 0.6, b = 0.5 and c' = 0.2 whose mediator `m` and outcome have AR(1) errors."""
    design = empty(entities, times, missing, 6)
    rng = np.random.default_rng(6)
    at = {"sigma": 0.5, "rho_error": rho}
    level, year = (
        rng.normal(size=(entities, 2))[design.entity],
        0.5 * rng.normal(size=(times, 2))[design.time],
    )
    of_m, of_y = (errors_of(design, "ar1", at, rng) for _ in range(2))
    m = 0.6 * design.X[:, 0] + level[:, 0] + year[:, 0] + of_m
    y = 0.2 * design.X[:, 0] + 0.5 * m - 0.3 * design.X[:, 1] + level[:, 1] + year[:, 1] + of_y
    X = np.column_stack([design.X[:, 0], m, design.X[:, 1]])
    return replace(design, terms=("x1", "m", "x2"), X=X, y=y, clusters=None)
