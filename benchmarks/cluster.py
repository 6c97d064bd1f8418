"""2,000 fits on two worker processes, one of them killed midway, beside the same fits in one process.

SYNTHETIC panels: the Munnell panel with noise added to the outcome. Prints a table.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np

import posterity as po
from posterity.analyses.judge.records import comparison
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.analyses.run.workers import workers
from posterity.models.engine.sampling import Sampler

COLUMNS, DRAWS = ["T1.2", "T1.3"], 50


def whose(payload: object) -> int:
    return os.getpid()


def panels(count: int) -> list[po.Panel]:
    study = po.load("munnell-1990")
    panel = study.panel()
    outcome = study.spec("T1.2").spec.parsed.outcome
    rng = np.random.default_rng(1)
    made = []
    for number in range(count):
        noise = rng.normal(0, 0.02, len(panel.frame))
        changed = panel.with_columns({outcome.variable: panel.numeric(outcome.variable) * np.exp(noise)})
        made.append(replace(changed, source=f"SYNTHETIC {number}", synthetic=True))
    return made


class Killer:
    """Progress that kills a worker when half of the fits are there."""

    def __init__(self, pid: int, fits: int) -> None:
        self.pid, self.at, self.struck = pid, fits // 2, False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self.struck and done >= self.at:
            self.struck = True
            os.kill(self.pid, signal.SIGKILL)


def estimates(fit: po.Fit) -> list[dict[str, object]]:
    return [{k: v for k, v in e.items() if k != "seconds"} for e in comparison(fit)["estimates"]]


def main(count: int = 1000) -> None:
    """Run and print; `count` panels for each of two columns."""
    say = sys.stdout.write
    study, many = po.load("munnell-1990"), panels(count)
    request, fits = Request("twin", Sampler(draws=DRAWS)), count * len(COLUMNS)
    run(study, many[:1], COLUMNS, request)  # compiled before either is timed
    start = time.perf_counter()
    alone = run(study, many, COLUMNS, request)
    seconds = time.perf_counter() - start
    say(f"one process: {fits} fits in {seconds:.1f} s, {1e3 * seconds / fits:.1f} ms a fit\n")
    start = time.perf_counter()
    with workers(None, 2) as each:
        assert each
        pids = {pid for _, pid in each(whose, [(n,) for n in range(40)])}
        say(f"{len(pids)} worker processes ready after {time.perf_counter() - start:.1f} s\n")
        start = time.perf_counter()
        list(each(whose, [(many[0],)] * 500))
        say(f"an empty task that carries the panel: {2 * (time.perf_counter() - start):.1f} ms\n")
        killer, start = Killer(min(pids), fits), time.perf_counter()
        together = run(study, many, COLUMNS, request, killer, each)
    seconds = time.perf_counter() - start
    say(
        f"two processes, one killed ({killer.struck}): {fits} fits in {seconds:.1f} s, "
        f"{1e3 * seconds / fits:.1f} ms a fit\n"
    )
    say(f"results equal: {estimates(alone) == estimates(together)}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
