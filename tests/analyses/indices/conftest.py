"""A SYNTHETIC study with indices of raw indicators, in a folder that a test works in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.data.indices.indicators import match, read_systems
from posterity.data.panel.panel import Panel

from ...papers import write_paper

SPECS = """\
indicators = "indicators.csv"
entities = 30
periods = [2001, 2008]
[variables]
Y = "index of prosperity"
[spec."T1.1"]
formula = "Y ~ X + z | city + year"
[spec."T1.2"]
formula = "Y ~ X + Y2"
[[shared]]
names = ["log(b)", "z"]
"""
ROWS = """\
T1,1,X,0.5,0.1,,***,,,,240,,Y,
T1,2,X,0.5,0.1,,***,,,,240,,Y,
"""
INDICATORS = """index,dimension,indicator,direction
Y,Y1,a,+
Y,Y1,b,+
Y,Y2,c,-
Y,Y2,d,+
X,,a,+
X,,e,+
X,,f,+
"""


def simulated(n_entity=30, n_time=8, seed=1):
    rng = np.random.default_rng(seed)
    e, t = np.divmod(np.arange(n_entity * n_time), n_time)
    columns = {
        name: np.exp(0.4 * rng.normal(size=n_entity)[e] + 0.2 * rng.normal(size=len(e)) + 0.03 * t)
        for name in "abcdef"
    }
    return pd.DataFrame(
        {"city": [f"c{i:02d}" for i in e], "year": 2001 + t, "z": rng.normal(size=len(e))} | columns
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_paper(tmp_path, SPECS, ROWS)
    (tmp_path / "indicators.csv").write_text(INDICATORS, encoding="utf-8")
    simulated().to_csv(tmp_path / "raw-SYNTHETIC.csv", index=False)
    return tmp_path


@pytest.fixture
def study(folder):
    return po.load(folder / "study.toml")


@pytest.fixture
def table(study, folder):
    panel = Panel.read(folder / "raw-SYNTHETIC.csv", entity="city", time="year")
    return match(panel, read_systems(study.file.indicators_path))


@pytest.fixture
def raw():
    """Makes raw indicators of `n_entity` cities."""
    return simulated
