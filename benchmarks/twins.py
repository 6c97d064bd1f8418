"""Twins of the papers that come with posterity: seconds, starts, and every printed number once more.

python benchmarks/twins.py [STUDY ...] [-n 20] [--seed 20250101]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ["bashlai-2026", "liu-li-2025"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("studies", nargs="*", default=DEFAULT)
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20250101)
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests" / "analyses" / "twins"))
    from twin_checker import wrong_numbers

    import posterity as po
    from posterity.analyses.twins.make import make, open_workshop, satisfied
    from posterity.models.engine.sampling import prepare

    prepare("cpu")
    for name in given.studies:
        study = po.load(name)
        start = time.perf_counter()
        shop = open_workshop(study, given.seed)
        write(
            f"{name}: planned and compiled, and what can hold together found, in "
            f"{time.perf_counter() - start:.1f} s"
        )
        numbers = set(satisfied(shop.plan))
        begun = time.perf_counter()
        for number, twin in make(shop, given.seed, range(given.n)):
            wrong = wrong_numbers(study.file.path, study.file.published_path, twin.frame, numbers)
            write(
                f"  SYNTHETIC twin {number:3d}: {time.perf_counter() - begun:6.1f} s, {twin.tries} starts, "
                f"{len(wrong)} of {len(numbers)} numbers wrong by other hands"
            )
            begun = time.perf_counter()
        write(f"  {time.perf_counter() - start:.0f} s in all")
        for left, why in shop.plan.left_out.items():
            write(f"  left out {left}: {why}")


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
