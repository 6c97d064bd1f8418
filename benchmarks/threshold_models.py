"""Which model is found, number of thresholds or interaction, by the law of errors: SYNTHETIC panels.

    python benchmarks/threshold_models.py [panels [panels of the rest]]

First, 30 entities x 11 times, y = x0 + x1 + change + entity + time + e with `mundlak` effects; x0, x1 and q
are each the sum of an entity's level, 0.5 times a level of the time and an AR(1) series with correlation 0.95
within the entity, x0 and x1 with mean 2, as economic levels move; e is an AR(1) series with correlation 0.8,
of standard deviation 1, or white noise. There is no change, or
0.25 x0 q. Counted is how often the most probable number of thresholds is above 0 where errors are taken as
independent, and how often with the laws averaged; and how often the interaction is the most probable model.

Second, the panels of `threshold_recovery` (white noise, `fixed` effects): how often the true number of steps
is the most probable one before (independent errors, numbers alone) and after (number averaged over laws).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import threshold_recovery as recovery

from posterity.data.sample.design import Design
from posterity.models.errors.stationary import paths
from posterity.models.thresholds import changepoints
from posterity.models.thresholds.comparison import INTERACTION, compare
from posterity.models.thresholds.regimes import Regimes, regimes

ENTITIES, TIMES, CHANGE = 30, 11, 0.25
PERSISTENCE, RHO = 0.95, 0.8  # of regressors and threshold variable, and of the errors
YEARS = tuple(range(2000, 2000 + TIMES))
LAWS = ("gaussian", "ar1")
CASES = (("no change", 0.0, RHO), ("0.25 x q", CHANGE, RHO), ("0.25 x q", CHANGE, 0.0))


def simulate(change: float, rho: float, seed: int) -> Regimes:
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(ENTITIES), TIMES), np.tile(np.arange(TIMES), ENTITIES)

    def moves() -> np.ndarray:
        own = paths(PERSISTENCE, YEARS, ENTITIES, rng)[t, e]
        return rng.normal(size=ENTITIES)[e] + 0.5 * rng.normal(size=TIMES)[t] + own

    X, q = 2 + np.column_stack([moves(), moves()]), moves()
    effects = rng.normal(size=ENTITIES)[e] + 0.5 * rng.normal(size=TIMES)[t]
    y = X.sum(axis=1) + change * X[:, 0] * q + effects + paths(rho, YEARS, ENTITIES, rng)[t, e]
    design = Design(
        "y", ("x0", "x1"), y, X, e, t, tuple(f"e{i}" for i in range(ENTITIES)), YEARS, "firm", "year",
        entity_effects=True, time_effects=True, clusters=None, synthetic=True,
    )  # fmt: skip
    return regimes(design, q, "x0", "q")


def modal(probability: np.ndarray) -> int:
    return int(probability.argmax())


def one(change: float, rho: float, seed: int) -> list[bool]:
    """What is counted of a panel; the enumerations themselves are large and not kept."""
    found = compare(simulate(change, rho, seed), LAWS)
    chosen = found.models[modal(found.by_model)]
    numbers = found.posteriors[0].probability, found.numbers
    steps = chosen not in ("0", INTERACTION)
    return [*(modal(each) > 0 for each in numbers), steps, chosen == INTERACTION, found.by_law[1] > 0.5]


def counted(every: list[list[bool]]) -> str:
    """Shares of panels in words."""
    before, after, steps, line, law = np.mean(every, axis=0)
    return (
        f"number above 0: independent errors alone {before:.3f}, laws averaged {after:.3f}; of all models "
        f"thresholds {steps:.3f}, interaction {line:.3f}; AR(1) the likelier law {law:.3f}"
    )


def main(panels: int, fewer: int, write: Callable[[str], object]) -> None:
    changepoints.MOST |= recovery.FEWER
    write("SYNTHETIC: mundlak effects, up to three thresholds and the interaction\n")
    for name, change, rho in CASES:
        start, size = time.perf_counter(), fewer if change else panels
        every = [one(change, rho, seed) for seed in range(size)]
        seconds = (time.perf_counter() - start) / size
        write(
            f"{name}, errors of correlation {rho:g}, {size} panels: {counted(every)}; {seconds:.2f} s each\n"
        )
    write(f"SYNTHETIC: {fewer} panels each of threshold_recovery\n")
    for number in (0, 1, 2):
        right = np.zeros(3)
        for n in range(fewer):
            design, q = recovery.simulate(number, 1000 * number + n)
            found = compare(regimes(design, q, "x", "q"), LAWS, form=recovery.FORM)
            chosen = found.posteriors[0].probability, found.numbers, found.by_model
            right += [modal(each) == number for each in chosen]
        before, after, whole = right / fewer
        write(f"K = {number}: right {before:.3f} before, {after:.3f} after; in the whole set {whole:.3f}\n")


if __name__ == "__main__":
    asked = [*map(int, sys.argv[1:])]
    first, rest = [*asked, *(200, 60)[len(asked) :]]
    main(first, rest, partial(print, end="", flush=True))
