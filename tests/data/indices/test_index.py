"""Composite indices against published numbers, scikit-criteria, statsmodels, and identities."""

import numpy as np
import pytest

from posterity.data.errors import InputError
from posterity.data.indices.composite import (
    Convention,
    composite,
    entropy_weights,
    pca_weights,
    standardise,
    theil,
)
from posterity.data.indices.scores import coupling_coordination, topsis, trade_parts

EXACT = 1e-10
# Elsayed, Dawood and Karthikeyan (2017), doi:10.14445/22315381/IJETT-V46P211: twelve banks, five criteria.
BANKS = np.array(
    [
        [7, 312, 1891, 6613, 163],
        [72, 88, 728, 941804, 1078],
        [10, 252, 2594, 3466, 117471],
        [10, 145, 980, 2371, 86329],
        [65, 54, 350, 501, 29897],
        [29, 48, 380, 912, 34051],
        [7, 476, 3300, 78470, 2212],
        [70, 87, 650, 733, 819000],
        [4, 86, 591, 3015, 103],
        [12, 79, 579, 3240, 96098],
        [21, 45, 261, 1253, 453],
        [1, 72, 530, 4333, 0.1048],
    ]
)
BANK_WEIGHTS = (0.104991, 0.069124, 0.071373, 0.449937, 0.304575)
EVERY = [
    Convention(),
    Convention(offset=0.01),
    Convention(constant="years"),
    Convention(standard="z"),
    Convention(standard="z", scope="within", offset=0.01),
    Convention(scope="within"),
    Convention(score="topsis"),
    Convention(score="topsis", distance="vector"),
    Convention(score="topsis", distance="minmax", standard="z"),
    Convention("equal"),
    Convention("pca", standard="z"),
]


def labels(convention):
    return convention.label.replace(" ", "")


@pytest.fixture
def indicators():
    """(24, 4) skewed indicators of 6 entities in 4 years, the last one better where smaller."""
    rng = np.random.default_rng(3)
    X = rng.lognormal(0, [0.3, 0.6, 0.9, 0.4], (24, 4))
    X[5, 1] = 0
    return X, np.array([False, False, False, True]), np.tile(np.arange(4), 6)


def test_entropy_weights_of_elsayed_2017():
    assert tuple(entropy_weights(BANKS).round(6)) == BANK_WEIGHTS


def test_topsis_of_tzeng_and_huang_2011():
    """Multiple Attribute Decision Making, CRC Press: vector normalisation."""
    X = np.array([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6.0]])
    assert tuple(topsis(X, np.array([0.3, 0.4, 0.3])).round(4)) == (0.5037, 0.6581, 0.7482, 0.3340)


def test_topsis_of_opricovic_and_tzeng_2004():
    """doi:10.1016/S0377-2217(03)00020-1: the mountain climber, risk and altitude, linear normalisation."""
    X = np.array([[1, 3000], [2, 3750], [5, 4500.0]])
    found = topsis(X, np.array([0.5, 0.5]), np.array([True, False]), "minmax")
    assert tuple(found.round(3)) == (0.5, 0.617, 0.5)


def test_agreement_with_scikit_criteria():
    from skcriteria.agg.topsis import topsis as reference
    from skcriteria.preprocessing.scalers import scale_by_vector
    from skcriteria.preprocessing.weighters import entropy_weights as reference_weights

    rng = np.random.default_rng(20250101)
    for _ in range(100):
        X = rng.lognormal(0, rng.uniform(0.1, 2), (rng.integers(3, 60), rng.integers(2, 12)))
        X[rng.uniform(size=X.shape) < 0.1] = 0
        X[0] = 1  # no column is 0 throughout
        weights = entropy_weights(X)
        np.testing.assert_allclose(weights, reference_weights(X), atol=EXACT, rtol=0)
        negative = rng.uniform(size=X.shape[1:]) < 0.3
        expected = reference(scale_by_vector(X, axis=0), np.where(negative, -1, 1), weights)[-1]
        np.testing.assert_allclose(topsis(X, weights, negative), expected, atol=EXACT, rtol=0)


def test_entropy_weights_are_inequality():
    """1 less entropy over ln of rows is Theil's T over ln of rows, so that the constant cancels."""
    share = BANKS / BANKS.sum(axis=0)
    entropy = -(share * np.log(share)).sum(axis=0) / np.log(len(BANKS))
    np.testing.assert_allclose(theil(BANKS) / np.log(len(BANKS)), 1 - entropy, atol=EXACT)


def test_logarithm_of_years_turns_weights_upside_down(indicators):
    """The formula as theses print it, -1/ln(years) sum p ln p: the most unequal indicator weighs least."""
    X = indicators[0]
    share = X / X.sum(axis=0)
    divergence = 1 + (share * np.log(np.where(share > 0, share, 1))).sum(axis=0) / np.log(4)
    wrong = entropy_weights(X, years=4)
    np.testing.assert_allclose(wrong, divergence / divergence.sum(), atol=EXACT)
    assert (np.argsort(wrong) == np.argsort(-entropy_weights(X))).all()


@pytest.mark.parametrize("convention", EVERY, ids=labels)
def test_a_row_of_mass_two_is_that_row_twice(convention, indicators):
    X, negative, times = indicators
    counts = np.random.default_rng(1).integers(1, 4, len(X))
    rows = np.repeat(np.arange(len(X)), counts)
    weighted = composite(X, negative, convention, times, counts[None].astype(float))
    repeated = composite(X[rows], negative, convention, times[rows])
    np.testing.assert_allclose(weighted.weights[0], repeated.weights, atol=EXACT)
    np.testing.assert_allclose(weighted.values[0][rows], repeated.values, atol=EXACT)


@pytest.mark.parametrize("convention", EVERY, ids=labels)
def test_draws_of_indicators_go_one_by_one(convention, indicators):
    X, negative, times = indicators
    both = composite(np.stack([X, X[::-1] ** 2]), negative, convention, times)
    second = composite(X[::-1] ** 2, negative, convention, times)
    np.testing.assert_allclose(both.values[1], second.values, atol=EXACT)
    np.testing.assert_allclose(both.weights[1], second.weights, atol=EXACT)


def test_standardisation_within_years(indicators):
    import pandas as pd

    X, negative, times = indicators
    groups = pd.DataFrame(X).groupby(times)
    low, high = groups.transform("min"), groups.transform("max")
    up = ((X - low) / (high - low)).to_numpy()
    expected = np.where(negative, 1 - up, up)
    np.testing.assert_allclose(standardise(X, negative, "minmax", times), expected, atol=EXACT)
    z = ((X - groups.transform("mean")) / groups.transform("std", ddof=0)).to_numpy() * np.where(
        negative, -1, 1
    )
    np.testing.assert_allclose(standardise(X, negative, "z", times), z - z.min(axis=0), atol=EXACT)


def test_entropy_weights_do_not_see_the_scale_of_a_shifted_column(indicators):
    """x - min over the range, or over the standard deviation: the same shares, so the same weights."""
    X, negative, _ = indicators
    one, other = (composite(X, negative, Convention(standard=s)) for s in ("minmax", "z"))
    np.testing.assert_allclose(one.weights, other.weights, atol=EXACT)
    assert np.abs(one.values - other.values).max() > 0.1


def test_weights_of_a_part_are_those_of_the_whole_rescaled(indicators):
    X, negative, _ = indicators
    whole, part = composite(X, negative).weights, composite(X[:, :2], negative[:2]).weights
    np.testing.assert_allclose(part, whole[:2] / whole[:2].sum(), atol=EXACT)


def test_first_principal_component_of_statsmodels(indicators):
    from statsmodels.multivariate.pca import PCA

    X = indicators[0]
    vector = np.asarray(PCA(X, ncomp=1, standardize=True).eigenvecs)[:, 0]
    vector *= np.sign(vector.sum())
    np.testing.assert_allclose(pca_weights(X), vector / np.abs(vector).sum(), atol=1e-8)


def test_constant_indicators_weigh_nothing(indicators):
    X, negative, _ = indicators
    X[:, 0] = 0.1 + 0.2  # not exact in binary, so that its inequality may round to above 0
    assert composite(X, negative).weights[0] == 0
    assert composite(X, negative, Convention("pca", standard="z")).weights[0] == 0


@pytest.mark.parametrize(
    ("change", "convention", "sentence"),
    [
        (lambda X: X * 0 + 1, Convention(), "every indicator is constant, so that entropy"),
        (
            lambda X: X * 0 + 1,
            Convention("equal", score="topsis"),
            "every indicator is constant, so that TOPSIS",
        ),
        (
            lambda X: X * 0 + 1,
            Convention("pca", standard="z"),
            "every indicator is constant, so that there is no",
        ),
        (lambda X: X - 2, Convention(standard="none"), "indicator 1 has negative values (-1"),
    ],
)
def test_what_has_no_index_is_refused(change, convention, sentence, indicators):
    with pytest.raises(InputError) as error:
        composite(change(indicators[0]), np.zeros(4, bool), convention)
    assert sentence in str(error.value)


def test_conventions_that_contradict_themselves():
    with pytest.raises(InputError, match="use standard z"):
        Convention("pca")
    with pytest.raises(InputError, match="offset 2"):
        Convention(offset=2)
    with pytest.raises(InputError, match="needs the year"):
        composite(np.eye(3), np.zeros(3, bool), Convention(scope="within"))
    with pytest.raises(InputError, match="no reversed direction"):
        composite(np.eye(3), np.ones(3, bool), Convention(standard="none"))


def test_coupling_coordination():
    """C = 2 sqrt(ab) / (a + b) for two systems; (0.16, 0.36) by hand: C = 12/13, T = 0.26."""
    U = np.array([[0.25, 0.25], [0.16, 0.36], [0.0, 0.8], [0.0, 0.0]])
    np.testing.assert_allclose(coupling_coordination(U), [0.5, np.sqrt(0.24), 0, 0], atol=EXACT)
    weighted = coupling_coordination(U[1:2], np.array([0.25, 0.75]))
    np.testing.assert_allclose(weighted, np.sqrt(12 / 13 * 0.31), atol=EXACT)
    with pytest.raises(InputError, match="between 0 and 1"):
        coupling_coordination(U * 2 + 1)


def test_trade_parts():
    scale, competitiveness = trade_parts(np.array([60.0]), np.array([20.0]), np.array([160.0]))
    assert (scale[0], competitiveness[0]) == (0.5, 0.5)
    with pytest.raises(InputError, match="above 0"):
        trade_parts(np.array([0.0]), np.array([0.0]), np.array([1.0]))
