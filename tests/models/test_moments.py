"""Statistics in JAX against linearmodels, pandas and statsmodels, and their Jacobian against differences."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linearmodels.iv import IV2SLS
from linearmodels.panel import PanelOLS

from posterity.models.moment_columns import DESCRIPTIVES, Column
from posterity.models.moments import descriptives, inflation, regression

N, T = 9, 6
PLAIN = Column(
    endogenous=0, exogenous=2, instruments=0, logs=(False,) * 3, steps=(), entity_effects=True,
    time_effects=True, vcov="iid", nested=True, split=None, thresholds=(), without=None, tested=2,
    wanted=("coef.0", "coef.1", "se.0", "se.1", "r2"),
)  # fmt: skip
CLUSTERS = (np.arange(3)[:, None] == np.arange(N) % 3).astype(float)


@pytest.fixture
def values():
    rng = np.random.default_rng(3)
    v = rng.normal(size=(5, N, T)) + rng.normal(size=(5, N, 1)) + rng.normal(size=(5, 1, T))
    v[0] += 0.7 * v[1] - 0.4 * v[2]
    v[1] += 0.8 * v[3] + 0.3 * v[4]
    return v


def frame_of(values):
    index = pd.MultiIndex.from_product([range(N), range(T)], names=["entity", "time"])
    return pd.DataFrame(values.reshape(len(values), -1).T, index=index, columns=["y", "x1", "x2", "z1", "z2"])


@pytest.mark.parametrize(
    ("entity", "time", "vcov", "cov_type"),
    [
        (True, True, "iid", "unadjusted"),
        (True, False, "iid", "unadjusted"),
        (True, True, "hetero", "robust"),
        (False, False, "iid", "unadjusted"),
    ],
)
def test_least_squares_is_that_of_linearmodels(values, entity, time, vcov, cov_type):
    wanted = ("coef.0", "coef.1", "coef.-1", "se.0", "se.1", "se.-1", "r2")
    column = replace(PLAIN, entity_effects=entity, time_effects=time, vcov=vcov, wanted=wanted)
    found = np.asarray(regression(values[:3], CLUSTERS, column))
    data = frame_of(values).assign(one=1.0)
    fit = PanelOLS(data["y"], data[["x1", "x2", "one"]], entity_effects=entity, time_effects=time).fit(
        cov_type=cov_type
    )
    rows = (
        [0, 1, 3, 4] if entity else [0, 1, 2, 3, 4, 5]
    )  # the error of a constant beside effects is a convention
    reference = [*fit.params, *fit.std_errors]
    np.testing.assert_allclose(found[rows], np.array(reference)[rows], rtol=1e-9)
    residual = fit.resids.to_numpy()
    assert found[6] == pytest.approx(1 - residual @ residual / ((data["y"] - data["y"].mean()) ** 2).sum())


def test_clustered_errors_leave_out_nested_effects(values):
    column = replace(PLAIN, vcov="cluster", wanted=("se.0", "se.1"))
    data = frame_of(values)
    clusters = pd.DataFrame({"c": np.repeat(np.arange(N) % 3, T)}, index=data.index)
    fit = PanelOLS(data["y"], data[["x1", "x2"]], entity_effects=True, time_effects=True).fit(
        cov_type="clustered",
        clusters=clusters,
        group_debias=False,
        auto_df=False,
        count_effects=False,
        debiased=False,
    )
    n, counted = N * T, 2 + 1 + T - 1
    factor = np.sqrt(3 / 2 * (n - 1) / (n - counted))
    np.testing.assert_allclose(
        np.asarray(regression(values[:3], CLUSTERS, column)), factor * fit.std_errors.to_numpy(), rtol=1e-9
    )


def test_two_stage_least_squares_and_sargan(values):
    column = replace(
        PLAIN, endogenous=1, exogenous=1, instruments=2, logs=(False,) * 5,
        wanted=("coef.0", "coef.1", "se.0", "sargan"),
    )  # fmt: skip
    found = np.asarray(regression(values, CLUSTERS, column))
    data = frame_of(values)
    dummies = pd.get_dummies(data.reset_index()[["entity", "time"]].astype(str), drop_first=True).astype(
        float
    )
    dummies.index = data.index
    exog = pd.concat([data["x2"], dummies.assign(one=1.0)], axis=1)
    fit: Any = IV2SLS(data["y"], exog, data["x1"], data[["z1", "z2"]]).fit(
        cov_type="unadjusted", debiased=True
    )
    np.testing.assert_allclose(
        found[:3], [fit.params["x1"], fit.params["x2"], fit.std_errors["x1"]], rtol=1e-8
    )
    assert found[3] == pytest.approx(fit.sargan.stat)


def test_regimes_split_one_slope(values):
    column = replace(
        PLAIN, exogenous=2, logs=(False,) * 4, split=0, thresholds=(-0.2, 0.9),
        wanted=("coef.0", "coef.1", "coef.2", "coef.3", "se.2"),
    )  # fmt: skip
    found = np.asarray(regression(values[:4], CLUSTERS, column))
    data = frame_of(values)
    regime = pd.cut(data["z1"], [-np.inf, -0.2, 0.9, np.inf], labels=False)
    X = pd.concat([(data["x1"] * (regime == r)).rename(f"r{r}") for r in range(3)] + [data["x2"]], axis=1)
    fit = PanelOLS(data["y"], X, entity_effects=True, time_effects=True).fit()
    np.testing.assert_allclose(found, [*fit.params, fit.std_errors["r2"]], rtol=1e-9)


def test_steps_winsorise_select_and_lag(values):
    steps = (("winsorise", 0.05, 0.9), ("entities", (0, 2, 3, 5, 7, 8)), ("lag", (0, 1, 0)))
    found = np.asarray(regression(values[:3], CLUSTERS, replace(PLAIN, steps=steps)))
    data = frame_of(values)[["y", "x1", "x2"]]
    data = data.clip(data.quantile(0.05), data.quantile(0.9), axis=1).loc[[0, 2, 3, 5, 7, 8]]
    data["x1"] = data.groupby("entity")["x1"].shift(1)
    data = data.dropna()
    fit = PanelOLS(data["y"], data[["x1", "x2"]], entity_effects=True, time_effects=True).fit()
    np.testing.assert_allclose(found[:4], [*fit.params, *fit.std_errors], rtol=1e-9)


def test_descriptives_and_inflation(values):
    data = frame_of(values)
    reference = data["y"].agg(["mean", "std", "median", "min", "max"])
    np.testing.assert_allclose(np.asarray(descriptives(values[0].reshape(-1))), reference, rtol=1e-12)
    assert DESCRIPTIVES == ("mean", "sd", "median", "min", "max")
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    X = data[["x1", "x2", "z1"]].assign(one=1.0).to_numpy()
    reference = [variance_inflation_factor(X, j) for j in range(3)]
    np.testing.assert_allclose(np.asarray(inflation(values[1:4].reshape(3, -1))), reference, rtol=1e-9)


def test_jacobian_is_that_of_differences(values):
    import jax

    wanted = ("coef.0", "se.1", "t.0", "r2", "adj_r2", "within_r2", "F")
    column = replace(PLAIN, vcov="cluster", wanted=wanted)
    J = np.asarray(jax.jacrev(lambda v: regression(v, CLUSTERS, column))(values[:3]))
    direction = np.random.default_rng(0).normal(size=values[:3].shape)
    up, down = (np.asarray(regression(values[:3] + h * direction, CLUSTERS, column)) for h in (1e-6, -1e-6))
    np.testing.assert_allclose((J * direction).sum(axis=(1, 2, 3)), (up - down) / 2e-6, rtol=1e-5)
