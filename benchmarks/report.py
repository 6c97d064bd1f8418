"""How long a report takes from stored fits, and how large it is: SYNTHETIC, 60 specifications and 20 panels.

The panels stand in for twins: as many, of the size of the built-in studies, but made without matching
printed numbers.

    python benchmarks/report.py [--specs 60] [--twins 20] [--keep FOLDER] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import posterity as po
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.models.engine.sampling import Sampler

TERMS = ("NqP", "Lab", "Urban", "Eco", "Tax", "Soc")
OUTCOMES = ("Cp", "Cp1", "Cp2", "RD")
A_TABLE = 4
ENTITIES, YEARS = 30, range(2012, 2023)
HEADER = "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note"


def main() -> None:
    """Make the study, fit it once, and time the report from what was stored."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=int, default=60)
    parser.add_argument("--twins", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="where to leave study, fits and report")
    parser.add_argument("--profile", action="store_true")
    options, write = parser.parse_args(), sys.stdout.write
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        study = study_of(folder / "SYNTHETIC-study", options.specs)
        panels = [panel_of(seed) for seed in range(options.twins)]
        out = folder / "out"
        request = Request("twin", Sampler(), posteriors=out / "posteriors")

        start = seconds()
        run(study, panels, None, request)
        write(f"fitting {options.specs} columns to {options.twins} panels: {took(start)}\n")

        profile = cProfile.Profile()
        if options.profile:
            profile.enable()
        start = seconds()
        fit = run(study, panels, None, request)
        write(f"stored fits read: {took(start)}\n")
        between = seconds()
        path = po.write_report(fit, out, "posterity report SYNTHETIC")
        profile.disable()
        write(f"report written: {took(between)}\nfrom stored fits to report: {took(start)}\n")
        write(f"report.html: {path.stat().st_size / 1e6:.2f} MB\n")
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def seconds() -> tuple[float, float]:
    """On the clock, and of this process."""
    return time.perf_counter(), time.process_time()


def took(start: tuple[float, float]) -> str:
    clock, own = (now - then for now, then in zip(seconds(), start, strict=True))
    return f"{clock:.1f} s ({own:.1f} s of this process)"


def study_of(folder: Path, specs: int) -> po.Study:
    """A study of many two-way columns, four a table, with made-up printed numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["[study]", 'name = "SYNTHETIC-many"', 'title = "SYNTHETIC: a study of many columns"']
    lines += ['entity = "province"', 'time = "year"', 'published = "published.csv"']
    printed = [HEADER]
    for number in range(specs):
        table, column = f"T{number // A_TABLE + 1}", number % A_TABLE + 1
        outcome = OUTCOMES[column - 1]
        lines += [f'[spec."{table}.{column}"]', f'label = "{outcome}, variant {number}"']
        lines.append(f'formula = "{outcome} ~ {" + ".join(TERMS)} | province + year"')
        printed += [
            f"{table},{column},{term},0.{k + 2}00,0.080,,**,,,,330,0.9,{outcome},"
            for k, term in enumerate(TERMS)
        ]
    (folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "published.csv").write_text("\n".join(printed) + "\n", encoding="utf-8")
    return po.load(folder)


def panel_of(seed: int) -> po.Panel:
    """A SYNTHETIC balanced panel with entity and year effects."""
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([[f"p{k}" for k in range(ENTITIES)], YEARS], names=["province", "year"])
    frame = pd.DataFrame(rng.normal(size=(len(keys), len(TERMS))), index=keys, columns=list(TERMS))
    both = np.add.outer(rng.normal(size=ENTITIES), rng.normal(size=len(YEARS))).ravel()
    for outcome in OUTCOMES:
        noise = rng.normal(size=len(keys))
        frame[outcome] = frame[list(TERMS)].to_numpy() @ np.arange(2, 8) * 0.1 + both + noise
    source = f"SYNTHETIC-{seed}"
    return po.Panel.of(frame.reset_index(), entity="province", time="year", source=source, synthetic=True)


if __name__ == "__main__":
    main()
