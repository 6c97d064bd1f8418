"""Summaries of draws against the exact posterior of a printed t-value under an almost flat prior."""

import numpy as np
import pytest
from scipy import optimize, stats

import posterity as po
from posterity.analyses.judge.summaries import summarise

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
    for value, level in ((got.low, 0.025), (got.high, 0.975)):
        quantile = optimize.brentq(lambda v, p=level: cdf(v) - p, estimate - 9 * scale, estimate + 9 * scale)
        assert value == pytest.approx(quantile, abs=0.01 * scale)
