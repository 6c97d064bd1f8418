"""Coverage and choice of the number of thresholds on SYNTHETIC panels of liu-li-2025's size and noise.

    python benchmarks/threshold_recovery.py [panels [number of thresholds]]

30 entities x 11 periods; slopes and thresholds of its Table 12, spreads of its Table 3, and errors such that
a regime's slope has the printed standard error. For 0, 1 and 2 thresholds: coverage of the 95% intervals of
places and slopes given the true number, beside least squares and likelihood-ratio intervals, and the share
of panels in which the posterior and Hansen's sequential tests at 5% choose the true number.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from posterity.data.sample.design import Design
from posterity.data.study.spec import Form
from posterity.models.frequentist import hansen
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.thresholds import changepoints
from posterity.models.thresholds.changepoint_draws import draw
from posterity.models.thresholds.changepoints import enumerate_thresholds
from posterity.models.thresholds.regimes import Regimes, regime_design, regimes

ENTITIES, TIMES = 30, 11
SLOPES, PLACES = (0.319, 0.476, 0.655), (0.2511, 0.3313)
STD_ERROR = 0.036
FORM: Form = "fixed"
MOST, DRAWS, REPETITIONS = 3, 1000, 199
FEWER = {1: 1000, 2: 150, 3: 50}  # candidates: a few hundred panels in minutes


def simulate(thresholds: int, seed: int) -> tuple[Design, np.ndarray]:
    """One panel; regressors and threshold variable move between entities, over time and within."""
    rng = np.random.default_rng(seed)
    e, t = np.repeat(np.arange(ENTITIES), TIMES), np.tile(np.arange(TIMES), ENTITIES)

    def moves(mean: float, sd: float) -> np.ndarray:
        parts = rng.normal(size=ENTITIES)[e], rng.normal(size=TIMES)[t], rng.normal(size=len(e))
        return mean + sd * (0.7 * parts[0] + 0.4 * parts[1] + 0.6 * parts[2])

    x, q = moves(0.121, 0.067), moves(0.258, 0.073)
    controls = np.column_stack([moves(0.0, 1.0) for _ in range(5)])
    regime = np.searchsorted(PLACES[:thresholds], q)
    y = np.array(SLOPES)[regime] * x + controls @ [0.01, -0.01, 0.02, 0.0, 0.01]
    y = y + 0.1 * rng.normal(size=ENTITIES)[e] + 0.05 * rng.normal(size=TIMES)[t]
    design = Design(
        "y", ("x", *(f"z{j}" for j in range(5))), y, np.column_stack([x, controls]), e, t,
        tuple(f"p{i}" for i in range(ENTITIES)), tuple(range(2012, 2012 + TIMES)), "province", "year",
        entity_effects=True, time_effects=True, clusters=None,
    )  # fmt: skip
    two = regime_design(regimes(design, q, "x", "q"), np.array(PLACES))
    noise = rng.normal(size=len(e))
    error = np.mean(least_squares(replace(two, y=noise)).std_error[:3])
    return replace(design, y=y + STD_ERROR / error * noise), q


def cell(found: Regimes, place: float) -> float:
    """The candidate that makes the regimes of a place."""
    return float(found.candidates[np.searchsorted(found.candidates, place, side="right") - 1])


def one(thresholds: int, seed: int) -> dict[str, list[float]]:
    design, q = simulate(thresholds, seed)
    found = regimes(design, q, "x", "q")
    posterior = enumerate_thresholds(found, MOST, form=FORM)
    draws = draw(posterior, thresholds, DRAWS, seed)
    low, high = np.quantile(draws.regime, [0.025, 0.975], axis=0)
    truth = np.array(SLOPES[: thresholds + 1])
    out: dict[str, list[float]] = {"slope": list((low <= truth) & (truth <= high))}
    out["posterior"] = [float(posterior.probability.argmax())]
    out["probability"] = [float(posterior.probability[thresholds])]
    sweep, chosen = hansen.Sweep(found), 0
    while (
        chosen < MOST
        and hansen.bootstrap_test(found, chosen + 1, "hansen", REPETITIONS, seed, sweep=sweep).p_value < 0.05
    ):
        chosen += 1
    out["test"] = [float(chosen)]
    if thresholds:
        at = np.array([cell(found, place) for place in PLACES[:thresholds]])
        ends = np.quantile(draws.threshold, [0.025, 0.975], axis=0, method="inverted_cdf")
        out["place"] = list((ends[0] <= at) & (at <= ends[1]))
        out["width"] = list(ends[1] - ends[0])
        result = hansen.search(found, thresholds, sweep=sweep)
        order = np.argsort(result.thresholds[-1])
        ratio = [hansen.intervals(found, result, thresholds)[i] for i in order]
        out["ratio"] = [r.low <= a <= r.high for r, a in zip(ratio, at, strict=True)]
        out["ratio width"] = [r.high - r.low for r in ratio]
        fit = least_squares(regime_design(found, np.sort(result.thresholds[-1])))
        pairs = [fit.at(f"x_regime{j + 1}") for j in range(thresholds + 1)]
        out["least squares"] = [
            abs(b - t) <= 1.968 * s for (b, s), t in zip([p for p in pairs if p], truth, strict=True)
        ]
    return out


def main(panels: int, numbers: tuple[int, ...], write: Callable[[str], object]) -> None:
    changepoints.MOST |= FEWER
    write(f"SYNTHETIC: {panels} panels each, {FORM} effects, at most {MOST} thresholds\n")
    for thresholds in numbers:
        start = time.perf_counter()
        every = [one(thresholds, 1000 * thresholds + n) for n in range(panels)]

        def share(name: str, every: list[dict[str, list[float]]] = every) -> str:
            values = [np.mean(each[name]) for each in every if name in each]
            return f"{np.mean(values):.3f}" if values else "-"

        def right(name: str, every: list[dict[str, list[float]]] = every, k: int = thresholds) -> str:
            chosen = Counter(int(each[name][0]) for each in every)
            return f"{chosen[k] / panels:.3f} ({', '.join(f'{n}: {chosen[n]}' for n in sorted(chosen))})"

        write(
            f"K = {thresholds}: places {share('place')} (width {share('width')}), slopes {share('slope')}; "
            f"likelihood ratio {share('ratio')} (width {share('ratio width')}), least "
            f"squares {share('least squares')}; right number: "
            f"posterior {right('posterior')}, mean probability {share('probability')}; tests "
            f"{right('test')}; {(time.perf_counter() - start) / panels:.2f} s a panel\n"
        )


if __name__ == "__main__":
    asked = tuple(map(int, sys.argv[2:])) or (0, 1, 2)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, asked, sys.stdout.write)
