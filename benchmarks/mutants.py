"""Do the tests notice when a decision is changed? Mutants of the code that judges, counts, keys and estimates.

    python -m benchmarks.mutants                        about 120 mutants, a fair share of each file's candidates
    python -m benchmarks.mutants --file judge --all     every candidate of the files whose path holds "judge"

A mutant is one file with one expression changed by a rule of `mutation_rules.py`: `<=` for `<`, a constant that is
one larger, an entry of a dictionary removed. It is killed if a test fails or no longer ends; it survives if all the
tests that guard its file pass. `GUARDS` says which these are.

The guards run once on the code as it is, which tells the lines that each test runs. A mutant then meets only the tests
that run its lines, the fastest first, up to the first failure. Nothing is written to the checkout: a mutant is a fork of
this process, which has imported the libraries and none of the package, and compiles the changed syntax tree in place
of the file. Commands that a test starts as processes of their own run unchanged code.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .mutation_rules import Mutant, candidates, mutated

# Files to change, perhaps only some functions of them, and the tests that guard them.
GUARDS: dict[str, tuple[str, ...]] = {
    "analyses/judge/*.py": ("tests/analyses/test_compare.py", "tests/analyses/test_summaries.py"),
    "data/sample/within.py": ("tests/data/test_within.py",),
    "models/frequentist/least_squares.py": ("tests/models/test_frequentist.py",),
    "models/frequentist/iv.py": ("tests/models/test_iv.py",),
    "models/printed/tables.py": ("tests/models/test_tables.py",),
}
# What no test can tell from the code as it is: file, before, after, and why.
EQUIVALENT: tuple[tuple[str, str, str, str], ...] = ()
HEAVY = (
    "arviz", "h5netcdf", "jax", "jax.export", "linearmodels.iv", "linearmodels.panel", "numpyro", "pandas",
    "pyarrow.parquet", "pydantic", "pymc", "pytest", "scipy.optimize", "scipy.stats", "statsmodels.api", "xarray",
)  # fmt: skip
SHARE, LEAST = 120, 3  # mutants in all, and at least so many of a file
PATIENCE = 60.0  # seconds that a mutant has beside three times what its tests took
TOOL = 3  # of sys.monitoring: free for any tool


@dataclass
class Record:
    """What the guards do on the code as it is.

    Attributes
    ----------
    seconds : of each test
    lines : of each file, the tests that run each line
    failed : the tests that fail without any change
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def meeting(self, mutant: Mutant, guards: set[str]) -> list[str]:
        """The tests that run a mutant's lines, the fastest first; of a line outside functions, all that use the file."""
        lines = self.lines.get(mutant.file, {})
        if not mutant.in_function:
            found = {test for tests in lines.values() for test in tests}
        else:
            found = {t for n in range(mutant.line, mutant.last_line + 1) for t in lines.get(n, ())}
            found = found or set(lines.get(mutant.statement, ()))
        own = [test for test in found if test.split("::")[0] in guards and test not in self.failed]
        return sorted(own, key=lambda test: (self.seconds[test], test))


class Package(importlib.abc.MetaPathFinder):
    """Imports `posterity` from a checkout, one file of it changed or its lines watched."""

    def __init__(self, root: Path, changed: dict[str, ast.Module], watch: Watch | None = None) -> None:
        self.root, self.changed, self.watch = root, changed, watch

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != "posterity" and not name.startswith("posterity."):
            return None
        folder = self.root.joinpath(*name.split(".")[1:])
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        inside = file.relative_to(self.root).as_posix()
        if (
            inside not in self.changed
            and not (self.watch and inside in self.watch.files)
            and folder != self.root
        ):
            return None
        loader = _Loader(name, str(file), self.changed.get(inside), self.watch)
        places = [str(folder)] if folder.is_dir() else None
        return importlib.util.spec_from_file_location(
            name, file, loader=loader, submodule_search_locations=places
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, tree: ast.Module | None, watch: Watch | None) -> None:
        super().__init__(name, path)
        self.tree, self.watch = tree, watch

    def get_code(self, fullname: str) -> CodeType | None:
        source: Any = self.tree if self.tree is not None else Path(self.path).read_bytes()
        code: CodeType = compile(source, self.path, "exec", dont_inherit=True)
        if self.watch is not None:
            self.watch.follow(code)
        return code


class Watch:
    """A plugin of pytest that records which test runs which line of some files.

    Lines that run while a test is set up count for every test of its file, which may share what was set up.
    """

    def __init__(self, root: Path, files: set[str]) -> None:
        self.root, self.files = root, files
        self.now, self.record = "", Record()
        self.seen: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        sys.monitoring.use_tool_id(TOOL, "mutants")
        sys.monitoring.register_callback(TOOL, sys.monitoring.events.LINE, self._line)

    def follow(self, code: CodeType) -> None:
        sys.monitoring.set_local_events(TOOL, code, sys.monitoring.events.LINE)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.follow(constant)

    def _line(self, code: CodeType, line: int) -> Any:
        self.seen[os.path.relpath(code.co_filename, self.root)][line].add(self.now)
        return sys.monitoring.DISABLE

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._begin(nodeid.split("::")[0])

    def pytest_runtest_call(self, item: Any) -> None:
        self._begin(item.nodeid)

    def pytest_runtest_teardown(self, item: Any) -> None:
        self._begin(item.nodeid.split("::")[0])

    def _begin(self, name: str) -> None:
        self.now = name
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: Any) -> None:
        known = self.record.seconds
        if report.when == "call":
            known[report.nodeid] = known.get(report.nodeid, 0.0) + report.duration
        if report.outcome != "passed":
            known.setdefault(report.nodeid, 0.0)
            self.record.failed.append(report.nodeid)

    def result(self) -> Record:
        by_file: dict[str, set[str]] = defaultdict(set)
        for test in self.record.seconds:
            by_file[test.split("::")[0]].add(test)
        for file, lines in self.seen.items():
            self.record.lines[file] = {
                line: sorted(set().union(*({n} if "::" in n else by_file.get(n, set()) for n in names)))
                for line, names in lines.items()
            }
        return self.record


def pytest_in_fork(
    root: Path, tests: list[str], log: Path, changed: dict[str, ast.Module], watch: set[str]
) -> int:
    """Start pytest on the package with some files changed; the process that was started."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a library's thread, which waits for work
        child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.setpgid(0, 0)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number in (1, 2):
            os.dup2(handle, number)
        os.chdir(root)
        watching = Watch(root, watch) if watch else None
        sys.meta_path.insert(0, Package(root, changed, watching))
        pytest = importlib.import_module("pytest")
        options = ["-n", "0", "-q", "-p", "no:cacheprovider", "--tb=short", f"--rootdir={root}"]
        stop = [] if watching else ["-x"]
        plugins = [watching] if watching else []
        code = int(pytest.main([*options, *stop, *tests], plugins=plugins))
        if watching:
            record = watching.result()
            log.with_suffix(".json").write_text(json.dumps(vars(record)))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def record_of(root: Path, files: set[str], tests: set[str], scratch: Path) -> Record:
    """Run the guards on the code as it is."""
    log = scratch / "guards.log"
    child = pytest_in_fork(root, sorted(tests), log, {}, files)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, 1):
        raise SystemExit(f"the guards do not run:\n{log.read_text()[-3000:]}")
    found = json.loads(log.with_suffix(".json").read_text())
    lines = {file: {int(n): tests for n, tests in rows.items()} for file, rows in found["lines"].items()}
    return Record(found["seconds"], lines, found["failed"])


def verdicts(
    root: Path, chosen: list[tuple[Mutant, list[str]]], seconds: dict[str, float], jobs: int, scratch: Path
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant as it is done, and what became of it: `killed`, `no end`, `survived` or `no test runs it`."""
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = [*reversed(chosen)]
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant, tests = waiting.pop()
            if not tests:
                yield mutant, "no test runs it"
                continue
            log = scratch / f"{mutant.file.replace('/', '-')}-{mutant.number}.log"
            child = pytest_in_fork(root, tests, log, {mutant.file: mutated(root, mutant)}, set())
            running[child] = mutant, time.monotonic() + PATIENCE + 3 * sum(seconds[t] for t in tests)
        for child in [*running]:
            mutant, deadline = running[child]
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                yield running.pop(child)[0], "survived" if code == 0 else "killed"
            elif time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                yield running.pop(child)[0], "no end"
        time.sleep(0.02)


def drawn(
    root: Path, guards: dict[str, tuple[str, ...]], part: str, total: int, seed: int
) -> list[tuple[Mutant, tuple[str, ...]]]:
    """Of each file every k-th candidate from a seeded first one, so that all files have their share; 0 means all."""
    found: dict[str, tuple[list[Mutant], tuple[str, ...]]] = {}
    for pattern, tests in guards.items():
        files, _, names = pattern.partition("::")
        for path in sorted(root.glob(files)):
            file = path.relative_to(root).as_posix()
            own = [m for m in candidates(root, file) if not names or set(names.split(",")) & {*m.within}]
            if own and part in file:
                before = found.get(file, ([], ()))
                found[file] = [*before[0], *own], (*before[1], *tests)
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
    same = {one[:3]: one[3] for one in EQUIVALENT}
    picked = [(m, tests) for m, tests in picked if (m.file, m.before, m.after) not in same]
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
        order = [(m, record.meeting(m, set(own))) for m, own in picked]
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
