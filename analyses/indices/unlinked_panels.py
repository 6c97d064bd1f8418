"""Panels in which different indicators are unrelated: simulated by assumption, or a real panel shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.study.formula import Term

Array = NDArray[np.float64]


class Tie(NamedTuple):
    """A name `mine` that is declared the same as `first`, or to have correlation `alike` with it."""

    mine: Term
    first: Term
    alike: float


@dataclass(frozen=True)
class Assumptions:
    """How indicators vary: ends of uniform draws, made anew for each indicator of each simulation.

    The logarithm of an indicator is `sd_log` times a standard normal with three parts: entity (constant over
    time), time (common to all entities), and within (persistent over time).

    Attributes
    ----------
    sd_log : standard deviation of the logarithm
    entity : share of its variance between entities
    time : share of the rest that is common to entities: a linear trend, rising nine times in ten, and
        shocks, of equal variance
    persistence : first-order autocorrelation of what is within
    """

    sd_log: tuple[float, float] = (0.2, 1.0)
    entity: tuple[float, float] = (0.6, 0.95)
    time: tuple[float, float] = (0.2, 0.8)
    persistence: tuple[float, float] = (0.3, 0.95)

    @property
    def sentence(self) -> str:
        return (
            "Indicators are independent of one another unless they are the same or declared near-duplicates; "
            "log-normal, "
            f"standard deviation of logs {_range(self.sd_log)}; {_range(self.entity)} of the variance "
            "between entities, "
            f"{_range(self.time)} of the rest common to a year (a trend, rising nine times in ten, and "
            "shocks), what remains "
            f"with autocorrelation {_range(self.persistence)}; ends of uniform draws. Undeclared controls "
            "move likewise, on their own."
        )

    def draw(
        self,
        name: str,
        tie: Tie | None,
        size: tuple[int, int],
        seen: dict[str, Any],
        count: int,
        rng: np.random.Generator,
    ) -> Array:
        """(count, n) Simulations of a series; `seen` keeps the latent series of this simulation by name."""

        def latent(series: str) -> tuple[Array, Array]:
            if series not in seen:
                seen[series] = _latent(self, size, count, rng)
            return seen[series]

        if tie is None:
            normal, sd_log = latent(name)
            return np.exp(sd_log * normal)
        normal, sd_log = latent(tie.first.variable)
        if tie.alike < 1:
            own, sd_log = latent(name)
            normal = tie.alike * normal + np.sqrt(1 - tie.alike**2) * own
        return sd_log * normal if tie.first.log and not tie.mine.log else np.exp(sd_log * normal)


@dataclass(frozen=True, eq=False)
class Shuffle:
    """A balanced panel whose entities are shuffled, each indicator on its own: what an indicator is, its
    trend, persistence and distribution, stays; what links it to others goes, but for common years.

    Attributes
    ----------
    columns : (N, T) each, by name
    entity : what an entity is called
    """

    columns: dict[str, Array]
    entity: str

    @property
    def size(self) -> tuple[int, int]:
        n_entity, n_time = next(iter(self.columns.values())).shape
        return n_entity, n_time

    @property
    def sentence(self) -> str:
        return (
            f"The series of each indicator in the panel change places among {self.entity} names at random: "
            "it keeps its trend, persistence and distribution and loses its links to others; "
            "declared near-duplicates and variables move with what they duplicate."
        )

    def draw(
        self,
        name: str,
        tie: Tie | None,
        size: tuple[int, int],
        seen: dict[str, Any],
        count: int,
        rng: np.random.Generator,
    ) -> Array:
        """(count, n) Shuffles of a series; `seen` keeps the permutations of this simulation by name."""
        key = tie.first.variable if tie else name
        if key not in seen:
            seen[key] = rng.permuted(np.tile(np.arange(size[0]), (count, 1)), axis=1)
        return self.columns[name][seen[key]].reshape(count, -1)


ASSUMED = Assumptions()


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def _latent(
    assumptions: Assumptions, size: tuple[int, int], count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(count, n) standard normals with the panel's structure, and (count, 1) standard deviations of logs."""
    n_entity, n_time = size

    def draw(ends: tuple[float, float]) -> Array:
        return rng.uniform(*ends, (count, 1, 1))

    between, common, phi = draw(assumptions.entity), draw(assumptions.time), draw(assumptions.persistence)
    within = rng.standard_normal((count, n_entity, n_time))
    for t in range(1, n_time):
        within[:, :, t] = phi[..., 0] * within[:, :, t - 1] + np.sqrt(1 - phi[..., 0] ** 2) * within[:, :, t]
    trend = (np.arange(n_time) - (n_time - 1) / 2) / np.sqrt((n_time**2 - 1) / 12)
    shocks = rng.standard_normal((count, 1, n_time))
    year = (trend * np.where(rng.uniform(size=(count, 1, 1)) < 0.9, 1.0, -1.0) + shocks) / np.sqrt(2)
    latent = (
        np.sqrt(between) * rng.standard_normal((count, n_entity, 1))
        + np.sqrt((1 - between) * common) * year
        + np.sqrt((1 - between) * (1 - common)) * within
    )
    return latent.reshape(count, -1), draw(assumptions.sd_log)[..., 0]
