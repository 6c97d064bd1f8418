"""Summaries of draws against the exact posterior of a printed t-value under an almost flat prior."""

import arviz as az
import numpy as np
import pytest
from scipy import optimize, stats

import posterity as po
from posterity.analyses.judge.summaries import savage_dickey, summarise
from posterity.models.priors import Prior

from ...there import there
from .stubs import column, tree

# bashlai 2026, Table 5: estimate and t, each with half a unit of its last place; n - k - 1.
PRINTED = {
    ("T5.2", "TRADE"): (0.091, 0.73, 108),
    ("T5.6", "RCY"): (-0.007, -0.59, 104),
    ("T5.4", "TRADE"): (0.215, 4.13, 106),
}


def exact_cdf(estimate, t, df):
    """P(effect < value): t about the estimate, the standard error uniform over what prints as this t."""
    low = (abs(estimate) - 0.0005) / (abs(t) + 0.005)
    high = (abs(estimate) + 0.0005) / (abs(t) - 0.005)
    s = low + (high - low) * (np.arange(2000) + 0.5) / 2000
    return lambda value: float(stats.t.cdf((value - estimate) / s, df).mean())


@pytest.mark.parametrize(("spec", "term"), PRINTED)
def test_summary_against_the_exact_t_posterior(spec, term):
    estimate, t, df = PRINTED[spec, term]
    cdf = exact_cdf(estimate, t, df)
    scale = abs(estimate / t)
    fit = po.fit(po.load("bashlai-2026"), only=[spec], priors={"slope": "normal(0, 1000)"}).specs[spec]

    for steps in (-2.0, -0.5, 0.0, 1.0):  # printed values off the centre, where both sides differ
        published = estimate + steps * scale
        got = summarise(fit, term, published)
        assert got.published_position == pytest.approx(cdf(published), abs=1e-3)
    assert got.prob_positive == pytest.approx(1 - cdf(0.0), abs=1e-3)
    assert got.mean == pytest.approx(estimate, abs=0.005 * scale)
    assert got.r_hat == 1
    for value, level in ((got.low, 0.025), (got.high, 0.975)):
        quantile = optimize.brentq(lambda v, p=level: cdf(v) - p, estimate - 9 * scale, estimate + 9 * scale)
        assert value == pytest.approx(quantile, abs=0.01 * scale)


def test_savage_dickey_against_the_conjugate_closed_form():
    """Normal likelihood and prior: BF10 = prior density at 0 over posterior density at 0."""
    rng = np.random.default_rng(0)
    prior_sd, mean, sd = 2.0, 0.15, 0.1
    draws = rng.normal(mean, sd, (4, 4000))
    exact = stats.norm(0, prior_sd).pdf(0) / stats.norm(mean, sd).pdf(0)
    assert savage_dickey(draws, Prior("normal", (0.0, 1.0)), prior_sd) == pytest.approx(exact, rel=0.1)
    assert savage_dickey(draws + 1, Prior("normal", (0.0, 1.0)), prior_sd) is None
    assert savage_dickey(draws, Prior("normal", (0.0, 1.0)), None) is None


IMPORTANCE = {"method": "importance", "k_hat": 0.3, "ess": 1e9}
WALK = {"method": "nuts", "k_hat": 0.9, "ess": 1e9}  # weights were tried and left


@pytest.mark.parametrize(
    ("attrs", "independent", "effective"),
    [
        (IMPORTANCE, True, 400.0),
        (IMPORTANCE | {"ess": 250.5}, True, 250.5),
        (IMPORTANCE | {"k_hat": 0.7}, True, 400.0),
        ({"method": "enumeration"}, True, 400.0),
        ({"k_hat": 0.3}, True, 400.0),  # mixed over twins
        (WALK, False, None),
        ({"method": "gibbs"}, False, None),
        ({}, False, None),
    ],
)
def test_independent_draws_count_by_their_number_and_their_weights(tmp_path, attrs, independent, effective):
    """400 sorted draws: ArviZ calls few of them effective, which says nothing of independent draws."""
    drawn = tree({"x1": 0.5, "x2": -0.2}, attrs=attrs, draws=100)
    coef = drawn["posterior"]["coef"]
    coef.values[:] = np.sort(coef.to_numpy().reshape(400, 2), axis=0).reshape(coef.shape)
    found = summarise(column(tmp_path, tree=drawn), "x1", 0.5)
    assert found.independent is independent
    if effective is not None:
        assert found.effective_draws == effective
    else:
        assert found.effective_draws == there(found.ess_bulk) < 50


def test_divergences_are_those_of_the_sampler_or_of_the_twins(tmp_path):
    import xarray as xr

    drawn = tree({"x1": 0.5, "x2": -0.2}, attrs={"divergences": 3})
    assert summarise(column(tmp_path, tree=drawn), "x1", 0.5).divergences == 3
    drawn["sample_stats"] = xr.DataTree(
        xr.Dataset({"diverging": (("chain", "draw"), [[True, True], [False, False]])})
    )
    assert summarise(column(tmp_path, tree=drawn), "x1", 0.5).divergences == 2


def test_mean_sd_and_shares_of_four_draws_a_chain(tmp_path):
    """Draws 1 to 8: mean 4.5, variance 42/7 = 6; 2 of 8 lie strictly below 3, a draw at 0 is not above it."""
    made = az.from_dict(
        {"posterior": {"coef": np.arange(1.0, 9).reshape(2, 4, 1)}},
        coords={"term": ["x1"]},
        dims={"coef": ["term"]},
    )
    found = summarise(column(tmp_path, tree=made), "x1", 3.0)
    assert (found.mean, found.sd) == (4.5, pytest.approx(6**0.5, rel=1e-12))
    assert (found.published_position, found.prob_positive) == (0.25, 1.0)
    made["posterior"]["coef"] -= 3
    assert summarise(column(tmp_path, tree=made), "x1", 3.0).prob_positive == 5 / 8
