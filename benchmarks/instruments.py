"""Calibration of instruments at the paper's size, 30 entities x 11 years.

    python -m benchmarks.instruments          every table
    python -m benchmarks.instruments sbc      one of: sbc, coverage, laws

Parameters are drawn and posteriors computed in the units of the data. Coverage is that of 95% intervals.
`laws` has errors that are correlated over time within entities in both stages.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from scipy import stats

from posterity.data.sample.within import split
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.anderson_rubin import anderson_rubin_region
from posterity.models.frequentist.iv import (
    InstrumentDesign,
    first_stage_f,
    instrument_design,
    two_stage,
)
from posterity.models.kinds.instrument import Root
from posterity.models.mechanisms.direct_instrument import direction, draw
from posterity.models.mechanisms.instrument_draws import correlated_posterior, importance_draws
from posterity.models.priors import DEFAULTS, Prior

from .coverage import autoregressive
from .paper_size import CHUNK, CONTROLS, DRAWS, ENTITIES, TIMES, N, Write, blank, show_ranks, show_tables


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


def sbc(write: Write, count: int = 400, exclusion: bool = False) -> dict[str, list[float]]:
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


def with_weak_instruments(rng: np.random.Generator, pi: float) -> InstrumentDesign:
    """A panel with beta = 0.5, errors whose correlation is 0.6, and two instruments with first stage pi."""
    whole = blank(rng, ("x", *(f"w{j}" for j in range(CONTROLS)), "z1", "z2"))
    Z = split(whole.X[:, -2:], whole.entity, whole.time, True, True).within
    Z /= Z.std(axis=0)
    e = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=N)
    own = rng.normal(size=(ENTITIES, 2))[whole.entity]
    x = Z @ [pi, pi] + own[:, 0] + e[:, 1]
    y = 0.5 * x + own[:, 1] + whole.X[:, 1:-2] @ np.full(CONTROLS, 0.2) + e[:, 0]
    return instrument_design(replace(whole, y=y, X=np.column_stack([x, whole.X[:, 1:-2], Z])), 1, 2)


def coverage(write: Write, count: int = 400) -> None:
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
            data = [with_weak_instruments(rng, pi) for _ in range(min(CHUNK, count - start))]
            rows += [_one(d, 400 + start) for d in data]
        F, hit, width, hit_2sls, width_2sls, hit_ar, bounded, bad = np.array(rows).T
        write(
            f"  {label:9s} {F.mean():7.1f}   {hit.mean():.3f} ({np.median(width):.2f})               "
            f"{hit_2sls.mean():.3f} ({np.median(width_2sls):.2f})     {hit_ar.mean():.3f} "
            f"({bounded.mean():.2f})                    {bad.mean():.3f}"
        )


def _one(data: InstrumentDesign, seed: int) -> tuple[float, ...]:
    found = importance_draws(data, DEFAULTS, [None], DRAWS, seed)[0]
    low, high = np.quantile(found.beta, [0.025, 0.975])
    fit = two_stage(data)
    estimate = fit.at("x")
    assert estimate is not None
    (b, s), reach = estimate, stats.t.ppf(0.975, fit.df)
    region = anderson_rubin_region(data)
    assert region is not None
    (pieces,) = region.projections
    return (
        first_stage_f(data), low <= 0.5 <= high, high - low, abs(b - 0.5) <= reach * s, 2 * reach * s,
        any(a <= 0.5 <= c for a, c in pieces), all(np.isfinite(p).all() for p in pieces),
        found.attributes["k_hat"] > 0.7,
    )  # fmt: skip


def correlated_over_time(rng: np.random.Generator, rho: float, strength: float) -> InstrumentDesign:
    """SYNTHETIC, beta = 0.5: errors of both stages are AR(1) with rho, the instrument with 0.8."""
    whole = blank(rng, ("x", "z"))
    z, v, e = (autoregressive(ENTITIES, TIMES, r, rng).ravel() for r in (0.8, rho, rho))
    own = rng.normal(size=(ENTITIES, 2))[whole.entity]
    x = strength * z + own[:, 0] + v
    y = 0.5 * x + own[:, 1] + 0.5 * v + np.sqrt(0.75) * e
    return instrument_design(replace(whole, y=y, X=np.column_stack([x, z])), 1, 1)


def laws(write: Write, count: int = 200) -> None:
    """The coefficient with independent and with AR(1) errors, exact exclusion."""
    write(f"\nCoverage of 95% intervals of the IV coefficient (median width), {count} SYNTHETIC panels a row")
    write("| errors | first stage | independent | AR(1) | largest k-hat, AR(1) |\n|---|---|---|---|---|")
    for rho, strength in ((0.0, 0.6), (0.8, 0.6), (0.8, 0.1)):
        rng, rows = np.random.default_rng(6), []
        for seed in range(count):
            data = correlated_over_time(rng, rho, strength)
            both = (
                importance_draws(data, DEFAULTS, [None], DRAWS, seed)[0],
                correlated_posterior(data, DEFAULTS, Sampler(draws=DRAWS // 4, seed=seed)),
            )
            ends = [np.quantile(one.beta, [0.025, 0.975]) for one in both]
            rows.append([*np.ravel(ends), both[1].attributes["k_hat"]])
        low, high, low_1, high_1, k_hat = np.array(rows).T
        cells = [
            f"{((a <= 0.5) & (b >= 0.5)).mean():.3f} ({np.median(b - a):.2f})"
            for a, b in ((low, high), (low_1, high_1))
        ]
        write(f"| AR(1) {rho} | {strength} | {' | '.join(cells)} | {k_hat.max():.2f} |")


def sbc_exclusion(write: Write) -> None:
    sbc(write, exclusion=True)


if __name__ == "__main__":
    show_tables({"sbc": [sbc, sbc_exclusion], "coverage": [coverage], "laws": [laws]}, sys.argv[1:])
