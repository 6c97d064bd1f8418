"""Do the tests notice a changed decision? Mutants of the code that judges, counts, keys and estimates.

    python -m benchmarks.mutants                     about 120 mutants, of each file its share
    python -m benchmarks.mutants --file judge --all  every mutant of the files whose path holds "judge"

A mutant is one file with one expression changed by a rule of `mutation_rules.py`: `<=` for `<`, a constant
one larger, an entry of a dictionary removed. It is killed if a test fails or no longer ends; it survives if
all the tests that guard its file pass. `GUARDS` says which these are.

The guards run once on the code as it is, which tells the lines that each test runs. A mutant then meets only
the tests that run its lines, the fastest first, up to the first failure. Nothing is written to the checkout:
a mutant is a fork of this process, which has imported the libraries and none of the package, and compiles
the changed syntax tree in place of the file. Commands that a test starts as processes of their own run
unchanged code.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from .mutant_runs import record_of, verdicts
from .mutation_rules import Mutant, candidates

# Files to change, perhaps only some functions of them, and the tests that guard them.
GUARDS: dict[str, tuple[str, ...]] = {
    "analyses/judge/*.py": ("tests/analyses/judge/test_*.py",),
    "analyses/kinds/mediation/*.py::frequentist": ("tests/analyses/kinds/test_mediation_least_squares.py",),
    "analyses/kinds/*/fit.py::key": ("tests/analyses/run/test_key.py",),
    "analyses/kinds/linear.py::key": ("tests/analyses/run/test_key.py",),
    "analyses/run/*.py::key": ("tests/analyses/run/test_key.py",),
    "analyses/run/key.py": ("tests/analyses/run/test_key.py",),
    "analyses/run/store.py": ("tests/analyses/run/test_store.py", "tests/analyses/run/test_key.py"),
    "analyses/run/tables.py::tables_inputs,degrees_of_freedom,clusters_unknown,unit_of": (
        "tests/analyses/run/test_tables_inputs.py",
    ),
    "data/sample/counts.py": ("tests/data/sample/test_*.py", "tests/analyses/run/test_tables_inputs.py"),
    "data/sample/outline.py": ("tests/data/sample/test_*.py", "tests/analyses/run/test_tables_inputs.py"),
    "data/sample/steps/*.py": ("tests/data/sample/test_*.py", "tests/analyses/run/test_tables_inputs.py"),
    "data/sample/within.py": ("tests/data/sample/test_within.py",),
    "models/frequentist/least_squares.py": ("tests/models/frequentist/test_least_squares.py",),
    "models/frequentist/iv.py": ("tests/models/frequentist/test_iv*.py",),
    "models/printed/tables.py": ("tests/models/printed/test_tables.py",),
}
# What no test can tell from the code as it is: file ("" for any), before, after, and why.
SAME_ROOTS = "a grid fine enough for the same roots"
SAME_DIGITS = "points of a quadrature, more than any printed digit needs"
EQUIVALENT: tuple[tuple[str, str, str, str], ...] = (
    ("", "rcond=None", "nothing", "None is the default of NumPy 2"),
    ("", "engine='h5netcdf'", "nothing", "the only engine for netCDF that is installed"),
    ("", "encoding='utf-8'", "nothing", "the encoding of the machine, which is UTF-8"),
    ("", "strict=True", "nothing", "the lengths are equal by construction"),
    ("analyses/judge/summaries.py", "ref_vals=0", "nothing", "the default of ArviZ"),
    ("analyses/kinds/threshold/fit.py", "engine='collapsed'", "nothing", "the only engine of the kind"),
    ("data/sample/counts.py", " for e in self.effects if e", " for e in self.effects", "no effects are 0"),
    ("data/sample/steps/standardise.py", "ddof=1", "nothing", "the default of pandas"),
    ("models/frequentist/iv.py", "values[0] <= 0", "values[0] < 0", "equal to the last bit"),
    ("models/frequentist/iv.py", "xtol=1e-14", "nothing", SAME_ROOTS),
    (
        "models/frequentist/iv.py",
        "data.y - data.Z @ (bound * corner * unit)",
        "data.y + data.Z @ (bound * corner * unit)",
        "corners lie symmetrically about 0",
    ),
    (
        "models/frequentist/iv.py",
        "data.y - data.Z @ (bound * corner * unit)",
        "data.y + data.Z @ (bound * corner * unit)",
        "with every corner its opposite is tried",
    ),
    ("models/frequentist/iv.py", "xtol=1e-14", "nothing", SAME_ROOTS),
    ("models/frequentist/iv.py", "1e-14", "2e-14", SAME_ROOTS),
    ("models/frequentist/iv.py", "1e-14", "5e-15", SAME_ROOTS),
    ("models/frequentist/iv.py", "4001", "4002", SAME_ROOTS),
    ("models/frequentist/iv.py", "4001", "2000", SAME_ROOTS),
    ("models/printed/tables.py", "200", "201", SAME_DIGITS),
    ("models/printed/tables.py", "4001", "4002", SAME_DIGITS),
    ("models/printed/tables.py", "12", "13", SAME_DIGITS),
)
HEAVY = (
    "arviz", "h5netcdf", "jax", "jax.export", "linearmodels.iv", "linearmodels.panel", "numpyro", "pandas",
    "pyarrow.parquet", "pydantic", "pymc", "pytest", "scipy.optimize", "scipy.stats", "statsmodels.api",
    "xarray",
)  # fmt: skip
SHARE, LEAST = 120, 3  # mutants in all, and at least so many of a file


def drawn(
    root: Path, guards: dict[str, tuple[str, ...]], part: str, total: int, seed: int
) -> list[tuple[Mutant, set[str]]]:
    """Of each file every k-th candidate from a seeded first one, in proportion to its size; all for 0."""
    found: dict[str, tuple[list[Mutant], set[str]]] = {}
    for pattern, guarding in guards.items():
        tests = {p.relative_to(root).as_posix() for one in guarding for p in sorted(root.glob(one))}
        files, _, names = pattern.partition("::")
        paths = sorted(root.glob(files))
        if not tests or not paths:
            raise SystemExit(f"no file matches {pattern}, or none {guarding}, which guard it; mend GUARDS")
        for path in paths:
            file = path.relative_to(root).as_posix()
            own = [m for m in candidates(root, file) if not names or set(names.split(",")) & {*m.within}]
            if own and part in file:
                before = found.get(file, ([], set()))
                found[file] = [*before[0], *own], before[1] | tests
    size = sum(len(own) for own, _ in found.values())
    made = []
    for own, tests in found.values():
        count = len(own) if not total else min(len(own), max(LEAST, round(total * len(own) / size)))
        step = len(own) / count
        first = (seed * 0.618033988749895) % 1 * step
        made += [(own[int(first + i * step)], tests) for i in range(count)]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", default="", help="only files whose path holds this")
    parser.add_argument("--total", type=int, default=SHARE, help="mutants in all")
    parser.add_argument("--all", action="store_true", help="every candidate")
    parser.add_argument("--seed", type=int, default=1, help="which of the candidates are drawn")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the checkout")
    parser.add_argument("--guards", type=Path, help="a JSON file in place of GUARDS, for another layout")
    chosen = parser.parse_args()
    root = chosen.root.resolve()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for module in HEAVY:
        importlib.import_module(module)
    sys.dont_write_bytecode = True

    guards = json.loads(chosen.guards.read_text()) if chosen.guards else GUARDS
    picked = drawn(root, guards, chosen.file, 0 if chosen.all else chosen.total, chosen.seed)
    same = {one[:3] for one in EQUIVALENT}
    kept = [({(m.file, m.before, m.after), ("", m.before, m.after)}, m, tests) for m, tests in picked]
    picked = [(m, tests) for places, m, tests in kept if not places & same]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(scratch)
        files, tests = {m.file for m, _ in picked}, {t for _, own in picked for t in own}
        record = record_of(root, files, tests, scratch)
        print(
            f"{len(record.seconds)} tests in {time.monotonic() - start:.0f} s; failed: {record.failed}",
            flush=True,
        )
        order = [(m, record.meeting(m, own)) for m, own in picked]
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        left = []
        for mutant, result in verdicts(root, order, record.seconds, chosen.jobs, scratch):
            counts[mutant.file][result] += 1
            if result not in ("killed", "no end"):
                left.append((mutant, result))
                print(
                    f"  {mutant.file}:{mutant.line}  {mutant.before}  →  {mutant.after}  ({result})",
                    flush=True,
                )
    show(counts, left, time.monotonic() - start)


def show(counts: dict[str, Counter[str]], left: list[tuple[Mutant, str]], seconds: float) -> None:
    """The table of files, the survivors and the score."""
    print(f"\n{'file':50} mutants  killed")
    for file, seen in sorted(counts.items()):
        print(f"{file:50} {seen.total():7d} {seen['killed'] + seen['no end']:7d}")
    total = sum(seen.total() for seen in counts.values())
    killed = total - len(left)
    print("\nSurvivors")
    for mutant, result in sorted(left, key=lambda one: (one[0].file, one[0].line)):
        print(f"{mutant.file}:{mutant.line}  [{mutant.rule}]  {mutant.before}  →  {mutant.after}  ({result})")
    print(
        f"\nkilled {killed} of {total} mutants ({killed / max(total, 1):.0%}) in {seconds / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
