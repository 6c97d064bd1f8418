"""Shared fixtures; `POSTERITY_NO_SKIPS=1` turns every skipped test into a failure."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .there import there

# read when the library is loaded: by the processes that share the tests out, and by commands that tests start
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).parent
LONGEST = (
    "reports/page/test_browser.py",
    "reports/page/test_sliders.py",
    "test_run.py",
    "test_docs.py",
    "faults/test_kills.py",
    "analyses/run/test_workers.py",
    "analyses/robustness/test_models.py",
    "analyses/twins/test_twins.py",
    "analyses/calibration/test_calibration.py",
    "models/errors/test_laws.py",
    "analyses/robustness/test_slopes.py",
    "models/mechanisms/test_mediation.py",
    "models/engine/test_collapsed_inference.py",
    "analyses/audit/test_simulated.py",
    "analyses/robustness/samples/test_checks.py",
    "reports/test_hostile_names.py",
    "analyses/kinds/test_threshold.py",
)
SHARED = Path(__file__).parents[2] / "shared" / "data"  # others' data, beside the checkout and no part of it


def pytest_configure(config):
    """Write bytecode for this run even where Python is told not to: PyMC then loads in 4 s, not in 11."""
    pymc = there(there(importlib.util.find_spec("pymc")).origin)
    if not sys.dont_write_bytecode or Path(importlib.util.cache_from_source(pymc)).exists():
        return
    folder = tempfile.mkdtemp(prefix="bytecode-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = folder
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that the processes that share the tests out end together."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(HERE).as_posix(), len(rank)))


def pytest_collection_finish():
    """Leave what was imported out of garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("POSTERITY_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and POSTERITY_NO_SKIPS allows none: {report.longrepr}"


@pytest.fixture(scope="session", autouse=True)
def cpu():
    """JAX on the CPU, with its compilation cache."""
    from posterity.models.engine.sampling import prepare

    prepare("cpu")


def simulate(
    n_entity: int = 12, n_time: int = 7, seed: int = 1, missing: float = 0.0, slope: float = 0.5
) -> pd.DataFrame:
    """A synthetic two-way panel whose effects correlate with x1."""
    rng = np.random.default_rng(seed)
    entity, time = np.divmod(np.arange(n_entity * n_time), n_time)
    effect, year = rng.normal(0, 1, n_entity), rng.normal(0, 0.5, n_time)
    x1 = 0.8 * effect[entity] + 0.5 * year[time] + rng.normal(0, 1, len(entity))
    x2 = rng.normal(3, 2, len(entity))
    y = 1 + slope * x1 - 0.2 * x2 + effect[entity] + year[time] + rng.normal(0, 0.4, len(entity))
    frame = pd.DataFrame(
        {
            "city": [f"c{i:02d}" for i in entity],
            "year": 2000 + time,
            "y": y,
            "x1": x1,
            "x2": x2,
            "region": entity % 3,
        }
    )
    return frame[rng.uniform(size=len(frame)) >= missing].reset_index(drop=True)


@pytest.fixture(name="simulate", scope="session")
def simulate_fixture() -> Callable[..., pd.DataFrame]:
    return simulate


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of one of others' data sets; a test that needs it is skipped where it is not."""

    def found(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{path} is not here")
        return path

    return found


@pytest.fixture
def call(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: exit status, standard output and standard error."""

    def called(*arguments: str) -> tuple[int, str, str]:
        from posterity import cli

        monkeypatch.setattr(sys, "argv", ["posterity", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


@pytest.fixture
def frame() -> pd.DataFrame:
    return simulate()


@pytest.fixture(params=[0.0, 0.25], ids=["balanced", "unbalanced"])
def any_frame(request) -> pd.DataFrame:
    return simulate(missing=request.param)
