"""Time until every slope and every scale has 4,000 effective draws, beside other tools, in one run.

    python benchmarks/engines.py                       sizes 330 to 100,000, all engines
    python benchmarks/engines.py --only 330 munnell    some sizes
    python benchmarks/engines.py --large               100,000 to 10,000,000 rows from Parquet, collapsed only
    python benchmarks/engines.py --batch               500 priors x the effects columns of munnell-1990

Each engine runs in a process of its own under a time limit; `--peers PYTHON` names the interpreter that
has bambi, nutpie and statspai (they are no dependencies of this project). Peers that it lacks are named.

`start` is the time from process start to 4,000 effective draws: imports, plus building, compiling and
sampling scaled by 4,000 over the smallest effective sample size (not scaled where that is larger).
`compiled` is the second fit in the same process, scaled likewise, for engines that can keep their program.
`stored` is the time from process start of the collapsed engine's second process, which finds its machine
code on disk (`models/engine/jax_cache.py`); the first process starts with empty caches. `pymc_nutpie` and
`pymc_numpyro` are given the parametrisation of `models/kinds/effects.py`, `pymc_plain` (nutpie) the one of
textbooks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import panels

HERE = Path(__file__).parent
TARGET = 4000
MODULES = {
    "bambi": "bambi",
    "pymc_nutpie": "nutpie",
    "pymc_numpyro": "numpyro",
    "pymc_plain": "nutpie",
    "statspai_one": "statspai",
}
SIZES: dict[str, dict[str, Any]] = {
    "330": {"entities": 30, "times": 11, "k": 6, "missing": 0.0},
    "munnell": {},
    "4200": {"entities": 210, "times": 20, "k": 5, "missing": 0.0},
    "4200-gaps": {"entities": 210, "times": 20, "k": 5, "missing": 0.1},
    "30000": {"entities": 1500, "times": 20, "k": 5, "missing": 0.0},
    "100000": {"entities": 5000, "times": 20, "k": 5, "missing": 0.0},
}
LARGE = {"100,000": 5_000, "1,000,000": 50_000, "10,000,000": 500_000}


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measure(
    engine: str, panel: Path, names: list[str], python: str, limit: float, cache: Path
) -> dict[str, Any]:
    """Run one engine in its own process; its figures, with `wall_s`, or `error`."""
    result = cache / "result.json"
    result.unlink(missing_ok=True)
    command = [python, str(HERE / "workers.py"), engine, str(panel), str(result), ",".join(names)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment)
    except subprocess.TimeoutExpired:
        return {"error": f"not done in {limit:.0f} s"}
    if not result.exists():
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:60]}
    return {**json.loads(result.read_text()), "wall_s": time.perf_counter() - start}


def to_target(found: dict[str, Any], seconds: float) -> float:
    return seconds * max(1.0, TARGET / found["ess"] * 0.999)


def row(size: str, engine: str, found: dict[str, Any]) -> str:
    if "error" in found:
        return f"{size:>10} {engine:<14} {found['error']}"
    start = found["import_s"] + to_target(found, found["fit_s"])
    again = to_target(found, found["again_s"]) if "again_s" in found else None
    quality = f"R-hat {found['r_hat']:.3f}" if "r_hat" in found else ""
    quality = f"k-hat {found['k_hat']:.2f}" if "k_hat" in found else quality
    stored = f"{found['stored_s']:9.1f}" if "stored_s" in found else " " * 9
    compiled = f"{again:9.3f}" if again is not None else " " * 9
    return (
        f"{size:>10} {engine:<14} {found['import_s']:7.1f} {found['fit_s']:8.2f} {found['ess']:7.0f} "
        f"{start:9.1f} {stored} {compiled} {found['peak_mb']:7.0f}  {quality}"
    )


HEADER = (
    f"{'rows':>10} {'engine':<14} {'imports':>7} {'fit':>8} {'ess':>7} {'start':>9} {'stored':>9} "
    f"{'compiled':>9} {'MB':>7}"
)


def missing_peers(python: str) -> list[str]:
    return [
        engine
        for engine, module in MODULES.items()
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
    ]


def compare(sizes: list[str], engines: list[str], peers: str, limit: float) -> None:
    """The table of all engines at all sizes, same data, same run."""
    absent = missing_peers(peers)
    if absent:
        write(f"not installed under {peers}: {', '.join(absent)}")
    write(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for one in (False, True):
                chosen = [e for e in engines if e.endswith("_one") == one and e not in absent]
                path = Path(folder) / "panel.parquet"
                if not chosen or (one and size == "munnell"):
                    continue
                if size == "munnell":
                    names = panels.munnell(path)
                else:
                    names = panels.simulate(path, **SIZES[size], seed=1, dummies=one)
                for engine in chosen:
                    with tempfile.TemporaryDirectory() as cache:
                        python = sys.executable if engine.startswith("collapsed") else peers
                        arguments = (engine, path, names, python, limit, Path(cache))
                        found = measure(*arguments)
                        if engine.startswith("collapsed") and "error" not in found:
                            second = measure(*arguments)
                            found["stored_s"] = second["import_s"] + to_target(second, second["fit_s"])
                    write(row(size, engine, found))


def large(limit: float) -> None:
    """Two-way panels with 10% of rows missing, read from Parquet in chunks."""
    write(
        f"{'rows':>12} {'process':>8} {'reading':>8} {'compiled':>9} {'ess':>6} {'k-hat':>6} {'peak MB':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for label, entities in LARGE.items():
            path = Path(folder) / "panel.parquet"
            names = panels.simulate(path, entities, 20, 4, missing=0.1, seed=1)
            found = measure("collapsed", path, names, sys.executable, limit, Path(folder))
            if "error" in found:
                write(f"{label:>12} {found['error']}")
                continue
            process = found["wall_s"] - found["again_s"]
            write(
                f"{label:>12} {process:8.1f} {found['read_s']:8.1f} {found['again_s']:9.2f} "
                f"{found['ess']:6.0f} {found['k_hat']:6.2f} {found['peak_mb']:8.0f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument(
        "--engines", nargs="+", default=["collapsed", *list(MODULES)[:4], "collapsed_one", "statspai_one"]
    )
    parser.add_argument("--peers", default=sys.executable, help="interpreter of the other tools")
    parser.add_argument("--limit", type=float, default=540, help="seconds for each engine")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--batch", action="store_true")
    given = parser.parse_args()
    if given.large:
        large(given.limit)
    elif given.batch:
        from batches import munnell_priors

        munnell_priors(write)
    else:
        compare(given.only, given.engines, given.peers, given.limit)


if __name__ == "__main__":
    main()
