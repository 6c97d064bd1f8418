"""Stored fits: only whole files made under the same key are taken."""

import arviz as az
import numpy as np
import pytest

from posterity.analyses.run.store import read_fit, write_fit

from ...there import there


@pytest.fixture
def tree():
    return az.from_dict({"posterior": {"coef": np.arange(8.0).reshape(2, 4)}})


def test_round_trip_is_exact(tree, tmp_path):
    path = tmp_path / "a" / "T1.1.nc"
    write_fit(path, "key", tree, 1.5)
    back = there(read_fit(path, "key"))
    np.testing.assert_array_equal(back["posterior"]["coef"], tree["posterior"]["coef"])
    assert back.attrs["posterity_seconds"] == 1.5
    assert [p.name for p in path.parent.iterdir()] == ["T1.1.nc"]


def test_another_key_or_a_damaged_file_is_not_taken(tree, tmp_path):
    path = tmp_path / "T1.1.nc"
    assert read_fit(path, "key") is None
    write_fit(path, "key", tree, 1.5)
    assert read_fit(path, "other") is None
    whole = path.read_bytes()
    for keep in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:keep])
        assert read_fit(path, "key") is None, keep
