"""Inference given print at each place of the slider, computed here; the page's script only looks it up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...analyses.judge.winners_curse import beta_p_of
from ...analyses.run.results import SpecFit
from ...models.families import Prior
from ...models.printed.grids import summary
from ...models.printed.selection import BETA_P, selected_densities, selected_quantiles
from ...models.printed.tables import PrintedEstimate

PLACES = (0.01, 0.02, BETA_P, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
CACHED = 4_096


@dataclass(frozen=True)
class GivenPrint:
    """One coefficient at one place of the slider, on the paper's scale: (mean, low, high) twice."""

    posterior: tuple[float, float, float]
    unbiased: tuple[float, float, float]

    @property
    def excludes_zero(self) -> bool:
        """Whether both intervals lie on one side of 0."""
        return all(low * high > 0 for _, low, high in (self.posterior, self.unbiased))


def places_of(fits: list[SpecFit]) -> tuple[float, ...]:
    """The places of the slider, with the study's own probability among them."""
    return tuple(sorted({*PLACES, *map(beta_p_of, fits)}))


@lru_cache(CACHED)
def given_print(printed: PrintedEstimate, slope: Prior, places: tuple[float, ...]) -> tuple[GivenPrint, ...]:
    """One coefficient at every place."""
    grid, densities = selected_densities(printed, slope, np.array(places))
    found = []
    for density, (low, median, high) in zip(
        densities, selected_quantiles(printed, np.array(places)).tolist(), strict=True
    ):
        of = summary(grid, density)
        found.append(GivenPrint((of.mean, of.low, of.high), (median, low, high)))
    return tuple(found)
