"""Limits of the diagnostics, at, below and above each; what is withheld names its remedy."""

import json
import re

import arviz as az
import numpy as np
import pytest

from posterity.analyses.judge.diagnostics import LIMITS, converged, faults, trusted_weights, whole_draws

from .stubs import posterior

UP, DOWN = (lambda x: float(np.nextafter(x, np.inf))), (lambda x: float(np.nextafter(x, -np.inf)))


def test_limits_are_data():
    assert json.loads(json.dumps(LIMITS.record())) == {
        "r_hat": 1.01, "ess": 400, "k_hat": 0.7, "divergences": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"r_hat": 1.01}, None),
        ({"r_hat": DOWN(1.01)}, None),
        ({"r_hat": UP(1.01)}, "R-hat"),
        ({"r_hat": np.nan}, "R-hat"),
        ({"effective_draws": 400.0}, None),
        ({"effective_draws": 401.0}, None),
        ({"effective_draws": DOWN(400.0)}, None),
        ({"effective_draws": 399.99999999999983}, None),
        ({"effective_draws": 399.4}, "effective draws: 399 is below 400"),
        ({"effective_draws": 399.0}, "effective draws: 399 is below 400"),
        ({"effective_draws": np.nan}, "effective"),
        ({"divergences": 1}, "divergent transitions: 1"),
    ],
)
def test_each_limit_stops_a_verdict_beyond_it_and_not_at_it(changes, word):
    assert faults(posterior()) == []
    found = faults(posterior(**changes))
    assert len(found) == (word is not None)
    if word:
        assert word in found[0]
        assert ";" in found[0]  # and what to do


def test_a_withheld_verdict_never_says_that_400_is_below_400():
    for draws in np.linspace(398, 401, 601):
        for text in faults(posterior(effective_draws=float(draws))):
            count, limit = map(int, re.findall(r"(\d+) is below (\d+)", text)[0])
            assert count < limit == 400


def test_arviz_s_estimate_does_not_withhold_independent_draws():
    assert faults(posterior(ess_bulk=350.0, effective_draws=400.0)) == []
    assert faults(posterior(ess_bulk=4000.0, effective_draws=350.0)) != []


def test_independent_draws_are_not_asked_for_r_hat():
    assert faults(posterior(r_hat=1.02, independent=True)) == []
    assert len(faults(posterior(r_hat=1.02, independent=False))) == 1


@pytest.mark.parametrize(
    ("k_hat", "trusted"),
    [(0.7, True), (DOWN(0.7), True), (UP(0.7), False), (None, False), (np.nan, False), (-np.inf, True)],
)
def test_weights_are_trusted_up_to_the_limit_of_k_hat(k_hat, trusted):
    assert trusted_weights(k_hat) is trusted


@pytest.mark.parametrize(
    ("ess", "whole"), [(399.99999999999983, 400), (400.3, 400), (399.4, 399), (np.inf, 0)]
)
def test_effective_draws_are_counted_whole(ess, whole):
    assert whole_draws(ess) == whole


def test_a_fit_has_converged_as_far_as_its_worst_variable():
    """Independent draws beside a walk, whose chains lie apart; divergences and k-hat where there are any."""
    rng = np.random.default_rng(1)
    good, walk = rng.normal(size=(4, 500)), rng.normal(size=(4, 500)).cumsum(axis=1)
    diverging = np.zeros((4, 500), bool)
    diverging[1, :3] = True
    values = {"good": good, "walk": walk}
    found = converged(az.from_dict({"posterior": values, "sample_stats": {"diverging": diverging}}))
    assert found["r_hat"] == float(az.rhat(walk)) > 1.1
    assert found["ess_bulk"] == float(az.ess(walk)) < 100
    assert found["divergences"] == 3
    assert np.isnan(found["k_hat"])
    tree = az.from_dict({"posterior": values})
    tree.attrs["k_hat"] = 0.3
    assert (converged(tree)["divergences"], converged(tree)["k_hat"]) == (0, 0.3)
