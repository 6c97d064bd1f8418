"""Coverage-guided fuzzing of what reads a stranger's file: `python benchmarks/fuzz.py --minutes 24`.

Each target of `tests/fuzz/targets.py` starts from good files and from the corpus of what was found before.
Inputs that reach a line or a branch of posterity that no input reached are kept and changed further. A find
is anything but an InputError: another exception, more than 10 s of processor time, more than 6 GB, or a dead
process. Finds go to a folder, to be mended and then put into tests/fuzz/corpus, which the tests replay.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
t = importlib.import_module("targets")

ROOMS = ("data", "analyses", "models")
SECONDS, MEMORY = 10, 6 * 2**30
TOOL = sys.monitoring.PROFILER_ID
ODD = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\t", b" ", b"'", b'"', b"\\", b"=1+1", b"-0", b"1e309",
    b"1e-320", b"9" * 400,
    b"nan", b"inf", b"-1", b"0", b"1", b"\xe2\x88\x92", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"e\xcc\x81",
    b"\xed\xa0\x80",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"a" * 300, b"(" * 200, b"[" * 200,
    b"a." * 200, b"\xd9\xa3", b"\xc2\xb2",
)  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
NUMBERS = (
    b"0", b"-0", b"-1", b"1", b"0.0", b"1e-300", b"1e300", b"1e308", b"5e-324", b"0.999999999999", b"2", b"3",
    b"1e15", b"1e6",
    b"99999999999999999999", b"-2147483649", b"1_0", b"0x1", b"1.", b".5", b"+1", b"00", b"nan", b"inf",
    b"1e9",
)  # fmt: skip


class HangError(BaseException):
    """Ten seconds of processor time on one input."""


class Coverage:
    """Lines and branches of posterity's own files reached so far."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, int, int]] = set()
        monitor = sys.monitoring
        monitor.use_tool_id(TOOL, "fuzz")
        monitor.register_callback(TOOL, monitor.events.PY_START, self._start)
        monitor.register_callback(TOOL, monitor.events.LINE, self._line)
        monitor.register_callback(TOOL, monitor.events.BRANCH, self._branch)
        monitor.set_events(TOOL, monitor.events.PY_START)

    def _start(self, code: CodeType, offset: int) -> Any:
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
            events = sys.monitoring.events
            sys.monitoring.set_local_events(TOOL, code, events.LINE | events.BRANCH)
        return sys.monitoring.DISABLE

    def _line(self, code: CodeType, line: int) -> Any:
        self.seen.add((id(code), line, -1))
        return sys.monitoring.DISABLE

    def _branch(self, code: CodeType, offset: int, destination: int) -> Any:
        self.seen.add((id(code), offset, destination))
        return None


def changed(content: bytes, others: list[bytes], words: tuple[bytes, ...], rng: random.Random) -> bytes:
    """A few random changes: bits, bytes, blocks, lines, numbers, words, halves of other inputs."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice((1, 2, 4, 8, 32, 128)))
        kind = rng.randrange(10)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at:to]
        elif kind == 3:
            data[at:at] = data[at:to] * rng.choice((1, 2, 50))
        elif kind == 4:
            data[at : rng.choice((at, to))] = rng.choice(ODD)
        elif kind == 5 and words:
            data[at : rng.choice((at, to))] = rng.choice(words)
        elif kind == 6 and (found := list(NUMBER.finditer(data))):
            one = rng.choice(found)
            data[one.start() : one.end()] = rng.choice(NUMBERS)
        elif kind == 7:
            lines = data.split(b"\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i : i + rng.randrange(2)] = [lines[j]]
            data = bytearray(b"\n".join(lines))
        elif kind == 8:
            other = rng.choice(others)
            cut = rng.randrange(len(other) + 1)
            data[at:] = other[cut:]
        elif kind == 9 and len(cells := re.split(rb"([,\"\n =|])", bytes(data))) > 3:
            i, j = rng.randrange(len(cells)), rng.randrange(len(cells))
            cells[i] = cells[j]
            data = bytearray(b"".join(cells))
    return bytes(data[:200_000])


def changed_book(content: bytes, others: list[bytes], words: tuple[bytes, ...], rng: random.Random) -> bytes:
    """The same for a zip archive: now and then its bytes, else one of its parts."""
    try:
        parts = t.members(content)
    except Exception:
        return changed(content, others, words, rng)
    if rng.random() < 0.15 or not parts:
        return changed(content, others, words, rng)
    name = rng.choice([n for n in parts if "sheet" in n or "shared" in n or rng.random() < 0.3] or [*parts])
    parts[name] = changed(parts[name], [*parts.values()], words, rng)
    return t.zipped(parts)


def fuzz(name: str, budget: float, seed: int, finds: Path, record: Any) -> None:
    """Fuzz one target for so many seconds of processor time; runs in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, _hang)
    target, rng, coverage = t.TARGETS[name], random.Random(seed), Coverage()
    change = changed_book if target.file.endswith(".xlsx") else changed
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        t.lay(folder)
        corpus = [*target.seeds, *(p.read_bytes() for p in sorted(t.CORPUS.glob(f"{name}-*")))]
        queue = list(corpus)
        start = time.process_time()
        while (spent := time.process_time() - start) < budget:
            content = queue.pop() if queue else change(_pick(corpus, rng), corpus, target.words, rng)
            (finds / f"now-{name}").write_bytes(content)
            before = len(coverage.seen)
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            try:
                t.told(target, folder, content)
            except (Exception, HangError) as error:
                _keep(name, content, error, finds)
                record["finds"] += 1
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            record["tries"] += 1
            record["spent"] = spent
            if len(coverage.seen) > before:
                corpus.append(content)
                record["corpus"], record["reached"] = len(corpus), len(coverage.seen)
    (finds / f"now-{name}").unlink(missing_ok=True)


def _pick(corpus: list[bytes], rng: random.Random) -> bytes:
    return corpus[max(rng.randrange(len(corpus)), rng.randrange(len(corpus)))]


def _hang(number: int, at: FrameType | None) -> None:
    raise HangError(f"{SECONDS} s")


def _keep(name: str, content: bytes, error: BaseException, finds: Path) -> None:
    last = [f for f in traceback.extract_tb(error.__traceback__) if str(ROOT) in f.filename][-1:]
    where = f"{Path(last[0].filename).name}-{last[0].lineno}" if last else "outside"
    stem = f"{name}-{type(error).__name__}-{where}"
    old = finds / stem
    if old.exists() and len(old.read_bytes()) <= len(content):
        return
    old.write_bytes(content)
    (finds / f"{stem}.txt").write_text("".join(traceback.format_exception(error))[-6000:], errors="replace")


def watched(name: str, budget: float, seed: int, finds: Path) -> dict[str, Any]:
    """Fuzz a target in other processes, a new one where one dies."""
    total: dict[str, Any] = {"tries": 0, "finds": 0, "corpus": 0, "reached": 0, "spent": 0.0}
    with multiprocessing.get_context("spawn").Manager() as manager:
        while total["spent"] < budget:
            record = manager.dict(tries=0, finds=0, corpus=0, reached=0, spent=0.0)
            left = budget - total["spent"]
            process = multiprocessing.get_context("spawn").Process(
                target=fuzz, args=(name, left, seed, finds, record)
            )
            process.start()
            process.join(timeout=60 * left + 120)
            if process.is_alive():
                process.kill()
                process.join()
            found = dict(record)
            for key in ("tries", "finds", "spent"):
                total[key] += found[key]
            total["corpus"], total["reached"] = found["corpus"], max(total["reached"], found["reached"])
            if process.exitcode == 0:
                break
            now = finds / f"now-{name}"
            if now.exists():
                digest = hashlib.sha256(now.read_bytes()).hexdigest()[:8]
                now.replace(finds / f"{name}-died-{process.exitcode}-{digest}")
            total["finds"] += 1
            seed += 1000
    return total


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=24, help="of processor time, over all targets")
    arguments.add_argument("--only", nargs="*", choices=t.TARGETS, default=[*t.TARGETS])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--finds", type=Path, default=Path(tempfile.gettempdir()) / "posterity-finds")
    chosen = arguments.parse_args()
    chosen.finds.mkdir(parents=True, exist_ok=True)
    share = chosen.minutes * 60 / len(chosen.only)
    print("target        CPU s     tries  corpus  reached  finds", flush=True)
    spent, finds = 0.0, 0
    for name in chosen.only:
        row = watched(name, share, chosen.seed, chosen.finds)
        spent, finds = spent + row["spent"], finds + row["finds"]
        print(
            f"{name:<11}{row['spent']:>8.0f}{row['tries']:>10,}{row['corpus']:>8}{row['reached']:>9}{row['finds']:>7}",
            flush=True,
        )
    print(f"{spent / 60:.1f} minutes of processor time, {finds} finds in {chosen.finds}")
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    main()
