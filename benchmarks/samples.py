"""How often the checks of residuals speak: of 100 SYNTHETIC panels that are clean, and that have one fault each.

Panels are 30 entities by 11 times with two regressors. Run: python benchmarks/samples.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from posterity.analyses.robust.sample_checks import check
from posterity.data.design import Design

Array = NDArray[np.float64]
Errors = Callable[[np.random.Generator], Array]
PANELS, REPLICATIONS = 100, 400
N, T = 30, 11


def clean(rng: np.random.Generator) -> Array:
    return rng.standard_normal((N, T))


def ar1(rng: np.random.Generator, rho: float = 0.5) -> Array:
    e = rng.standard_normal((N, T))
    for t in range(1, T):
        e[:, t] = rho * e[:, t - 1] + np.sqrt(1 - rho**2) * e[:, t]
    return e


def unequal(rng: np.random.Generator) -> Array:
    """Standard deviations log-normal over entities: two thirds lie within a factor of 1.6 of the median."""
    return rng.standard_normal((N, T)) * np.exp(0.5 * rng.standard_normal((N, 1)))


def heavy(rng: np.random.Generator) -> Array:
    return rng.standard_t(4, (N, T))


def shock(rng: np.random.Generator) -> Array:
    """A shock to all entities at each time, a third of the variance."""
    return rng.standard_normal((N, T)) + 0.7 * rng.standard_normal(T)


def group_shock(rng: np.random.Generator) -> Array:
    """Shocks to each of three groups of entities at each time, half of the variance."""
    return rng.standard_normal((N, T)) + np.repeat(rng.standard_normal((3, T)), N // 3, axis=0)


FAULTS: dict[str, Errors] = {
    "clean": clean,
    "AR(1), 0.5": ar1,
    "unequal variances": unequal,
    "Student t, 4": heavy,
    "shock to all": shock,
    "shocks to 3 groups": group_shock,
}


def simulated(errors: Errors, seed: int, time_effects: bool) -> Design:
    rng = np.random.default_rng(seed)
    entity, at = np.divmod(np.arange(N * T), T)
    effect, year = rng.standard_normal(N)[entity], 0.5 * rng.standard_normal(T)[at] * time_effects
    X = 0.5 * (effect + year)[:, None] + rng.standard_normal((N * T, 2))
    y = X @ [0.5, -0.2] + effect + year + 0.5 * errors(rng).ravel()
    names = tuple(f"SYNTHETIC {i:02d}" for i in range(N))
    times = tuple(range(2000, 2000 + T))
    return Design(
        "y", ("x1", "x2"), y, X, entity, at, names, times, "entity", "year", True, time_effects, None
    )


def main() -> None:
    start = time.perf_counter()
    for time_effects in (True, False):
        sys.stdout.write(f"\neffects of entities{' and times' if time_effects else ''}, share caught\n")
        for name, errors in FAULTS.items():
            found = [
                check(simulated(errors, seed, time_effects), seed + 1, REPLICATIONS) for seed in range(PANELS)
            ]
            shares = {key: np.mean([one[key][-1] for one in found]) for key in found[0]}
            line = "  ".join(f"{key} {share:.2f}" for key, share in shares.items())
            sys.stdout.write(f"{name:20s} {line}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{time.perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
