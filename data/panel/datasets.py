"""Microdata that a dependency ships: its file is read, and the dependency itself not loaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd


def _munnell() -> pd.DataFrame:
    found = find_spec("linearmodels")
    assert found, "linearmodels is a dependency of posterity"
    assert found.origin, "it has files"
    return pd.read_csv(Path(found.origin).parent / "datasets" / "munnell" / "munnell.csv.bz2")


DATASETS: dict[str, Callable[[], pd.DataFrame]] = {"munnell": _munnell}
