"""How often intervals hold the truth: simulated panels with dependent errors, placebo laws on real outcomes.

    python -m benchmarks.coverage [--panels 200] [--laws 200] [--seed 1]

Prints a table. For each design: the share of 95% intervals that contain the truth, with its Monte Carlo
standard error, of least squares with independent errors, of the cluster-robust t (G - 1), of the posterior,
of the judged interval (`analyses.judge.interval`) and of the one with AR(1) errors; and the
median widths of both judged intervals over that of the cluster-robust t. Simulated panels have two-way
effects, beta = 0.3, and a regressor that is AR(1) with 0.8 in entities. A placebo law starts in one random
year of the middle half in half of the entities (Bertrand, Duflo and Mullainathan 2004,
doi:10.1162/003355304772839588); its true effect is 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from xarray import DataTree

from posterity.analyses.judge.interval import widened
from posterity.analyses.kinds.linear import widening_of
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design
from posterity.data.study.spec import Cluster, Errors, Spec
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler, prepare
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.errors.inference.tree import error_tree
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import DEFAULTS

Array = NDArray[np.float64]
SLOPE, RHO = 0.3, 0.8
METHODS = ("least squares", "cluster t", "posterior", "judged", "AR(1) judged")


class Ends(NamedTuple):
    """One 95% interval."""

    low: float
    high: float

    def holds(self, truth: float) -> bool:
        return self.low <= truth <= self.high


def autoregressive(n: int, times: int, rho: float, rng: np.random.Generator) -> Array:
    """(n, times) Stationary AR(1) with variance 1."""
    found = np.empty((n, times))
    found[:, 0] = rng.normal(size=n)
    for t in range(1, times):
        found[:, t] = rho * found[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(size=n)
    return found


def simulated(
    rng: np.random.Generator,
    n: int = 30,
    times: int = 11,
    rho: float = 0.0,
    groups: int | None = None,
    spread: bool = False,
    missing: float = 0.0,
) -> Design:
    """A SYNTHETIC panel: AR(1) errors, shocks of groups, or a variance that rises with the regressor."""
    x, e = autoregressive(n, times, RHO, rng), autoregressive(n, times, rho, rng)
    entity = np.arange(n)
    if spread:
        e = e * (0.3 + abs(x - x.mean(axis=1, keepdims=True)))
    if groups:
        of = entity % groups
        x = x + autoregressive(groups, times, RHO, rng)[of]
        e = e + autoregressive(groups, times, RHO, rng)[of]
    y = SLOPE * x + e + rng.normal(size=(n, 1)) + rng.normal(size=times)
    i, t = np.divmod(np.arange(n * times), times)
    names = np.array([f"e{j:03d}" for j in range(n)])
    frame = pd.DataFrame({"entity": names[i], "year": 2000 + t, "x": x.ravel(), "y": y.ravel()})
    frame["group"] = i % groups if groups else i
    frame = frame[rng.uniform(size=len(frame)) >= missing]
    return design_of(frame.reset_index(drop=True), "group")


def placebo(frame: pd.DataFrame, rng: np.random.Generator) -> Design:
    """The frame (entity, year, y) with a law that has no effect."""
    years, entities = np.unique(frame["year"]), np.unique(frame["entity"])
    quarter = len(years) // 4
    start = rng.choice(years[quarter : len(years) - quarter])
    treated = rng.choice(entities, len(entities) // 2, replace=False)
    law = (frame["year"] >= start) & frame["entity"].isin(treated)
    return design_of(frame.assign(x=law.astype(float)), "entity")


def design_of(frame: pd.DataFrame, cluster: str) -> Design:
    panel = Panel.of(frame, entity="entity", time="year", source="benchmark")
    spec = Spec(formula="y ~ x | entity + year", vcov=Cluster(cluster=cluster))
    return build_design(panel, spec, "T1.1")


def intervals(design: Design, seed: int) -> dict[str, Ends]:
    """By name, the intervals of the slope."""
    sampler = Sampler(seed=seed)
    own, judged = _judged(
        design, posterior(statistics_of_design(design, "mundlak"), DEFAULTS, sampler), "gaussian"
    )
    _, correlated = _judged(design, error_tree(design, DEFAULTS, "mundlak", "ar1", sampler), "ar1")
    plain = least_squares(replace(design, clusters=None))
    robust = least_squares(design, Cluster(cluster="group"))
    return {
        "least squares": _t(plain.coef[0], plain.std_error[0], plain.df),
        "cluster t": _t(robust.coef[0], robust.std_error[0], robust.df),
        "posterior": own,
        "judged": judged,
        "AR(1) judged": correlated,
    }


def _judged(design: Design, tree: DataTree, law: Errors) -> tuple[Ends, Ends]:
    """The posterior's own interval and the judged one."""
    draws = tree["posterior"]["coef"].to_numpy()[..., 0].ravel()
    own = Ends(*np.quantile(draws, [0.025, 0.975]).tolist())
    widening = widening_of(design, tree, DEFAULTS, "mundlak", law).get("x")
    return own, Ends(*widened(float(draws.mean()), float(draws.std(ddof=1)), *own, widening))


def _t(estimate: float, error: float, df: float) -> Ends:
    reach = float(stats.t.ppf(0.975, df)) * error
    return Ends(estimate - reach, estimate + reach)


def row(make: Callable[[], Design], truth: float, count: int) -> Iterator[str]:
    found = [intervals(make(), seed) for seed in range(count)]
    for method in found[0]:
        share = float(np.mean([one[method].holds(truth) for one in found]))
        yield f"{share:.3f} ({np.sqrt(share * (1 - share) / count):.3f})"
    width = {m: np.median([one[m].high - one[m].low for one in found]) for m in found[0]}
    for method in ("judged", "AR(1) judged"):
        yield f"{width[method] / width['cluster t']:.2f}"


def outcomes() -> dict[str, pd.DataFrame]:
    """Real outcomes that a dependency ships."""
    from linearmodels.datasets import munnell, wage_panel

    states = munnell.load().rename(columns={"ST_ABB": "entity", "YR": "year"})
    workers = wage_panel.load().rename(columns={"nr": "entity"})
    workers["entity"] = "w" + workers["entity"].astype(str)
    return {
        "munnell, log output": states[["entity", "year"]].assign(y=np.log(states["GSP"])),
        "munnell, unemployment": states[["entity", "year"]].assign(y=states["UNEMP"]),
        "wage panel, log wage": workers[["entity", "year"]].assign(y=workers["lwage"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--laws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    prepare("cpu")
    designs: dict[str, dict[str, Any]] = {
        "independent": {},
        "AR(1) 0.8": {"rho": RHO},
        "AR(1) 0.8, a tenth missing": {"rho": RHO, "missing": 0.1},
        "spread rises with the regressor": {"spread": True},
        "shocks of 4 groups": {"groups": 4},
        "shocks of 12 groups": {"groups": 12},
        "AR(1) 0.8, 30 × 4": {"rho": RHO, "times": 4},
        "AR(1) 0.8, 30 × 40": {"rho": RHO, "times": 40},
    }
    heads = ("design", *METHODS, "width / cluster t", "AR(1) width / cluster t")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, changes in designs.items():
        rng = np.random.default_rng(given.seed)
        cells = row(partial(simulated, rng, **changes), SLOPE, given.panels)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for name, frame in outcomes().items():
        rng = np.random.default_rng(given.seed)
        cells = row(partial(placebo, frame, rng), 0.0, given.laws)
        print(f"| placebo: {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
