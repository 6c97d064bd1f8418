"""Calibration of mediation at the paper's size, 30 entities x 11 years.

    python -m benchmarks.mediation            all tables
    python -m benchmarks.mediation laws       one of: sbc, coverage, laws

Simulation-based calibration needs priors that do not move with the simulated data, so standard units are
switched off here. Coverage is that of 95% intervals. `laws` has errors that are correlated over time within
entities, and compares independent with AR(1) errors, and judged intervals with the posteriors' own.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from xarray import DataTree

from posterity.analyses.judge.interval import widened
from posterity.analyses.kinds.linear import errors_of, widening_of
from posterity.analyses.kinds.mediation.record import tree_of
from posterity.analyses.kinds.mediation.widening import path_widening
from posterity.data.sample.design import Design
from posterity.data.sample.within import split
from posterity.data.study.laws import CORRELATED, DEFAULT
from posterity.data.study.spec import Errors
from posterity.models.engine.posterior import batch
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.frequentist.bootstrap import bootstrap
from posterity.models.kinds.mediation import equations
from posterity.models.mechanisms.paths import Paths, effects_at, mediation_posterior, paths, rho_draws
from posterity.models.priors import DEFAULTS

from .coverage import Ends, autoregressive
from .paper_size import (
    CHUNK,
    CONTROLS,
    DRAWS,
    ENTITIES,
    TIMES,
    Array,
    N,
    Write,
    blank,
    show_ranks,
    show_tables,
)

TERMS = ("x", *(f"w{j}" for j in range(CONTROLS)), "m")


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
    whole = blank(rng, TERMS)
    first, _ = equations(whole, ("m",))
    m, of_m, _ = equation(first, rng)
    whole = replace(whole, X=np.column_stack([whole.X[:, :-1], m]))
    y, of_y, sigma = equation(whole, rng)
    return Truth(float(of_m[0]), float(of_y[-1]), float(of_y[0]), sigma, replace(whole, y=y, scaled=True))


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


def sbc(write: Write, count: int = 400) -> dict[str, list[float]]:
    """Ranks of a, b, direct, indirect and total effects."""
    rng = np.random.default_rng(1)
    ranks: dict[str, list[float]] = {name: [] for name in ("a", "b", "direct", "indirect", "total")}
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


def with_correlated_errors(rng: np.random.Generator, rho: float) -> Design:
    """A panel with a = 0.5, b = 0.3 and a direct effect of 0.2, whose errors have correlation rho."""
    whole = blank(rng, TERMS)
    entity, time = whole.entity, whole.time
    e = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=N)
    own, years = rng.normal(size=(ENTITIES, 2))[entity], 0.5 * rng.normal(size=(TIMES, 2))[time]
    x, controls = whole.X[:, 0], whole.X[:, 1:-1] @ np.full(CONTROLS, 0.2)
    m = 0.5 * x + controls + own[:, 0] + years[:, 0] + e[:, 0]
    y = 0.2 * x + 0.3 * m + controls + own[:, 1] + years[:, 1] + e[:, 1]
    return replace(whole, X=np.column_stack([whole.X[:, :-1], m]), y=y)


def coverage(write: Write, count: int = 400) -> None:
    """ACME: intervals that take rho = 0, under the prior N(0, 0.2), and at the true rho."""
    write(f"\nCoverage of 95% intervals of the indirect effect, {count} panels each, a = 0.5, b = 0.3")
    write("  true rho   at rho = 0 (width)    rho ~ normal(0, 0.2)    at the true rho")
    for rho in (0.0, 0.3):
        rng = np.random.default_rng(3)
        hits, widths = np.zeros(3), np.zeros(3)
        for start in range(0, count, CHUNK):
            designs = [with_correlated_errors(rng, rho) for _ in range(min(CHUNK, count - start))]
            for found in posteriors(designs, 300 + start):
                under = rho_draws(DEFAULTS["rho"], found, rng)
                rhos: tuple[Array | float, ...] = (0.0, under, rho)
                for i, at in enumerate(rhos):
                    low, high = np.quantile(effects_at(found, at)[1][:, 0], [0.025, 0.975])
                    hits[i] += low <= 0.15 <= high
                    widths[i] += high - low
        cells = [f"{h / count:.3f} ({w / count:.3f})" for h, w in zip(hits, widths, strict=True)]
        write(f"  {rho:8.1f}   " + "         ".join(cells))


def correlated_over_time(rng: np.random.Generator, rho: float) -> Design:
    """A SYNTHETIC panel with a = 0.5, b = 0.3, c' = 0.2; errors AR(1) with rho, the regressor with 0.8."""
    entity, time = np.divmod(np.arange(N), TIMES)
    x, of_m, of_y = (autoregressive(ENTITIES, TIMES, r, rng).ravel() for r in (0.8, rho, rho))
    own, years = rng.normal(size=(ENTITIES, 2))[entity], 0.5 * rng.normal(size=(TIMES, 2))[time]
    m = 0.5 * x + own[:, 0] + years[:, 0] + of_m
    y = 0.2 * x + 0.3 * m + own[:, 1] + years[:, 1] + of_y
    return replace(blank(rng, ("x", "m")), X=np.column_stack([x, m]), y=y, entity=entity, time=time)


def path_intervals(design: Design, law: Errors, seed: int) -> dict[str, tuple[Ends, Ends]]:
    """Of a, b and the indirect effect at rho = 0: the posterior's own interval and the judged one."""
    sampler, chain = Sampler(seed=seed), equations(design, ("m",))
    first, last = chain
    tree = tree_of(
        design, mediation_posterior(design, "x", ("m",), DEFAULTS, "mundlak", sampler, law), DEFAULTS, sampler
    )
    wider = path_widening(tree, (first, last), "x", DEFAULTS, "mundlak", law)
    of_m = DataTree.from_dict({"posterior": tree["mediator_equation"].to_dataset()})
    wider["a"] = widening_of(first, errors_of(first, of_m, DEFAULTS, "mundlak", law))["x"]
    found = {}
    for name, term in (("a", "a"), ("b", "m"), ("indirect", "indirect")):
        draws = tree["posterior"][name].to_numpy().ravel()
        own = Ends(*np.quantile(draws, [0.025, 0.975]).tolist())
        found[name] = own, Ends(*widened(float(draws.mean()), float(draws.std()), *own, wider[term]))
    return found


def laws(write: Write, count: int = 150) -> None:
    """Coverage of a, b and the indirect effect with errors that are correlated over time."""
    truth = {"a": 0.5, "b": 0.3, "indirect": 0.15}
    write(
        f"\nCoverage of 95% intervals at rho = 0, {count} SYNTHETIC panels each, 30 x 11, and median widths"
    )
    heads = ("independent", "independent, judged", "AR(1)", "AR(1), judged", "bootstrap by entity")
    write(f"| errors | path | {' | '.join(heads)} |\n{'|---' * (len(heads) + 2)}|")
    for rho in (0.0, 0.8):
        rng = np.random.default_rng(5)
        kept: dict[str, list[list[Ends]]] = {name: [] for name in truth}
        for seed in range(count):
            design = correlated_over_time(rng, rho)
            both = [path_intervals(design, law, seed) for law in (DEFAULT, CORRELATED)]
            replicates = bootstrap(design, "x", "m", design.entity, seed)
            for name in truth:
                low, high = np.quantile(getattr(replicates, name), [0.025, 0.975])
                kept[name].append([*both[0][name], *both[1][name], Ends(float(low), float(high))])
        for name, true in truth.items():
            columns = zip(*kept[name], strict=True)
            cells = [
                f"{np.mean([one.holds(true) for one in mine]):.3f}"
                f" ({np.median([one.high - one.low for one in mine]):.3f})"
                for mine in columns
            ]
            write(f"| AR(1) {rho} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    show_tables({"sbc": [sbc], "coverage": [coverage], "laws": [laws]}, sys.argv[1:])
