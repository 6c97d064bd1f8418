"""Indices with the uncertainty of their weights, and its way into the models."""

from __future__ import annotations

import numpy as np
import pytest

import posterity as po
from posterity.analyses.indices.index import (
    effects_over_draws,
    entity_mass,
    index,
    over_draws,
    usable,
    weights_table,
)
from posterity.data.indices.composite import entropy_weights
from posterity.data.panel.panel import Panel


def test_bootstrap_spread_agrees_with_the_jackknife_over_entities(raw):
    """The delete-one jackknife of plain entropy weights (Efron 1982), which knows nothing of masses."""
    frame = raw(n_entity=150)
    X, entity = frame[list("abcdef")].to_numpy(), frame.groupby("city").ngroup().to_numpy()
    left = np.array([entropy_weights(X[entity != i]) for i in range(150)])
    jackknife = np.sqrt(149 / 150 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    draws = entropy_weights(X, entity_mass(entity, 4000, 1))
    np.testing.assert_allclose(draws.std(axis=0), jackknife, rtol=0.08)
    assert (np.abs(draws.mean(axis=0) - entropy_weights(X)) < 0.3 * jackknife).all()


def test_an_index_is_the_mean_of_its_dimensions_in_every_draw(table):
    """Entropy weights of a dimension are those of the whole rescaled, if draws of both are the same."""
    indexed = index(table, draws=50)
    assert list(indexed.values) == ["Y", "Y1", "Y2", "X"]
    share = indexed.weight_draws["Y"][:, :2].sum(axis=1, keepdims=True)
    both = share * indexed.value_draws["Y1"] + (1 - share) * indexed.value_draws["Y2"]
    np.testing.assert_allclose(indexed.value_draws["Y"], both, atol=1e-12)


def test_weights_table(table):
    indexed = index(table, draws=200)
    found = weights_table(indexed)
    mine = found[found["index"] == "X"]
    assert list(mine["indicator"]) == ["a", "e", "f"]
    assert mine["weight"].sum() == pytest.approx(1)
    assert (mine["q2.5"] < mine["weight"]).all()
    assert (mine["weight"] < mine["q97.5"]).all()


def test_imputations_add_to_the_spread_of_the_index(table):
    from dataclasses import replace

    gone = table.X.copy()
    gone[3:6, 0] = np.nan
    gappy = replace(table, X=gone)
    plain = index(gappy, how="linear", draws=400)
    drawn = index(gappy, how="multiple", draws=400)
    np.testing.assert_array_equal(plain.values["X"], drawn.values["X"])
    ratio = drawn.value_draws["X"].std(axis=0) / plain.value_draws["X"].std(axis=0)
    assert ratio[3:6].min() > 1.2
    assert np.median(ratio) == pytest.approx(1, abs=0.05)
    with pytest.raises(po.InputError, match="is blank, as are 3 of 1440 cells"):
        index(gappy)


def test_mixture_of_posteriors():
    mixture = over_draws(lambda mu: {"b": mu + np.array([-1.0, 1.0])}, 5.0, [0.0, 10.0])
    assert list(mixture.pooled("b")) == [-1, 1, 9, 11]
    assert list(mixture.plain["b"]) == [4, 6]
    assert mixture.share("b") == pytest.approx(25 / 26)


def test_effects_over_draws_are_the_fits_of_each_panel(study, table):
    """Means are two-way least squares of each draw (linearmodels), within Monte Carlo error."""
    from posterity.data.sample.build import build_design
    from posterity.models.frequentist.least_squares import least_squares

    indexed = index(table, draws=40)
    view = study.spec("T1.1")
    panels = list(indexed.panels(3))
    mixture = effects_over_draws(view, indexed.panel(), panels, form="fixed", size=2000)
    assert mixture.draws["coef"].shape == (3, 2000, 2)
    for panel, draws in zip(
        (indexed.panel(), *panels), (mixture.plain["coef"], *mixture.draws["coef"]), strict=True
    ):
        fit = least_squares(build_design(panel, view.spec))
        np.testing.assert_allclose(draws.mean(axis=0), fit.coef[:2], atol=float(fit.std_error[0]) * 0.12)
        np.testing.assert_allclose(draws.std(axis=0), fit.std_error[:2], rtol=0.1)


def test_specifications_that_an_indexed_panel_serves(study, table):
    indexed = index(table, draws=2)
    views = usable(study, indexed.panel(), indexed.values)
    assert [view.id for view in views] == ["T1.1", "T1.2"]
    without = indexed.panel()
    frame = without.frame.drop(columns="z")
    assert [v.id for v in usable(study, Panel(frame, "city", "year", "x"), indexed.values)] == ["T1.2"]


def test_the_mixture_covers_where_plugging_in_does_not():
    """40 panels of benchmarks/indices.py's first design: true weights are Theil's of known log-normals."""
    from posterity.data.sample.design import Design
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.statistics import statistics_of_design
    from posterity.models.priors import DEFAULTS

    n_entity, n_time, panels, draws = 30, 8, 40, 80
    spread = np.array([0.3, 0.45, 0.6])
    weights = spread**2 + 0.09
    weights /= weights.sum()
    rng = np.random.default_rng(2)
    entity, time = np.divmod(np.arange(n_entity * n_time), n_time)
    statistics = []
    for number in range(panels):
        a = np.exp(spread * rng.normal(size=(n_entity, 3)) - spread**2 / 2)
        X = a[entity] * np.exp(0.3 * rng.normal(size=(len(entity), 3)) - 0.045)
        y = X @ weights + rng.normal(size=n_entity)[entity] + 0.05 * rng.normal(size=len(entity))
        mass = entity_mass(entity, draws, number)
        values = X @ np.vstack([entropy_weights(X), entropy_weights(X, mass)]).T
        statistics += [
            statistics_of_design(
                Design(
                    "y", ("x",), y, x[:, None], entity, time, tuple(map(str, range(n_entity))),
                    tuple(range(n_time)), "entity", "time", True, True, None,
                ),
                "fixed",
            )
            for x in values.T
        ]  # fmt: skip
    fit = batch(statistics, [DEFAULTS] * len(statistics), 100)
    unit = np.array([s.scale.unit[0] for s in statistics])
    coef = (fit.theta[:, :, 0] * unit[:, None]).reshape(panels, draws + 1, 100)

    def covers(values):
        low, high = np.quantile(values.reshape(panels, -1), [0.025, 0.975], axis=1)
        return int(((low < 1) & (high > 1)).sum())

    assert covers(coef[:, 0]) <= 28
    assert covers(coef[:, 1:]) >= 32
