"""The wild cluster bootstrap against wildboottest (see reference/wild.py) and refits of every draw."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Cluster, Spec
from posterity.models.frequentist.wild import draw_weights, p_value, parts_of, wild_cluster

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "wild.csv")
FORMULA = {"pooled": "invest ~ value + capital", "two-way": "invest ~ value + capital | firm + year"}


@pytest.fixture(scope="module")
def grunfeld():
    from statsmodels.datasets import grunfeld

    frame = grunfeld.load_pandas().data.astype({"year": int}).assign(group=lambda f: f["firm"])
    panel = Panel.of(frame, entity="firm", time="year", source="Grunfeld")
    cluster = Cluster(cluster="group")
    return {name: build_design(panel, Spec(formula=text, vcov=cluster)) for name, text in FORMULA.items()}


@pytest.mark.parametrize("effects", FORMULA)
@pytest.mark.parametrize("term", ["value", "capital"])
def test_p_values_at_four_nulls_are_those_of_wildboottest(grunfeld, effects, term):
    design = grunfeld[effects]
    signs, enumerated = draw_weights(11, "rademacher", 1)
    assert enumerated
    assert len(signs) == 2048
    parts = parts_of(design, design.terms.index(term), signs)
    for row in REFERENCE[(REFERENCE["effects"] == effects) & (REFERENCE["term"] == term)].itertuples():
        assert abs(parts.estimate - row.null) / parts.error == pytest.approx(row.t, rel=1e-8)
        assert p_value(parts, row.null) == (row.above + row.ties) / row.draws


def with_clusters(design, count):
    return replace(design, clusters=design.entity % count)


def test_four_clusters_cannot_reject_at_5_percent_with_signs(grunfeld):
    found = wild_cluster(with_clusters(grunfeld["two-way"], 4), "value", "rademacher")
    assert found.smallest == 2 / 2**4
    assert found.p_value == found.smallest
    assert found.interval == (-np.inf, np.inf)


def test_webb_weights_of_four_clusters_against_a_refit_of_every_draw(simulate):
    """Restricted residuals, 6^4 outcomes, least squares with dummies and a cluster-robust t for each."""
    frame = simulate(missing=0.2, seed=3).assign(block=lambda f: f["city"].str[1:].astype(int) % 4)
    panel = Panel.of(frame, entity="city", time="year", source="test")
    design = build_design(panel, Spec(formula="y ~ x1 + x2 | city + year", vcov=Cluster(cluster="block")))
    found = wild_cluster(design, "x2", "webb")

    dummies = [np.eye(len(design.entities))[design.entity], np.eye(len(design.times))[design.time][:, 1:]]
    full = np.column_stack([design.X, *dummies])
    rest = np.delete(full, 1, axis=1)
    inverse = np.linalg.inv(full.T @ full)
    member = np.eye(4)[design.clusters]

    def t_of(y):
        b = inverse @ (full.T @ y)
        scores = (full * (y - full @ b)[:, None]).T @ member
        return b[1] / np.sqrt((inverse @ scores @ scores.T @ inverse)[1, 1])

    fitted = rest @ np.linalg.lstsq(rest, design.y, rcond=None)[0]
    weights, _ = draw_weights(4, "webb", 1)
    t = np.array([t_of(fitted + (design.y - fitted) * (member @ v)) for v in weights])
    assert found.t == pytest.approx(t_of(design.y))
    assert found.p_value == (np.abs(t) >= abs(found.t) * (1 - 1e-9)).mean()
    assert found.smallest == 6 / 6**4


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_the_interval_ends_where_the_p_value_passes_5_percent(grunfeld, weights):
    design = grunfeld["two-way"]
    found = wild_cluster(design, "value", weights)
    parts = parts_of(design, 0, draw_weights(11, weights, 20250101)[0])
    low, high = found.interval
    assert low < parts.estimate < high
    for end, out in ((low, -1e-6), (high, 1e-6)):
        assert p_value(parts, end) > 0.05 >= p_value(parts, end + out)
    assert (low <= 0 <= high) == (found.p_value > 0.05)
