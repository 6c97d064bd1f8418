"""Mediation with errors correlated within entities: NUTS, independent errors, and one dense Gaussian."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from posterity.models.engine.sampling import Sampler
from posterity.models.mechanisms.paths import Paths, bias_at, effects_at, mediation_posterior
from posterity.models.priors import DEFAULTS, with_overrides

from ..error_panels import mediated

NUTS = pd.read_csv(Path(__file__).parents[1] / "reference" / "mediation_ar1.csv")
DRAWN = Sampler(draws=1000, seed=2)


def drawn(design, law, priors=DEFAULTS):
    return mediation_posterior(design, "x1", ("m",), priors, "mundlak", DRAWN, law)


def named(found):
    """(S,) Each path at rho = 0, and the correlations over time of both equations."""
    first, last = (fit["posterior"] for fit in found.fits.values())
    own = found.paths
    a, b = own.a[:, 0], own.b[:, 0]
    values = {"a": a, "b": b, "direct": own.direct, "indirect": a * b, "total": own.total}
    over_time = {"rho_error_mediator": first, "rho_error": last}
    return values | {k: v["rho_error"].to_numpy().ravel() for k, v in over_time.items() if "rho_error" in v}


def test_paths_agree_with_nuts_on_the_expanded_equations():
    """See reference/mediation_ar1.py; means within 4 Monte Carlo errors, deviations within 5% more."""
    found = drawn(mediated(), "ar1")
    assert max(fit.attrs["k_hat"] for fit in found.fits.values()) < 0.7
    ess = min(fit.attrs["ess"] for fit in found.fits.values())
    values = named(found)
    assert set(values) == set(NUTS["name"])
    for row in NUTS.itertuples():
        error = row.sd * np.sqrt(1 / row.ess + 1 / ess)
        assert abs(values[row.name].mean() - row.mean) < 4 * error, row.name
        of_sd = 4 * np.sqrt(1 / (2 * row.ess) + 1 / (2 * ess))
        assert values[row.name].std() == pytest.approx(row.sd, rel=0.05 + of_sd), row.name


def test_without_correlation_over_time_the_laws_agree():
    """Exactly where its prior is 0, and nearly where 480 rows of independent errors say so."""
    design = mediated(60, 8, 0.0, 0.0)
    independent = named(drawn(design, "gaussian"))
    at_zero = named(drawn(design, "ar1", with_overrides({"rho_error": "normal(0, 0.0001)"})))
    learnt = named(drawn(design, "ar1"))
    for name, values in independent.items():
        error = values.std() * np.sqrt(2 / len(values))
        assert at_zero[name].mean() == pytest.approx(values.mean(), abs=5 * error), name
        assert at_zero[name].std() == pytest.approx(values.std(), rel=0.06), name
        assert learnt[name].mean() == pytest.approx(values.mean(), abs=0.35 * values.std()), name
        assert learnt[name].std() == pytest.approx(values.std(), rel=0.1), name


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.5])
def test_the_joint_density_at_any_rho_is_that_of_two_regressions(rho):
    """(m, y) as one dense Gaussian whose structural errors have correlation rho and two laws over time."""
    design = mediated(6, 5)
    x, m, y = design.X[:, 0], design.X[:, 1], design.y
    a, b, direct, sd_m, sd_u = 0.6, 0.5, 0.2, 0.7, 0.9  # of the two regressions
    one = Paths(
        np.array([[a]]), np.array([[b]]), np.array([direct]), np.array([[[sd_m**2]]]), np.array([sd_u])
    )
    apart = abs(design.time[:, None] - design.time)
    same = design.entity[:, None] == design.entity
    of_m, of_u = sd_m**2 * 0.8**apart * same, sd_u**2 * (-0.3) ** apart * same
    separate = stats.multivariate_normal(a * x, of_m).logpdf(m)
    separate += stats.multivariate_normal(direct * x + b * m, of_u).logpdf(y)

    kappa = bias_at(one, rho)[0, 0]
    at_rho, indirect = (values.ravel()[0] for values in effects_at(one, rho))
    covariance = np.block([[of_m, kappa * of_m], [kappa * of_m, kappa**2 * of_m + of_u]])
    structural = np.concatenate([m - a * x, y - at_rho * x - indirect / a * m])
    joint = stats.multivariate_normal(np.zeros(2 * design.n), covariance).logpdf(structural)
    assert joint == pytest.approx(separate, rel=1e-9)
    sd = np.sqrt(np.diag(covariance))
    assert covariance[0, design.n] / sd[0] / sd[design.n] == pytest.approx(rho)
