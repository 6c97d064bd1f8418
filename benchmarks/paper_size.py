"""What the calibrations of mediation and of instruments share: panels of 30 entities x 11 years, and ranks.

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) draws parameters from the priors, data from
the model, and counts posterior draws below the truth: ranks must be uniform.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from posterity.data.sample.design import Design
from posterity.models.engine.sampling import prepare

Array = NDArray[np.float64]
Write = Callable[[str], None]
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


def uniformity(ranks: Array) -> tuple[float, float]:
    """p-values of ranks in (0, 1): chi-squared over 20 bins, and Kolmogorov-Smirnov."""
    counts = np.histogram(ranks, BINS, (0, 1))[0]
    return float(stats.chisquare(counts).pvalue), float(stats.kstest(ranks, "uniform").pvalue)


def show_ranks(write: Write, title: str, ranks: dict[str, list[float]]) -> None:
    write(f"\n{title}: {len(next(iter(ranks.values())))} simulations, ranks in {BINS} bins")
    for name, values in ranks.items():
        chi2, ks = uniformity(np.array(values))
        counts = " ".join(f"{c:2d}" for c in np.histogram(values, BINS, (0, 1))[0])
        write(f"  {name:12s} {counts}   chi2 p = {chi2:.3f}, KS p = {ks:.3f}")


def show_tables(tables: dict[str, list[Callable[[Write], object]]], chosen: list[str]) -> None:
    """Make the chosen tables, all where none is, each followed by its seconds."""
    prepare("cpu")

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    for name in chosen or list(tables):
        for table in tables[name]:
            start = time.perf_counter()
            table(write)
            write(f"  ({time.perf_counter() - start:.0f} s)")
