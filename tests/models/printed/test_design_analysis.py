"""Type S and type M errors against the examples of Gelman and Carlin (2014) and against simulation."""

import numpy as np
import pytest
from scipy import stats

from posterity.models.printed.design_analysis import critical_value, power, type_errors

NORMAL = 1e9


@pytest.mark.parametrize(
    ("effect", "error", "chance", "sign", "size"),
    [(2, 8.1, 0.06, 0.24, 9.7), (0.1, 3.28, 0.05, 0.46, 77)],  # their sizes by simulation
)
def test_the_examples_of_gelman_and_carlin(effect, error, chance, sign, size):
    found = type_errors(np.array([effect / error]), NORMAL)
    assert (round(found.power, 2), round(found.type_s, 2)) == (chance, sign)
    assert found.type_m == pytest.approx(size, rel=0.02)


@pytest.mark.parametrize("df", [3.0, 12.0])
def test_simulated_estimates_about_an_effect_and_about_a_distribution_of_effects(df):
    rng = np.random.default_rng(1)
    for snr in (np.array([0.8]), np.array([-0.5, 1.5, 3.0])):
        effect = rng.choice(snr, size=2_000_000)
        z = effect + rng.standard_t(df, size=effect.size)
        kept = np.abs(z) > stats.t.ppf(0.975, df)
        found = type_errors(snr, df)
        assert found.power == pytest.approx(kept.mean(), rel=0.01)
        assert found.type_s == pytest.approx((z * effect < 0)[kept].mean(), rel=0.02)
        assert found.type_m == pytest.approx(np.abs(z[kept]).mean() / np.abs(effect[kept]).mean(), rel=0.01)


def test_weights_are_probabilities_of_effects():
    counted = type_errors(np.array([1.0, 1.0, 2.0]), 8.0)
    weighted = type_errors(np.array([1.0, 2.0]), 8.0, np.array([4.0, 2.0]))
    assert vars(weighted) == pytest.approx(vars(counted))


def test_no_effect_and_no_mean_exaggerate_without_bound():
    assert type_errors(np.array([0.0]), NORMAL).type_s == pytest.approx(0.5)
    assert type_errors(np.array([0.0]), NORMAL).type_m == np.inf
    assert type_errors(np.array([1.0]), 1.0).type_m == np.inf


def test_power_at_no_effect_is_the_level_whatever_the_degrees_of_freedom():
    for df in (1.0, 3.0, 50.0, NORMAL):
        assert power(np.zeros(1), df) == pytest.approx(0.05)
        assert critical_value(df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-6)
