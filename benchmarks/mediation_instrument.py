"""Calibration of mediation and instruments at the paper's size, 30 entities x 11 years.

    python -m benchmarks.mediation_instrument          every table
    python -m benchmarks.mediation_instrument sbc      one or more of: sbc, mediation, instruments

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) draws parameters from the priors, data from
the model, and counts posterior draws below the truth: ranks must be uniform. It needs priors that do not
move with the simulated data, so standard units are switched off here. Coverage is that of 95% intervals.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from posterity.data.sample.design import Design
from posterity.data.sample.within import split
from posterity.models.engine.posterior import batch
from posterity.models.engine.sampling import prepare
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.engine.sums import moved
from posterity.models.frequentist.iv import anderson_rubin, instrument_design, two_stage
from posterity.models.kinds.instrument import Root
from posterity.models.kinds.mediation import equations
from posterity.models.mechanisms.direct_instrument import direction, draw
from posterity.models.mechanisms.paths import Paths, effects_at, paths, rho_draws
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import Scale

Array = NDArray[np.float64]
ENTITIES, TIMES, CONTROLS = 30, 11, 5
N = ENTITIES * TIMES
CHUNK = 50
DRAWS = 2000
BINS = 20


def blank(rng: np.random.Generator, terms: tuple[str, ...]) -> Design:
    """A balanced two-way design with regressors that have entity and time parts, and no outcome yet."""
    entity, time = np.divmod(np.arange(N), TIMES)
    k = len(terms)
    X = (
        rng.normal(size=(N, k))
        + rng.normal(size=(ENTITIES, k))[entity]
        + 0.5 * rng.normal(size=(TIMES, k))[time]
    )
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return Design(
        "y", terms, np.zeros(N), X, entity, time, tuple(f"e{i:02d}" for i in range(ENTITIES)),
        tuple(range(2012, 2012 + TIMES)), "entity", "time", True, True, None,
    )  # fmt: skip


@contextmanager
def raw_units():
    """Statistics in the units of the data, not centred: priors then do not depend on what was simulated."""

    def as_they_are(sums):
        k = len(sums.terms)
        return moved(sums, np.zeros_like(sums.shift)), Scale(0.0, 1.0, np.zeros(k), np.ones(k))

    with mock.patch("posterity.models.engine.statistics._standardised", as_they_are):
        yield


@dataclass(frozen=True, eq=False)
class Truth:
    """A mediation drawn from the priors: paths and the panel."""

    a: float
    b: float
    direct: float
    sigma: float
    design: Design


def equation(design: Design, rng: np.random.Generator) -> tuple[Array, Array, float]:
    """Outcome, slopes and error scale of a Mundlak equation with parameters from the default priors."""
    law = {name: prior.frozen() for name, prior in DEFAULTS.items()}
    X = split(design.X, design.entity, design.time, True, True)

    def one(name: str, size: int | None = None) -> Array:
        return law[name].rvs(size=size, random_state=rng)

    slope = one("slope", design.k)
    sigma = float(one("sigma"))
    level = one("intercept") + X.entity @ one("between", design.k)
    effect = level + one("sd_entity") * rng.normal(size=ENTITIES)
    times = one("sd_time") * rng.normal(size=TIMES)
    y = X.within @ slope + effect[design.entity] + (times - times.mean())[design.time]
    return y + sigma * rng.normal(size=N), slope, sigma


def from_prior(rng: np.random.Generator) -> Truth:
    whole = blank(rng, ("x", *(f"w{j}" for j in range(CONTROLS)), "m"))
    first, _ = equations(whole, ("m",))
    m, of_m, _ = equation(first, rng)
    whole = replace(whole, X=np.column_stack([whole.X[:, :-1], m]))
    y, of_y, sigma = equation(whole, rng)
    return Truth(float(of_m[0]), float(of_y[-1]), float(of_y[0]), sigma, replace(whole, y=y))


def posteriors(designs: list[Design], seed: int, draws: int = DRAWS) -> list[Paths]:
    """Paths of many panels of one shape at once."""
    chains = [equations(design, ("m",)) for design in designs]
    parts = []
    for j in range(2):
        statistics = [statistics_of_design(chain[j], "mundlak") for chain in chains]
        found = batch(statistics, [DEFAULTS] * len(designs), draws, seed + j)
        sigma = found.values[:, :, found.scales.index("sigma")]
        parts.append((statistics, found.theta, sigma, found.direct.k_hat))
    result = []
    for i, chain in enumerate(chains):
        coef = [t[i][:, : s[i].n_slope] * s[i].scale.unit for s, t, _, _ in parts]
        spread = [v[i] * s[i].scale.y_sd for s, _, v, _ in parts]
        result.append(paths(chain, "x", coef, spread))
    return result


def uniformity(ranks: Array) -> tuple[float, float]:
    """p-values of ranks in (0, 1): chi-squared over 20 bins, and Kolmogorov-Smirnov."""
    counts = np.histogram(ranks, BINS, (0, 1))[0]
    return float(stats.chisquare(counts).pvalue), float(stats.kstest(ranks, "uniform").pvalue)


def show_ranks(write: Callable[[str], None], title: str, ranks: dict[str, list[float]]) -> None:
    write(f"\n{title}: {len(next(iter(ranks.values())))} simulations, ranks in {BINS} bins")
    for name, values in ranks.items():
        chi2, ks = uniformity(np.array(values))
        counts = " ".join(f"{c:2d}" for c in np.histogram(values, BINS, (0, 1))[0])
        write(f"  {name:12s} {counts}   chi2 p = {chi2:.3f}, KS p = {ks:.3f}")


def sbc_mediation(write: Callable[[str], None], count: int = 400) -> dict[str, list[float]]:
    """Ranks of a, b, direct, indirect and total effects."""
    rng = np.random.default_rng(1)
    ranks: dict[str, list[float]] = {name: [] for name in ("a", "b", "direct", "indirect", "total")}
    with raw_units():
        for start in range(0, count, CHUNK):
            truths = [from_prior(rng) for _ in range(min(CHUNK, count - start))]
            found = posteriors([t.design for t in truths], 100 + start)
            for t, p in zip(truths, found, strict=True):
                draws = {"a": p.a[:, 0], "b": p.b[:, 0], "direct": p.direct, "total": p.total}
                draws["indirect"] = p.a[:, 0] * p.b[:, 0]
                true = {
                    "a": t.a,
                    "b": t.b,
                    "direct": t.direct,
                    "indirect": t.a * t.b,
                    "total": t.direct + t.a * t.b,
                }
                for name in ranks:
                    ranks[name].append(float((draws[name] < true[name]).mean()))
    show_ranks(write, "SBC of mediation, rho = 0", ranks)
    return ranks


def instrument_data(rng: np.random.Generator, beta, pi, gamma, sigma_u, sigma_v, rho, k: int = 2) -> Root:
    """A panel with effects and controls projected out, in raw units: free rows alone matter."""
    free = N - (ENTITIES + TIMES - 1) - CONTROLS
    Z = rng.normal(size=(free, k))
    v = rng.normal(size=free)
    u = sigma_u * (rho * v + np.sqrt(1 - rho**2) * rng.normal(size=free))
    x = Z @ pi + sigma_v * v
    y = beta * x + Z @ gamma + u
    rows = np.linalg.qr(np.column_stack([y, x, Z]), mode="r")
    return Root(rows[:, 0], rows[:, 1:2], rows[:, 2:], free, np.ones(1))


def sbc_instrument(
    write: Callable[[str], None], count: int = 400, exclusion: bool = False
) -> dict[str, list[float]]:
    """Ranks of beta, the endogeneity and both error scales."""
    rng = np.random.default_rng(2 + exclusion)
    ranks: dict[str, list[float]] = {name: [] for name in ("beta", "rho", "sigma_u", "sigma_v")}
    prior, worst = Prior("normal", (0.0, 0.1)), 0.0
    for start in range(0, count, CHUNK):
        truths, data = [], []
        for _ in range(min(CHUNK, count - start)):
            beta, pi = rng.normal(), rng.normal(size=2)
            sigma_u, sigma_v = np.abs(rng.normal(size=2))
            rho = rng.uniform(-1, 1)
            gamma = 0.1 * rng.normal(size=2) if exclusion else np.zeros(2)
            data.append(direction(instrument_data(rng, beta, pi, gamma, sigma_u, sigma_v, rho)))
            truths.append((beta, rho, sigma_u, sigma_v))
        own = [[prior] * 2 if exclusion else None] * len(data)
        found = draw(data, own, DEFAULTS, DRAWS, 200 + start)
        worst = max(worst, float(found.direct.k_hat.max()))
        for i, truth in enumerate(truths):
            of = (found.beta[i], found.rho[i], found.sigma_u[i], found.sigma_v[i])
            for name, values, true in zip(ranks, of, truth, strict=True):
                ranks[name].append(float((values < true).mean()))
    show_ranks(write, f"SBC of instruments, exclusion {'N(0, 0.1)' if exclusion else 'exact'}", ranks)
    write(f"  largest k-hat {worst:.2f}")
    return ranks


def coverage_mediation(write: Callable[[str], None], count: int = 400) -> None:
    """ACME: intervals that take rho = 0, under the prior N(0, 0.2), and at the true rho."""
    write(f"\nCoverage of 95% intervals of the indirect effect, {count} panels each, a = 0.5, b = 0.3")
    write("  true rho   at rho = 0 (width)    rho ~ normal(0, 0.2)    at the true rho")
    for rho in (0.0, 0.3):
        rng = np.random.default_rng(3)
        hits, widths = np.zeros(3), np.zeros(3)
        for start in range(0, count, CHUNK):
            designs = []
            for _ in range(min(CHUNK, count - start)):
                whole = blank(rng, ("x", *(f"w{j}" for j in range(CONTROLS)), "m"))
                entity, time = whole.entity, whole.time
                e = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=N)
                own, years = rng.normal(size=(ENTITIES, 2))[entity], 0.5 * rng.normal(size=(TIMES, 2))[time]
                x, controls = whole.X[:, 0], whole.X[:, 1:-1] @ np.full(CONTROLS, 0.2)
                m = 0.5 * x + controls + own[:, 0] + years[:, 0] + e[:, 0]
                y = 0.2 * x + 0.3 * m + controls + own[:, 1] + years[:, 1] + e[:, 1]
                designs.append(replace(whole, X=np.column_stack([whole.X[:, :-1], m]), y=y))
            for found in posteriors(designs, 300 + start):
                under = rho_draws(DEFAULTS["rho"], found, rng)
                rhos: tuple[Array | float, ...] = (0.0, under, rho)
                for i, at in enumerate(rhos):
                    low, high = np.quantile(effects_at(found, at)[1][:, 0], [0.025, 0.975])
                    hits[i] += low <= 0.15 <= high
                    widths[i] += high - low
        cells = [f"{h / count:.3f} ({w / count:.3f})" for h, w in zip(hits, widths, strict=True)]
        write(f"  {rho:8.1f}   " + "         ".join(cells))


def coverage_instruments(write: Callable[[str], None], count: int = 400) -> None:
    """The coefficient: posterior, two-stage least squares and Anderson-Rubin on the same panels."""
    write(
        f"\nCoverage of 95% intervals of the IV coefficient, {count} panels each, 2 instruments, "
        "beta = 0.5, rho = 0.6"
    )
    write(
        "  strength   mean F   posterior (median width)   2SLS             Anderson-Rubin (share bounded)   "
        "k-hat > 0.7"
    )
    for label, pi in (("weak", 0.09), ("middling", 0.18), ("strong", 0.5)):
        rng = np.random.default_rng(4)
        rows = []
        for start in range(0, count, CHUNK):
            data = []
            for _ in range(min(CHUNK, count - start)):
                whole = blank(rng, ("x", *(f"w{j}" for j in range(CONTROLS)), "z1", "z2"))
                Z = split(whole.X[:, -2:], whole.entity, whole.time, True, True).within
                Z /= Z.std(axis=0)
                e = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=N)
                own = rng.normal(size=(ENTITIES, 2))[whole.entity]
                x = Z @ [pi, pi] + own[:, 0] + e[:, 1]
                y = 0.5 * x + own[:, 1] + whole.X[:, 1:-2] @ np.full(CONTROLS, 0.2) + e[:, 0]
                data.append(
                    instrument_design(replace(whole, y=y, X=np.column_stack([x, whole.X[:, 1:-2], Z])), 1, 2)
                )
            rows += [_one(d, 400 + start) for d in data]
        F, hit, width, hit_2sls, width_2sls, hit_ar, bounded, bad = np.array(rows).T
        write(
            f"  {label:9s} {F.mean():7.1f}   {hit.mean():.3f} ({np.median(width):.2f})               "
            f"{hit_2sls.mean():.3f} ({np.median(width_2sls):.2f})     {hit_ar.mean():.3f} "
            f"({bounded.mean():.2f})                    {bad.mean():.3f}"
        )


def _one(data, seed: int) -> tuple[float, ...]:
    from posterity.models.frequentist.iv import first_stage_f
    from posterity.models.mechanisms.instrument_draws import importance_draws

    found = importance_draws(data, DEFAULTS, [None], DRAWS, seed)[0]
    low, high = np.quantile(found.beta, [0.025, 0.975])
    fit = two_stage(data)
    estimate = fit.at("x")
    assert estimate is not None
    (b, s), reach = estimate, stats.t.ppf(0.975, fit.df)
    pieces = anderson_rubin(data)
    return (
        first_stage_f(data), low <= 0.5 <= high, high - low, abs(b - 0.5) <= reach * s, 2 * reach * s,
        any(a <= 0.5 <= c for a, c in pieces), all(np.isfinite(p).all() for p in pieces),
        found.attributes["k_hat"] > 0.7,
    )  # fmt: skip


def main(what: list[str]) -> None:
    prepare("cpu")

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    tables: dict[str, list[Callable[[Callable[[str], None]], object]]] = {
        "sbc": [sbc_mediation, sbc_instrument, lambda w: sbc_instrument(w, exclusion=True)],
        "mediation": [coverage_mediation],
        "instruments": [coverage_instruments],
    }
    for name in what or list(tables):
        for table in tables[name]:
            start = time.perf_counter()
            table(write)
            write(f"  ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main(sys.argv[1:])
