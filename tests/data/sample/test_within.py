"""The within transformation against least squares on explicit dummies."""

import numpy as np
import pandas as pd
import pytest

from posterity.data.sample.within import split


def dummies(codes):
    return pd.get_dummies(pd.Series(codes)).to_numpy(float)


@pytest.mark.parametrize(
    ("by_entity", "by_time"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_residual_of_dummies(any_frame, by_entity, by_time):
    entity = pd.factorize(any_frame["city"])[0]
    time = pd.factorize(any_frame["year"], sort=True)[0]
    X = any_frame[["x1", "x2"]].to_numpy()
    D = np.column_stack(
        [np.ones(len(X)), *([dummies(entity)] if by_entity else []), *([dummies(time)] if by_time else [])]
    )
    expected = X - D @ np.linalg.lstsq(D, X, rcond=None)[0]
    parts = split(X, entity, time, by_entity, by_time)
    np.testing.assert_allclose(parts.within, expected, atol=1e-12)
    rebuilt = parts.mean + parts.entity[entity] + parts.time[time] + parts.within
    np.testing.assert_allclose(rebuilt, X, atol=1e-12)


@pytest.mark.parametrize(
    ("by_entity", "by_time"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_parts_have_mean_zero_over_the_rows(any_frame, by_entity, by_time):
    """What the parts add up to is the mean of the column; a part that is not asked for is zero."""
    entity = pd.factorize(any_frame["city"])[0]
    time = pd.factorize(any_frame["year"], sort=True)[0]
    X = any_frame[["x1", "x2"]].to_numpy()
    parts = split(X, entity, time, by_entity, by_time)
    np.testing.assert_allclose(parts.mean, X.mean(axis=0), rtol=1e-12)
    for present, part, codes, size in ((by_entity, parts.entity, entity, 12), (by_time, parts.time, time, 7)):
        assert part.shape == (size, 2)
        assert part.any() == present
        np.testing.assert_allclose(part[codes].mean(axis=0), 0, atol=1e-12)


def test_parts_of_an_additive_column_are_its_effects():
    """x = 10 + a_i + b_t with gaps, a and b of mean zero over the rows that are left."""
    entity, time = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 2, 1])
    a, b = np.array([1.0, -2.0, 2.0]), np.array([3.0, -1.0, -4.0])
    X = (10 + a[entity] + b[time])[:, None]
    parts = split(X, entity, time, True, True)
    np.testing.assert_allclose(parts.mean, 10)  # 14, 10, 11, 4 and 11
    np.testing.assert_allclose(parts.entity[:, 0], a, atol=1e-12)
    np.testing.assert_allclose(parts.time[:, 0], b, atol=1e-12)
    np.testing.assert_allclose(parts.within, 0, atol=1e-12)
