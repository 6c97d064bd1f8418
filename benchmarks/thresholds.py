"""Thresholds on Hansen's data, beside pyxthreg, in one run; and the exact posterior.

    python benchmarks/thresholds.py hansen1999.csv [--peer PYTHON]

`hansen1999.csv` holds 565 firms x 14 years with the columns id, year, i, q1, q2, q3, d1, qd1, c1. `--peer`
names an interpreter that has pyxthreg (no dependency of this project). Each task runs twice in one process
and the second time counts, so that compilation is left out on both sides; the best of three such processes
is shown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

PEER = """
import contextlib, io, sys, time
import pandas as pd
from pyxthreg import ThresholdPanel
frame = pd.read_csv(sys.argv[1])
def task(thresholds, grid):
    model = ThresholdPanel(frame, "i", "c1", "d1", ["q1", "q2", "q3", "d1", "qd1"], "id", "year")
    model.fit(thnum=thresholds, trim=0.01, grid=grid, bs=300, nobslog=True)
for thresholds, grid in ((2, 400), (1, 0)):
    for _ in range(2):
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            task(thresholds, grid)
    print(time.perf_counter() - start)
"""
TASKS = (
    "2 thresholds, 2 x 300 bootstrap samples, 400-point grid",
    "1 threshold, 300 bootstrap samples, all candidates",
)


def own(path: str) -> None:
    """The same tasks here, from a data frame to estimates, tests and intervals."""
    import pandas as pd

    from posterity.data.panel.panel import Panel
    from posterity.data.sample.build import build_design
    from posterity.data.study.spec import Spec
    from posterity.models.frequentist import hansen
    from posterity.models.thresholds.regimes import regimes

    whole = Panel.of(pd.read_csv(path), entity="id", time="year", source=path)
    spec = Spec(formula="i ~ q1 + q2 + q3 + d1 + qd1 + c1 | id")

    def task(thresholds: int, grid: int | None) -> None:
        design = build_design(whole, spec)
        found = regimes(design, whole.frame["d1"].to_numpy(float), "c1", "d1", share=0.01, grid=grid)
        sweep = hansen.Sweep(found)
        result = hansen.search(found, thresholds, sweep=sweep)
        for count in range(1, thresholds + 1):
            hansen.bootstrap_test(found, count, "hansen", 300, sweep=sweep)
        hansen.intervals(found, result, thresholds)

    for thresholds, grid in ((2, 400), (1, None)):
        sys.stdout.write(f"{_second(partial(task, thresholds, grid))}\n")


def posterior(path: str) -> None:
    """Enumeration on the 400-point grid up to two thresholds, and on 330 SYNTHETIC rows up to three."""
    import pandas as pd
    from threshold_recovery import simulate

    from posterity.data.panel.panel import Panel
    from posterity.data.sample.build import build_design
    from posterity.data.study.spec import Spec
    from posterity.models.thresholds.changepoints import enumerate_thresholds
    from posterity.models.thresholds.regimes import regimes

    whole = Panel.of(pd.read_csv(path), entity="id", time="year", source=path)
    design = build_design(whole, Spec(formula="i ~ q1 + q2 + q3 + d1 + qd1 + c1 | id"))
    firms = regimes(design, whole.frame["d1"].to_numpy(float), "c1", "d1", share=0.01, grid=400)
    simulated, q = simulate(2, 1)
    small = regimes(simulated, q, "x", "q")
    for found, most in ((firms, 2), (small, 3)):
        times = []
        for _ in range(2):
            start = time.perf_counter()
            result = enumerate_thresholds(found, most)
            times.append(time.perf_counter() - start)
        sets = sum(len(each) for each in result.sets)
        sys.stdout.write(
            f"{found.design.n} rows, up to {most} thresholds, {sets} sets: first {times[0]:.2f} s, again "
            f"{times[1]:.2f} s; probabilities {', '.join(f'{p:.3g}' for p in result.probability)}\n"
        )


def _second(task: Callable[[], None]) -> float:
    for _ in range(2):
        start = time.perf_counter()
        task()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--peer")
    parser.add_argument("--part", choices=["own", "posterior"])
    args = parser.parse_args()
    if args.part:
        return {"own": own, "posterior": posterior}[args.part](args.data)
    commands = {"posterity": [sys.executable, __file__, args.data, "--part", "own"]}
    if args.peer:
        commands["pyxthreg"] = [args.peer, "-c", PEER, args.data]
    seconds: dict[str, list[list[float]]] = {name: [] for name in commands}
    for _ in range(3):
        for name, command in commands.items():
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
            seconds[name].append([float(line) for line in done.stdout.split()])
    for number, task in enumerate(TASKS):
        best = {name: min(each[number] for each in runs) for name, runs in seconds.items()}
        sys.stdout.write(f"{task}: {', '.join(f'{name} {s:.2f} s' for name, s in best.items())}\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, __file__, args.data, "--part", "posterior"], check=True, timeout=600)
    return None


if __name__ == "__main__":
    main()
