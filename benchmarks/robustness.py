"""Robustness, part by part, from panels that are ready: seconds of each part, on the clock and of processors.

python benchmarks/robustness.py STUDY [--twins DIR] [-n 20] [--only T4.2 ...] [--parts models ...]

Without --twins the study's own panel is used. Processor seconds tell what an idle machine would need.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("study")
    parser.add_argument("--twins", type=Path)
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--parts", nargs="*")
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args()

    import posterity as po
    from posterity.analyses.robustness import PARTS, robust
    from posterity.analyses.run.fit import run
    from posterity.analyses.run.results import Request
    from posterity.models.engine.sampling import Sampler, prepare

    prepare("cpu")
    study = po.load(given.study)
    files = sorted(given.twins.glob("twin-*.parquet"))[: given.n] if given.twins else []
    panels = [study.panel(path) for path in files] or study.panel()
    request = Request("twin" if files else "panel", Sampler(draws=given.draws))
    write(f"{'column':10} {'part':10} {'seconds':>8} {'processor':>10}")
    totals: dict[str, list[float]] = {}

    def timed(column: str, part: str, begun: tuple[float, float]) -> None:
        spent = [time.perf_counter() - begun[0], time.process_time() - begun[1]]
        totals[part] = [a + b for a, b in zip(totals.get(part, [0.0, 0.0]), spent, strict=True)]
        write(f"{column:10} {part:10} {spent[0]:8.1f} {spent[1]:10.1f}")

    for view in study.specs(given.only):
        begun = now()
        fit = run(study, panels, [view.id], request)
        timed(view.id, "fit", begun)
        for name in given.parts or PARTS:
            begun = now()
            robust(fit, request, [name])
            timed(view.id, name, begun)
    for part, spent in totals.items():
        write(f"{'all':10} {part:10} {spent[0]:8.1f} {spent[1]:10.1f}")


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
