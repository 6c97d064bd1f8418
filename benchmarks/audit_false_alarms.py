"""False alarms of the audit: SYNTHETIC studies whose tables are printed from real regressions with rounding.

    python -m benchmarks.audit_false_alarms [COUNT]

No finding on the tables of `printed_studies.py` may be `impossible`, and the degrees of freedom of the stars
must be possible ones.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import posterity as po
from posterity.analyses.audit import audit

from .printed_studies import write_study


def main(count: int) -> None:
    write, begun = sys.stdout.write, time.perf_counter()
    found: Counter[tuple[str, str]] = Counter()
    alarms: list[Any] = []
    wrong: list[Any] = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(count):
            folder = Path(place) / str(seed)
            truth = write_study(folder, seed)
            if seed and not seed % 20:
                write(f"{seed} studies, {len(alarms)} impossible, {time.perf_counter() - begun:.0f} s\n")
                sys.stdout.flush()
            for f in audit(po.load(folder)):
                found[f.status, f.rule] += 1
                if f.status == "impossible":
                    alarms.append((seed, f))
                elif f.status == "only_if" and f.rule not in ("weighted_sum",):
                    wrong.append((seed, truth, f))
    for (status, rule), n in sorted(found.items()):
        write(f"{status:11} {rule:20} {n}\n")
    for seed, f in alarms[:20]:
        write(f"ALARM {seed} {f.rule}: {f.statement} | {f.arithmetic}\n")
    random.Random(1).shuffle(wrong)
    for seed, truth, f in wrong[:40]:
        write(f"only if {seed} {truth} {f.rule}: {f.statement} | {f.arithmetic[:300]}\n")
    studies = len({s for s, _ in alarms})
    write(
        f"{count} studies, {sum(found.values())} findings: {len(alarms)} impossible in {studies} studies; "
        f"{len(wrong)} only_if besides the true weights; {time.perf_counter() - begun:.0f} s\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
