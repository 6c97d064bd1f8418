"""Data with endogenous regressors: Card's schooling, the crime of North Carolina, and simulated ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from linearmodels.datasets import card

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design
from posterity.data.study.spec import Cluster, Spec
from posterity.models.frequentist.anderson_rubin import anderson_rubin_region
from posterity.models.frequentist.iv import LEVEL, InstrumentDesign, VCov, instrument_design

from ..there import there
from .error_panels import series
from .reference.moments import rows_like

GROUPS = Cluster(cluster="group")
CARD = ["exper", "expersq", "black", "smsa", "south", "smsa66", *(f"reg66{i}" for i in range(2, 10))]


def plain(frame: pd.DataFrame, outcome: str, terms: list[str], clusters=None) -> Design:
    n = len(frame)
    return Design(
        outcome, tuple(terms), frame[outcome].to_numpy(float), frame[terms].to_numpy(float), np.arange(n),
        np.arange(n) % 2, tuple(map(str, range(n))), (0, 1), "person", "wave", False, False, clusters,
    )  # fmt: skip


def of_card(*instruments: str) -> tuple[pd.DataFrame, InstrumentDesign]:
    frame = card.load()[["lwage", "educ", *CARD, *instruments]]
    design = plain(frame, "lwage", ["educ", *CARD, *instruments], np.arange(len(frame)) % 40)
    return frame, instrument_design(design, 1, len(instruments))


def crime() -> InstrumentDesign:
    frame = rows_like("crime_within")
    controls = [c for c in frame if c not in ("lcrmrte", "lprbarr", "lpolpc", "ltaxpc", "lmix")]
    design = plain(frame, "lcrmrte", ["lprbarr", "lpolpc", *controls, "ltaxpc", "lmix"])
    return replace(instrument_design(design, 2, 2), absorbed=1 + 89 + 6)


def panel(simulate, missing: float = 0.25, strength: float = 0.6) -> tuple[pd.DataFrame, Design]:
    frame = simulate(14, 7, missing=missing)
    rng = np.random.default_rng(1)
    n = len(frame)
    v = rng.normal(size=n)
    frame = frame.assign(z1=rng.normal(size=n), z2=frame["x2"] * 0.3 + rng.normal(size=n))
    frame["x1"] = frame["x1"] + strength * (frame["z1"] - 0.5 * frame["z2"]) + v
    frame["y"] = frame["y"] + 0.8 * v + frame["z1"] ** 2 * rng.normal(size=n)
    spec = Spec(formula="y ~ x1 + x2 + z1 + z2 | city + year", vcov=Cluster(cluster="region"))
    return frame, build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)


def cross_section(strength: float, direct: float = 0.0, n: int = 200) -> InstrumentDesign:
    rng = np.random.default_rng(2)
    z, v = rng.normal(size=(n, 2)), rng.normal(size=n)
    x = z @ [strength, strength] + v
    y = 0.5 * x + direct * z[:, 0] + 0.6 * v + 0.8 * rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "x": x, "z1": z[:, 0], "z2": z[:, 1]})
    return instrument_design(plain(frame, "y", ["x", "z1", "z2"]), 1, 2)


def anderson_rubin_interval(
    data: InstrumentDesign, vcov: VCov = "iid", level: float = LEVEL
) -> list[tuple[float, float]]:
    """The Anderson-Rubin region of the only coefficient."""
    (pieces,) = there(anderson_rubin_region(data, vcov, level)).projections
    return pieces


def correlated(n: int = 10, times: int = 7) -> InstrumentDesign:
    """SYNTHETIC: beta = 0.5, errors of both stages AR(1) with 0.7, gaps, a control and two instruments."""
    rng = np.random.default_rng(3)
    city, year = np.divmod(np.arange(n * times), times)
    v, e = (series((n, times), 0.7, rng).ravel() for _ in range(2))
    z1, z2, w = rng.normal(size=(3, n * times))
    x = 0.6 * z1 - 0.3 * z2 + v + rng.normal(size=n)[city]
    y = 0.5 * x + 0.2 * w + 0.6 * v + 0.8 * e + rng.normal(size=n)[city]
    columns = {"y": y, "x": x, "w": w, "z1": z1, "z2": z2}
    frame = pd.DataFrame({"city": [f"c{i}" for i in city], "year": 2000 + year, **columns})
    frame = frame[(rng.uniform(size=len(frame)) > 0.1) | (year == 0)].reset_index(drop=True)
    spec = Spec(formula="y ~ x + w + z1 + z2 | city + year")
    return instrument_design(
        build_design(Panel.of(frame, entity="city", time="year", source="test"), spec), 1, 2
    )
