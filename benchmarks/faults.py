"""Kills at random points and damaged stores: `python benchmarks/faults.py kills 200` and `... damage 60`.

Kills: the same command is started again and again in one folder and ends by SIGKILL, half the times after a
random while, half the times at a random file operation, until it gets to its end; then a new folder is begun.
No finished fit may change or go, and at the end comparison.json must equal that of a run nobody disturbed,
`seconds` aside.

Damage: in a finished folder, or among the compiled programs, one file is cut short or has a bit turned over;
the same command must give the same comparison.json, or say in one sentence what is wrong.

Each run is a fork of this process, which has imported everything and computed nothing. Leave the package's
source alone meanwhile: it is part of every key, and a fit made again by other code is counted as changed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

SCENARIOS: dict[str, list[str]] = {
    "fits of liu-li-2025": ["liu-li-2025"],
    "fits of bashlai-2026": ["bashlai-2026"],
    "munnell-1990, panel": ["run", "munnell-1990", "--draws", "100"],
    "bashlai-2026, tables": ["run", "bashlai-2026", "--draws", "100", "--only", "T5.1", "--only", "T5.6"],
    "bashlai-2026, priors": ["priors", "bashlai-2026", "--draws", "100", "--only", "T5.6"],
    "bashlai-2026, twins": ["run", "bashlai-2026", "--evidence", "twin", "--twins", "2", "--draws", "50",
    "--only", "T5.6"],
}  # fmt: skip
SECONDS = re.compile(r'"seconds": [0-9.e+-]+')
HEAVY = (
    "arviz", "jax", "jax.export", "numpyro", "pymc", "pytensor", "pandas", "pyarrow.parquet", "h5netcdf",
    "matplotlib.pyplot", "jinja2",
    "linearmodels", "scipy.stats", "xarray",
)  # fmt: skip


def forked(
    arguments: list[str], out: Path, cache: Path, after: float | None = None, at: int | None = None
) -> int:
    """Run a command in a fork: its exit status; killed after some seconds, or at its n-th file operation."""
    child = os.fork()
    if child == 0:
        os.environ["XDG_CACHE_HOME"] = str(cache)
        log = os.open(out.parent / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if at is not None:
            _dies_at(at, out)
        sys.argv = ["posterity", *arguments, "--out", str(out)]
        code = 1
        try:
            if len(arguments) == 1:
                fitting(arguments[0], out)
            else:
                importlib.import_module("posterity.cli").main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            os._exit(code)
    deadline = time.monotonic() + (after if after is not None else 900)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.002)


def fitting(study: str, out: Path) -> None:
    """What `posterity run` does with printed tables, without figures and page, which cost seconds a run."""
    import posterity as po
    from posterity.analyses.judge.records import comparison
    from posterity.analyses.run.fit import run
    from posterity.analyses.run.folder import alone_in
    from posterity.analyses.run.results import Request
    from posterity.analyses.run.store import write_whole
    from posterity.models.engine.sampling import Sampler

    opened = po.load(study)
    with alone_in(out / study) as folder:
        request = Request("tables", Sampler(draws=25), None, {}, None, folder / "posteriors")
        text = json.dumps(comparison(run(opened, None, None, request)), indent=1)
        write_whole(folder / "comparison.json", lambda path: path.write_text(text))


def _dies_at(operation: int, out: Path) -> None:
    """Count what is opened, renamed and removed in the folder, and die at one of them."""
    left = [operation]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.rename", "os.remove", "os.mkdir") and str(arguments[0]).startswith(str(out)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def comparison(out: Path) -> str:
    (path,) = out.glob("*/comparison.json")
    return SECONDS.sub("", path.read_text(encoding="utf-8"))


def fits(out: Path) -> dict[str, str]:
    """Every finished fit, record and twin of a folder with the SHA-256 of its file."""
    found = [p for pattern in ("*.nc", "robustness/*.json", "twin-*.parquet") for p in out.rglob(pattern)]
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def kills(name: str, number: int, cache: Path, rng: random.Random) -> Counter[str]:
    """Kill one command so many times; how often what happened."""
    arguments, seen = SCENARIOS[name], Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "whole")
        for _ in range(2):  # the first compiles
            shutil.rmtree(whole, ignore_errors=True)
            start = time.monotonic()
            assert forked(arguments, whole, cache) == 0, Path(scratch, "log").read_text()
            lasts = time.monotonic() - start
        expected, operations, folder = comparison(whole), 4 * len([*whole.rglob("*")]) + 20, 0
        before: dict[str, str] = {}
        while seen["kills"] < number or before:
            out = Path(scratch, f"killed-{folder}")
            draw = seen["kills"] >= number
            timed = rng.random() < 0.5
            status = forked(
                arguments,
                out,
                cache,
                after=rng.uniform(0, lasts) if timed and not draw else None,
                at=rng.randint(1, operations) if not timed and not draw else None,
            )
            after = fits(out)
            seen["finished fits lost or changed"] += sum(
                after.get(f) != digest for f, digest in before.items()
            )
            before = after
            if status == -signal.SIGKILL:
                seen["kills"] += 1
                if seen["kills"] % 20 == 0:
                    print(f"{name}: {json.dumps(seen)}", file=sys.stderr, flush=True)
                seen["with fits to lose"] += bool(before)
            elif status == 0:
                seen["runs ended"] += 1
                seen["other results"] += comparison(out) != expected
                seen["left half written"] += len([*out.rglob("*.tmp")])
                folder, before = folder + 1, {}
                shutil.rmtree(out)
            else:
                seen["refused"] += 1
                print(Path(scratch, "log").read_text()[-500:])
                before = {}
                folder += 1
    return seen


def kind(path: Path) -> str:
    """What a stored file is: every kind is damaged equally often."""
    if path.name in ("settings.json", "manifest.json"):
        return path.name
    return f"{path.parent.name if path.suffix == '.json' else ''}{path.suffix}"


def damage(name: str, number: int, cache: Path, rng: random.Random) -> Counter[str]:
    """Damage one file of a finished folder so many times; how often what happened."""
    arguments, seen = SCENARIOS[name], Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "whole")
        for _ in range(2):
            shutil.rmtree(whole, ignore_errors=True)
            assert forked(arguments, whole, cache) == 0, Path(scratch, "log").read_text()
        expected, good = comparison(whole), fits(whole)
        stored = [
            p
            for p in whole.rglob("*")
            if p.suffix in (".nc", ".parquet") or p.name in ("settings.json", "manifest.json")
        ]
        stored += [*whole.rglob("robustness/*.json")]
        stored += [p for p in cache.rglob("*") if p.suffix in (".jax", ".sealed")]
        kinds = sorted({kind(p) for p in stored})
        for _ in range(number):
            drawn = rng.choice(kinds)
            path = rng.choice([p for p in stored if kind(p) == drawn and p.exists()])
            content = bytearray(path.read_bytes())
            if rng.random() < 0.25:
                del content[rng.randrange(len(content)) :]
                seen["cut short"] += 1
            else:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
                seen["one bit turned"] += 1
            seen[f"in {path.suffix}"] += 1
            path.write_bytes(content)
            if path.is_relative_to(cache):  # a run that finds every fit opens no program
                shutil.rmtree(whole)
            report = path.name == "settings.json"
            again = ["report", arguments[1]] if report else arguments
            status = forked(again, whole, cache)
            log = Path(scratch, "log").read_text()
            if status == 2 and len(log.strip().splitlines()) == 1:
                seen["said in one sentence"] += 1
                status = forked(arguments, whole, cache)
            seen["failed"] += status != 0
            seen["other results"] += comparison(whole) != expected
            left = path.exists() and bytes(content) == path.read_bytes()
            seen[f"not opened: {path.name}" if left else "made anew or mended"] += 1
            seen["other fits changed"] += (
                sum(
                    digest != good[f]
                    for f, digest in fits(whole).items()
                    if f != str(path.relative_to(whole))
                )
                if path.is_relative_to(whole)
                else 0
            )
            good = fits(whole)
            seen["stores"] += 1
    return seen


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=("kills", "damage"))
    arguments.add_argument("number", type=int)
    arguments.add_argument("--only", choices=SCENARIOS, nargs="*", default=[*SCENARIOS])
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    commands = any(len(SCENARIOS[name]) > 1 for name in chosen.only)
    for module in HEAVY if commands else ():
        importlib.import_module(module)
    package = importlib.import_module("posterity").__path__[0]
    for room in ("data", "models", "analyses", "reports", "cli") if commands else ():
        for path in sorted(Path(package, room).glob("*.py")):
            if path.stem != "__main__":
                importlib.import_module(f"posterity.{room}.{path.stem}")
    if not commands:
        with tempfile.TemporaryDirectory() as scratch:
            fitting("bashlai-2026", Path(scratch, "imports"))
    bridge = sys.modules.get("jax._src.xla_bridge")
    assert bridge is None or not bridge._backends, "a fork would share JAX's threads"
    rng = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as cache:
        for number, name in enumerate(chosen.only):
            share = chosen.number * (number + 1) // len(chosen.only) - chosen.number * number // len(
                chosen.only
            )
            start = time.monotonic()
            seen = (kills if chosen.what == "kills" else damage)(name, share, Path(cache), rng)
            seen["seconds"] = round(time.monotonic() - start)
            print(f"{name}: {json.dumps(seen)}", flush=True)


if __name__ == "__main__":
    main()
