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
