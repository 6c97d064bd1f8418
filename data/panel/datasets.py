"""Microdata that a dependency ships: its file is read, and the dependency itself not loaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd


def _munnell() -> pd.DataFrame:
    found = find_spec("linearmodels")
    assert found, "linearmodels is a dependency of posterity"
    (folder,) = found.submodule_search_locations or ()
    return pd.read_csv(Path(folder) / "datasets" / "munnell" / "munnell.csv.bz2")


DATASETS: dict[str, Callable[[], pd.DataFrame]] = {"munnell": _munnell}
