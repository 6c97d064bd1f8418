"""How often 95% intervals hold the truth, given that the estimate is printed.

    python -m benchmarks.winners_curse [--draws 100000] [--seed 1]

Prints a table. A row is one true effect, named by the power of a two-sided 5% test of it, or effects drawn
from the spread of clinical trials; its estimates are t-distributed about it. Only printed estimates count:
significant ones, and others where the third column says so. Four columns are the shares of 95% intervals that
hold the truth: of the estimate as printed (± t × standard error), of the posterior given print under a flat
prior and of the median-unbiased estimate, both with beta_p = 1 in 30 (`models.printed.selection`), and of the
posterior given the field (`models.printed.shrinkage`). Three are median sizes over that of the effect: of the
estimates, of the median-unbiased estimates, and of the posterior means given the field.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from posterity.models.printed.design_analysis import critical_value, power
from posterity.models.printed.grids import summary
from posterity.models.printed.selection import BETA_P, selected_densities, selected_quantiles
from posterity.models.printed.shrinkage import COCHRANE, field_density
from posterity.models.printed.tables import PrintedEstimate
from posterity.models.priors import DEFAULTS

Array = NDArray[np.float64]
POWERS = (0.07, 0.17, 0.33, 0.5, 0.8)
NORMAL = 1e6
SIZES = np.concatenate([np.linspace(0, 6, 121), np.geomspace(6.2, 1000, 60)])


class Method(NamedTuple):
    """A method's (low, centre, high) of theta less z, tabulated over the size of z."""

    table: Array

    def at(self, z: Array) -> Array:
        """(3, n) Low, centre and high of each estimate."""
        size = np.abs(z)
        low, centre, high = (size + np.interp(size, SIZES, row) for row in self.table.T)
        return np.where(z >= 0, [low, centre, high], [-high, -centre, -low])


def tabulated(of: Callable[[PrintedEstimate], tuple[float, float, float]], df: float) -> Method:
    """A method at each size of z, with a standard error of 1 and a flat prior."""
    rows = [of(PrintedEstimate("x", z, (1.0, 1.0), df, None)) for z in SIZES]
    return Method(np.array(rows) - SIZES[:, None])


def given_print(printed: PrintedEstimate) -> tuple[float, float, float]:
    grid, densities = selected_densities(printed, DEFAULTS["slope"], np.array([BETA_P]))
    found = summary(grid, densities[0])
    return found.low, found.mean, found.high


def unbiased(printed: PrintedEstimate) -> tuple[float, float, float]:
    low, median, high = selected_quantiles(printed, np.array([BETA_P]))[0].tolist()
    return low, median, high


def given_field(printed: PrintedEstimate) -> tuple[float, float, float]:
    found = summary(*field_density(printed, COCHRANE))
    return found.low, found.mean, found.high


def as_printed(printed: PrintedEstimate) -> tuple[float, float, float]:
    reach = float(stats.t.ppf(0.975, printed.df))
    return printed.estimate - reach, printed.estimate, printed.estimate + reach


METHODS = (as_printed, given_print, unbiased, given_field)


def effects(rng: np.random.Generator, draws: int) -> Iterator[tuple[str, float, float, Array]]:
    """Name, degrees of freedom, relative probability of print, and true effects over the standard error."""
    for df, beta in ((NORMAL, 0.0), (NORMAL, BETA_P), (3.0, 0.0)):
        for one in POWERS:
            snr = optimize.brentq(lambda theta, df=df, one=one: power(np.array(theta), df) - one, 0, 20)
            yield f"power {one}", df, beta, np.full(draws, snr)
    part = rng.choice(len(COCHRANE.weights), size=draws, p=COCHRANE.weights)
    spread = rng.normal(size=draws) * np.array(COCHRANE.sds)[part]
    yield "clinical trials", NORMAL, 0.0, spread
    yield "clinical trials", NORMAL, 1.0, spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100_000, help="estimates a row, before selection")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    tables = {df: [tabulated(method, df) for method in METHODS] for df in (NORMAL, 3.0)}
    print(
        "| true effect | t | insignificant ones printed | printed | as printed | given print |"
        " median-unbiased | given the field | size as printed | median-unbiased | given the field |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, df, beta, snr in effects(rng, asked.draws):
        z = snr + (rng.normal(size=len(snr)) if df == NORMAL else rng.standard_t(df, size=len(snr)))
        kept = (np.abs(z) > critical_value(df)) | (rng.uniform(size=len(z)) < beta)
        z, truth = z[kept], snr[kept]
        ends = [method.at(z) for method in tables[df]]
        shares = [((low <= truth) & (truth <= high)).mean() for low, _, high in ends]
        sizes = [np.median(np.abs(ends[at][1])) / np.median(np.abs(truth)) for at in (0, 2, 3)]
        degrees = "normal" if df == NORMAL else f"t({df:g})"
        often = {0.0: "none", 1.0: "all"}.get(beta, f"1 in {1 / beta:.0f}" if beta else "")
        cells = [
            name,
            degrees,
            often,
            f"{len(z)}",
            *(f"{s:.3f}" for s in shares),
            *(f"{s:.2f}" for s in sizes),
        ]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
