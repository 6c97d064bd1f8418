"""Instruments with AR(1) errors in both stages: dense densities, NUTS, independent errors, controls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import linalg, stats

from posterity.models.frequentist.iv import instrument_design
from posterity.models.mechanisms import correlated_instrument as correlated
from posterity.models.mechanisms.correlated_instrument import at_correlation, controls_of, draw, panel_of
from posterity.models.mechanisms.instrument_draws import control_slopes, importance_draws
from posterity.models.priors import DEFAULTS, Prior, with_overrides

from .. import instrument_panels
from ..instrument_panels import panel

NUTS = pd.read_csv(Path(__file__).parents[1] / "reference" / "instrument_ar1.csv")


def column(simulate, effects=(True, True), missing=0.25, controls=True):
    """With gaps; x1 is endogenous, x2 a control, z1 and z2 instruments."""
    _, design = panel(simulate, missing)
    design = replace(design, entity_effects=effects[0], time_effects=effects[1])
    if not controls:
        design = replace(design, terms=("x1", "z1", "z2"), X=design.X[:, [0, 2, 3]])
    return instrument_design(design, 1, 2)


def dense(data, at, exclusion):
    """Log-density of contrasts of (y, x) that flat effects and controls leave, and of the parameters.

    Everything else is integrated out in one Gaussian of 2 (n - d) numbers: first stage N(0, 1), direct
    effects N(0, exclusion^2).
    """
    design = data.design
    beta, b, s, v, rho = at[0], at[1], np.exp(at[2]), np.exp(at[3]), at[4]
    D = [np.ones((design.n, 1)), design.X[:, 1 : 1 + len(data.controls)]]
    D += [np.eye(len(design.entities))[design.entity]] * design.entity_effects
    D += [np.eye(len(design.times))[design.time]] * design.time_effects
    K = linalg.null_space(np.hstack(D).T)
    k = len(data.instruments)
    y, x, Z = (a / a.std(axis=0) for a in (design.y, design.X[:, 0], design.X[:, -k:]))
    years = np.array(design.times)[design.time]
    R = rho ** abs(years[:, None] - years) * (design.entity[:, None] == design.entity)
    kappa = b - beta
    sigma_u = np.hypot(s, kappa * v)
    cov_uv = kappa * v**2
    # y - x beta = Z gamma + u, x = Z pi + v
    first, direct = Z @ Z.T, exclusion**2 * Z @ Z.T
    U, V, UV = sigma_u**2 * R + direct, v**2 * R + first, cov_uv * R
    blocks = np.block([[K.T @ U @ K, K.T @ UV @ K], [K.T @ UV @ K, K.T @ V @ K]])
    contrasts = np.concatenate([K.T @ (y - beta * x), K.T @ x])
    value = stats.multivariate_normal(np.zeros(len(contrasts)), blocks).logpdf(contrasts)
    value += stats.norm.logpdf(beta) + stats.halfnorm.logpdf([sigma_u, v]).sum() + stats.norm.logpdf(rho)
    return value


def structural(at):
    beta, b, s, v = at[0], at[1], np.exp(at[2]), np.exp(at[3])
    sigma_u = np.hypot(s, (b - beta) * v)
    return np.array([beta, sigma_u, v, (b - beta) * v / sigma_u, at[4]])


@pytest.mark.parametrize("exclusion", [0.0, 0.2])
@pytest.mark.parametrize("effects", [(True, True), (True, False), (False, True), (False, False)])
def test_density_is_the_dense_one_with_gaps(simulate, effects, exclusion):
    """At points of the sampler, whose change of variables is differentiated numerically."""
    data = column(simulate, effects)
    one = panel_of(data)
    frame = correlated._frame(one)
    rng = np.random.default_rng(1)
    points = np.concatenate([np.zeros((1, 5)), rng.normal(0, 0.5, (4, 5))])

    def coordinates(p):
        return correlated._coordinates(one, frame, p[None, None])[0][0, 0]

    expected = []
    for p in points:
        steps = 1e-6 * np.eye(5)
        jacobian = np.column_stack(
            [(structural(coordinates(p + h)) - structural(coordinates(p - h))) / 2e-6 for h in steps]
        )
        expected.append(dense(data, coordinates(p), exclusion) + np.linalg.slogdet(jacobian)[1])
    mean, variance = np.zeros((1, 2)), np.full((1, 2), exclusion**2)
    got = correlated._density(one, frame, mean, variance, DEFAULTS, points[None])[0]
    np.testing.assert_allclose(got - got[0], np.array(expected) - expected[0], atol=1e-4, rtol=1e-6)


def test_draws_agree_with_nuts_on_both_stages():
    """See reference/instrument_ar1.py; means within 4 Monte Carlo errors, deviations within 5% more."""
    data = instrument_panels.correlated()
    found = draw(panel_of(data), [None], DEFAULTS, 4000, 2)
    assert found.direct.k_hat[0] < 0.5
    ess = found.direct.ess[0]
    values = {"beta": found.beta, "sigma_u": found.sigma_u, "endogeneity": found.rho}
    values |= {"rho_error": found.rho_error}
    assert set(values) == set(NUTS["name"])
    for row in NUTS.itertuples():
        drawn = values[row.name][0]
        error = row.sd * np.sqrt(1 / row.ess + 1 / ess)
        assert abs(drawn.mean() - row.mean) < 4 * error, row.name
        of_sd = 4 * np.sqrt(1 / (2 * row.ess) + 1 / (2 * ess))
        assert drawn.std() == pytest.approx(row.sd, rel=0.05 + of_sd), row.name


@pytest.mark.parametrize("exclusion", [None, [Prior("normal", (0.05, 0.2)), Prior("normal", (0.0, 0.1))]])
def test_without_correlation_over_time_draws_are_those_of_independent_errors(simulate, exclusion):
    data = column(simulate)
    priors = with_overrides({"rho_error": "normal(0, 0.0005)"})
    found = draw(panel_of(data), [exclusion], priors, 4000, 1)
    (plain,) = importance_draws(data, DEFAULTS, [exclusion], 4000, 2)
    assert found.direct.k_hat[0] < 0.5
    unit = data.design.y.std() / data.design.X[:, 0].std()
    for mine, theirs in (
        (found.beta[0] * unit, plain.beta[:, 0]),
        (found.sigma_u[0] * data.design.y.std(), plain.sigma),
        (found.rho[0], plain.rho[:, 0]),
    ):
        error = theirs.std() * np.sqrt(2 / 4000)
        assert mine.mean() == pytest.approx(theirs.mean(), abs=4 * error)
        assert mine.std() == pytest.approx(theirs.std(), rel=0.06)
    if exclusion is None:
        rng = np.random.default_rng(3)
        own = controls_of(panel_of(data), found.beta[0], found.sigma_u[0], found.rho_error[0], rng)
        other = control_slopes(data, plain, rng)
        assert own.mean() == pytest.approx(other.mean(), abs=4 * other.std() * np.sqrt(2 / 4000))
        assert own.std() == pytest.approx(other.std(), rel=0.06)


@pytest.mark.parametrize("effects", [(True, True), (False, False)])
def test_controls_are_generalised_least_squares_given_the_rest(simulate, effects):
    """y - x beta on the control and explicit dummies in the metric of R."""
    data = column(simulate, effects)
    design, rho, beta = data.design, 0.7, 0.4
    blocks = [design.X[:, 1:2], np.ones((design.n, 1))]
    blocks += [np.eye(len(design.entities))[design.entity][:, 1:]] * effects[0]
    blocks += [np.eye(len(design.times))[design.time][:, 1:]] * effects[1]
    D = np.hstack(blocks)
    years = np.array(design.times)[design.time]
    R = np.linalg.inv(rho ** abs(years[:, None] - years) * (design.entity[:, None] == design.entity))
    unit = design.y.std() / design.X[:, 0].std()
    covariance = np.linalg.inv(D.T @ R @ D)
    expected = covariance @ D.T @ R @ (design.y - beta * unit * design.X[:, 0])
    ones = np.ones(20_000)
    drawn = controls_of(panel_of(data), beta * ones, 0.5 * ones, rho * ones, np.random.default_rng(2))[:, 0]
    sd = 0.5 * design.y.std() * np.sqrt(covariance[0, 0])
    assert drawn.mean() == pytest.approx(expected[0], abs=4 * sd / np.sqrt(20_000))
    assert drawn.std() == pytest.approx(sd, rel=0.02)


def test_where_the_coordinate_of_the_correlation_has_no_end(simulate):
    """Far out, where rho is 1 to all digits, there is no density and no warning."""
    one = panel_of(column(simulate))
    frame = correlated._frame(one)
    points = np.zeros((1, 4, 5))
    points[0, :, 4] = [-300.0, -30.0, 30.0, 300.0]
    zero = np.zeros((1, 2))
    assert (correlated._density(one, frame, zero, zero, DEFAULTS, points) == -np.inf).all()


def test_without_controls_nothing_is_drawn_of_them(simulate):
    one = panel_of(column(simulate, controls=False))
    assert controls_of(one, np.zeros(3), np.ones(3), np.zeros(3), np.random.default_rng(1)).shape == (3, 0)
    assert np.isfinite(at_correlation(one, np.array([0.5])).log_factor).all()
