"""How often the checks of residuals speak, and what a column's samples cost.

python benchmarks/samples.py                        100 SYNTHETIC panels of 30 x 11 of every kind of errors
python benchmarks/samples.py munnell-1990 T1.1      k-hat of what is left out of a column, seconds a part
python benchmarks/samples.py liu-li-2025 T4.2 DIR   the same on the twins of a folder
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import posterity as po
from posterity.analyses.judge.claim import claim_of
from posterity.analyses.robustness.samples.checks import check, checks
from posterity.analyses.robustness.samples.influence import influence
from posterity.analyses.robustness.samples.part import judged
from posterity.analyses.robustness.samples.prediction import DRAWS, candidates, predictions
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.data.sample.design import Design
from posterity.models.engine.importance import MAX_K_HAT
from posterity.models.engine.psis import leave_out_elpd
from posterity.models.engine.sampling import Sampler
from posterity.models.prediction.predictive import predictive, scale_draws

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


def column(name: str, spec: str, folder: str | None = None) -> None:
    """What `posterity robustness` asks of the samples of one column, part by part, twice."""
    study = po.load(name)
    twins = [study.panel(path) for path in sorted(Path(folder).glob("twin-*.parquet"))] if folder else []
    request = Request("twin" if twins else "panel", Sampler(draws=100))
    one = run(study, twins or study.panel(), [spec], request).specs[spec]
    designs, form = judged(one, twins or [study.panel()])
    claims = {p.term: claim_of(one, p) for p in one.printed if p.std_error is not None}
    parts: dict[str, Callable[[], object]] = {
        "units left out": lambda: influence(designs, form, one.priors, claims, {}, 1),
        "models compared": lambda: predictions(designs, form, one.priors, 1),
        "checks": lambda: checks(designs, 1),
    }
    for part, task in parts.items():
        spent = []
        for _ in range(2):
            start = time.process_time()
            task()
            spent.append(time.process_time() - start)
        sys.stdout.write(f"{part:16s} {spent[1]:.1f} s of processor, {spent[0]:.1f} s the first time\n")
    for label, (like, of) in candidates(designs[0], form)[1].items():
        found = predictive(like, of, one.priors, scale_draws(like, of, one.priors, DRAWS, 1))
        rows, entities = (leave_out_elpd(densities)[1] for densities in (found.by_row, found.by_entity))
        sys.stdout.write(
            f"{label:28s} {len(rows)} rows, k-hat at most {rows.max():.2f}; {len(entities)} entities, "
            f"{(entities > MAX_K_HAT).sum()} above {MAX_K_HAT}\n"
        )


if __name__ == "__main__":
    column(*sys.argv[1:]) if sys.argv[1:] else main()
