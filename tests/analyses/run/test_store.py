"""Stored fits: only whole files made under the same key are taken."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest

from posterity.analyses.run.key import Key
from posterity.analyses.run.results import Request
from posterity.analyses.run.store import (
    NotStoredError,
    read_fit,
    read_or_compute,
    read_or_fit,
    seal_holds,
    seed_of,
    with_seal,
    write_fit,
)
from posterity.models.engine.sampling import Sampler
from posterity.models.priors import DEFAULTS

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


KEY = Key(
    kind="effects", data=("a",), form="mundlak", errors="gaussian", priors=DEFAULTS, sampler=Sampler(),
    engine=None, extra={},
)  # fmt: skip


@pytest.fixture
def asked(tmp_path):
    return Request("panel", posteriors=tmp_path / "study" / "posteriors")


def test_a_fit_is_made_once_and_again_where_that_is_asked(tree, asked):
    made = []

    def make():
        made.append(1)
        return tree.copy()

    def fit(request=asked, key=KEY):
        return read_or_fit("T1.1", key, request, make)

    with pytest.raises(NotStoredError):
        fit(replace(asked, known_only=True))
    assert (fit()[2], len(made)) == (False, 1)
    again, seconds, resumed = fit(replace(asked, known_only=True))
    assert (resumed, len(made)) == (True, 1)
    assert seconds == again.attrs["posterity_seconds"]
    assert (fit(replace(asked, fresh=True))[2], len(made)) == (False, 2)
    assert (fit(key=replace(KEY, form="fixed"))[2], len(made)) == (False, 3)
    assert (fit(replace(asked, posteriors=None))[2], len(made)) == (False, 4)


def test_records_are_computed_once_and_read_without_a_way_to_compute_them(asked, tmp_path):
    made = []

    def make():
        made.append(1)
        return {"low": (1.0, 2.0)}

    def records(how=make, request=asked, key=KEY):
        return read_or_compute("priors", key, request, how)

    assert records(how=None) is None
    assert records() == records() == records(how=None) == {"low": [1.0, 2.0]}
    assert len(made) == 1
    assert (tmp_path / "study" / "robustness" / "priors.json").is_file()
    assert records(how=None, key=replace(KEY, form="fixed")) is None
    assert records(request=replace(asked, fresh=True)) == {"low": [1.0, 2.0]}
    assert len(made) == 2
    path = tmp_path / "study" / "robustness" / "priors.json"
    path.write_text(path.read_text().replace("2.0", "3.0"))
    assert records(how=None) is None


def test_a_seal_holds_for_the_record_that_it_was_made_for():
    sealed = with_seal({"a": 1})
    assert seal_holds(sealed)
    assert not seal_holds({**sealed, "a": 2})
    assert not seal_holds({"a": 1})
    assert not seal_holds([sealed])


@pytest.mark.parametrize(
    ("seed", "name", "expected"), [(1, "T4.2", 451224971), (2, "T4.2", 238703964), (1, "T4.3", 1985856053)]
)
def test_seeds_of_specifications_stay_what_they_are(seed, name, expected):
    """Published draws are made again with the same numbers."""
    assert seed_of(seed, name) == expected
