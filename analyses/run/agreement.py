"""Whether the collapsed engine and NUTS on the expanded model give one posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xarray import DataTree

SCALES = ("sigma", "sd_entity", "sd_time")


@dataclass(frozen=True)
class Agreement:
    """One column fitted a second time in expanded form by NUTS.

    Attributes
    ----------
    id : the column, with `-with-effects` where a pooled one was fitted with effects
    names : slopes and scales
    difference : of the means, collapsed less expanded, in Monte Carlo standard errors
    sd_ratio : posterior standard deviation, collapsed over expanded
    seconds : collapsed, expanded
    """

    id: str
    names: tuple[str, ...]
    difference: tuple[float, ...]
    sd_ratio: tuple[float, ...]
    seconds: tuple[float, float]


def compared(name: str, collapsed: DataTree, expanded: DataTree, seconds: tuple[float, float]) -> Agreement:
    """Compare slopes and scales of two posteriors of one model."""
    from arviz_stats import mcse

    draws = [_draws(tree) for tree in (collapsed, expanded)]
    difference, ratio = [], []
    for key in draws[0]:
        a, b = draws[0][key], draws[1][key]
        error = np.hypot(float(mcse(a)), float(mcse(b)))
        difference.append(float((a.mean() - b.mean()) / error))
        ratio.append(float(a.std() / b.std()))
    return Agreement(name, tuple(draws[0]), tuple(difference), tuple(ratio), seconds)


def _draws(tree: DataTree) -> dict[str, np.ndarray]:
    posterior = tree["posterior"]
    found = {str(t): posterior["coef"].sel(term=t).to_numpy() for t in posterior["term"].to_numpy()}
    return found | {name: posterior[name].to_numpy() for name in SCALES if name in posterior}
