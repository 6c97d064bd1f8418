"""Microdata that a dependency ships."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd


def _munnell() -> pd.DataFrame:
    from linearmodels.datasets import munnell

    return munnell.load()


DATASETS: dict[str, Callable[[], pd.DataFrame]] = {"munnell": _munnell}
