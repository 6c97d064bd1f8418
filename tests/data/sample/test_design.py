"""The fingerprint of a design tells apart whatever a model or an estimator can read differently."""

from dataclasses import fields, replace

import numpy as np
import pytest

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design, VaryingSlopes
from posterity.data.study.spec import Cluster, Spec, Varying

DESCRIBES_ONLY = {"dropped", "notes", "synthetic"}


@pytest.fixture
def design(frame):
    panel = Panel.of(frame, entity="city", time="year", source="test")
    spec = Spec(
        formula="y ~ x1 + x2 | city",
        vcov=Cluster(cluster="region"),
        varying=Varying(by="region", terms=["x1"]),
    )
    return build_design(panel, spec)


OTHER = {
    "outcome": lambda d: "z",
    "terms": lambda d: ("x1", "x3"),
    "y": lambda d: d.y + 1,
    "X": lambda d: d.X * 2,
    "entity": lambda d: d.entity[::-1].copy(),
    "time": lambda d: d.time[::-1].copy(),
    "entities": lambda d: d.entities[::-1],
    "times": lambda d: tuple(t + 1 for t in d.times),
    "entity_name": lambda d: "state",
    "time_name": lambda d: "month",
    "entity_effects": lambda d: False,
    "time_effects": lambda d: True,
    "clusters": lambda d: d.entity,
    "scaled": lambda d: True,
    "varying": lambda d: VaryingSlopes((1,), d.varying.group, d.varying.groups),
}


@pytest.mark.parametrize("name", [f.name for f in fields(Design) if f.name not in DESCRIBES_ONLY])
def test_every_field_that_is_read_changes_the_fingerprint(design, name):
    assert replace(design, **{name: OTHER[name](design)}).sha256 != design.sha256


def test_no_clusters_and_one_cluster_are_told_apart(design):
    assert (
        replace(design, clusters=None).sha256
        != replace(design, clusters=np.zeros_like(design.clusters)).sha256
    )


def test_what_only_describes_the_rows_does_not_change_the_fingerprint(design):
    assert replace(design, dropped=(1,), notes=("lagged",), synthetic=True).sha256 == design.sha256
