"""A SYNTHETIC column and one of munnell-1990, with their robustness to samples."""

import pytest
from linearmodels.panel import PanelOLS

import posterity as po
from posterity.analyses.robustness import robust
from posterity.analyses.run.results import Request
from posterity.data.panel.panel import Panel

from ....papers import write_paper

HOSTILE = "<script>alert(1)</script>"
SPECS = """\
[groups.coast]
'<script>alert(1)</script>' = ["c00", "c03"]
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
form = "fixed"
priors = { slope = "normal(0, 100)", intercept = "normal(0, 100)", effect = "normal(0, 1000)" }
"""
ROWS = """\
T1,1,x1,0.5,0.1,,***,,,,,,y,
T1,1,x2,-0.2,0.1,,***,,,,,,y,
"""


def panel_of(frame):
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel")


def least_squares(frame):
    data = frame.set_index(["city", "year"])
    model = PanelOLS(data["y"], data[["x1", "x2"]], entity_effects=True, time_effects=True)
    return model.fit()


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return po.load(write_paper(tmp_path_factory.mktemp("samples"), SPECS, ROWS))


@pytest.fixture(scope="session")
def frame(simulate):
    return simulate(n_entity=9, n_time=6, seed=4, missing=0.1)


@pytest.fixture(scope="session")
def fit(study, frame):
    found = po.fit(study, panel_of(frame), draws=200)
    return robust(found, Request("panel"), ("samples",))


@pytest.fixture(scope="session")
def munnell():
    study = po.load("munnell-1990")
    fitted = po.fit(study, only="T1.1", draws=200)
    return robust(fitted, Request("panel"), ("samples",))
