"""The guards of `mutants.py`: run once with lines recorded, then on each mutant in a process of its own."""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .mutation_rules import Mutant, mutated

PATIENCE = 60  # seconds of processor time that a mutant has beside three times what its tests took
STUCK = 10  # times as long on the clock: then it waits for something, which says nothing of the tests
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
        """The tests among the guards that run a mutant's lines, the fastest first.

        What runs when the file is imported may change any test, so that all the guards meet it.
        """
        lines = self.lines.get(mutant.file, {})
        found = {t for n in range(mutant.line, mutant.last_line + 1) for t in lines.get(n, ())}
        found = found or set(lines.get(mutant.statement, ()))
        met = found if mutant.in_function else set(self.seconds)
        own = [test for test in met if test.split("::")[0] in guards and test not in self.failed]
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
    root: Path, tests: list[str], log: Path, changed: dict[str, ast.Module], watch: set[str], limit: int
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
        if limit:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
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
    child = pytest_in_fork(root, sorted(tests), log, {}, files, 0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, 1):
        raise SystemExit(f"the guards do not run:\n{log.read_text()[-3000:]}")
    found = json.loads(log.with_suffix(".json").read_text())
    lines = {file: {int(n): tests for n, tests in rows.items()} for file, rows in found["lines"].items()}
    return Record(found["seconds"], lines, found["failed"])


def verdicts(
    root: Path, chosen: list[tuple[Mutant, list[str]]], seconds: dict[str, float], jobs: int, scratch: Path
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant as it is done, and how it ended; `no end` and `killed` are deaths, all else is not."""
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = [*reversed(chosen)]
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant, tests = waiting.pop()
            if not tests:
                yield mutant, "no test runs it"
                continue
            log = scratch / f"{mutant.file.replace('/', '-')}-{mutant.number}.log"
            limit = PATIENCE + int(3 * sum(seconds[t] for t in tests))
            tree = mutated(root, mutant)
            child = pytest_in_fork(root, tests, log, {mutant.file: tree}, set(), limit)
            running[child] = mutant, time.monotonic() + STUCK * limit
        for child in [*running]:
            mutant, deadline = running[child]
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                ended = {0: "survived", -signal.SIGXCPU: "no end", -signal.SIGKILL: "no end"}
                yield running.pop(child)[0], ended.get(code, "killed")
            elif time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                yield running.pop(child)[0], "stuck"
        time.sleep(0.02)
