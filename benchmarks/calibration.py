"""The table of docs/calibration.md: every model, 1,000 simulations where draws are direct, else 200.

    python -m benchmarks.calibration                       every model, one after the other
    python -m benchmarks.calibration effects-mundlak ...   some of them
    python -m benchmarks.calibration --seed 7 mediation    with other random numbers

Finished models are kept in posterity-out/calibration, as by `posterity calibrate MODEL --simulations N`, so
that a later call reads them; the p-values are adjusted over the models that one call is given.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from posterity.analyses.calibration.calibrate import MODELS, adjust, calibrate, verdict
from posterity.analyses.run.results import Request
from posterity.models.engine.sampling import Sampler, prepare
from posterity.reports.files.calibration import write_calibration

SIMULATIONS = {"nuts": 200, "gibbs": 200}
MOST = 1000


def row(check: dict[str, Any], seconds: str) -> str:
    """One line: a question to a model, with its worst quantity and the range of coverage."""
    quantities = check["quantities"]
    coverage = [q["coverage"] for q in quantities]
    cells = [check["subject"], check["question"], check["engine"], str(len(quantities)),
             str(max(q["simulations"] for q in quantities)), str(check["left_out"])]  # fmt: skip
    if check["question"] == "coverage":
        cells += ["", "", ""]
    else:
        worst = min(quantities, key=lambda q: min(q["chi2_p"], q["ks_p"]))
        inside = sum(q["outside"] == 0 for q in quantities)
        cells += [f"{min(worst['chi2_p'], worst['ks_p']):.3f} ({worst['quantity']})",
                  f"{min(q['adjusted_p'] for q in quantities):.2g}", f"{inside} of "
                                                                     f"{len(quantities)}"]  # fmt: skip
    cells += [f"{min(coverage):.3f} to {max(coverage):.3f}", seconds]
    return "| " + " | ".join(cells) + " |"


def main(names: list[str], seed: int, out: Path, write: Callable[[str], object]) -> None:
    prepare("cpu")
    records, took = [], {}
    for name in names:
        start = time.perf_counter()
        subject, folder = MODELS[name](), out / "calibration" / name
        request = Request("panel", Sampler(seed=seed), posteriors=folder / "batches")
        simulations = SIMULATIONS.get(subject.engine, MOST)
        record = calibrate([subject], simulations, request)
        command = f"posterity calibrate {name} --simulations {simulations} --seed {seed}"
        write_calibration(record, folder, command)
        took[name] = f"{time.perf_counter() - start:.0f}"
        records.append(record)
        write(f"{name}: {verdict(record)} ({took[name]} s)\n")
    whole = adjust([check for record in records for check in record["checks"]], MOST)
    write(f"\n{verdict(whole)}\n\n")
    write("| model | question | engine | quantities | simulations | left out | smallest p | "
          "adjusted | in band | "
          "coverage of 95% intervals | seconds |\n|" + "---|" * 11 + "\n")  # fmt: skip
    for check in whole["checks"]:
        write(row(check, took.pop(check["subject"], "")) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", choices=[*MODELS, []], default=[])
    parser.add_argument("--seed", type=int, default=Sampler.seed)
    parser.add_argument("--out", type=Path, default=Path("posterity-out"))
    given = parser.parse_args()

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    main(given.models or list(MODELS), given.seed, given.out, show)
