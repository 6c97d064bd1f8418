"""The structural model of instruments: densities written out, quadrature, ranks of truths, least squares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from posterity.data.errors import InputError
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.iv import instrument_design, two_stage
from posterity.models.kinds.instrument import Root, exclusions, instrument_model, root_of
from posterity.models.mechanisms import instrument_draws
from posterity.models.mechanisms.direct_instrument import _log_density, direction, draw
from posterity.models.mechanisms.instrument_draws import (
    can_draw,
    control_slopes,
    importance_draws,
    instrument_posterior,
)
from posterity.models.priors import DEFAULTS, Prior

from ...there import there
from ..instrument_panels import crime, cross_section, panel


def log_joint(data: Root, beta, pi, gamma, sd, R, exclusion: float) -> float:
    """Log-density of rows and parameters on (beta, pi, gamma, sd, R), by scipy, up to flat parts."""
    p = len(beta)
    Sigma = np.outer(sd, sd) * R
    E = np.column_stack([data.y - data.X @ beta - data.Z @ gamma, data.X - data.Z @ pi])
    value = -0.5 * data.free * np.linalg.slogdet(Sigma)[1] - 0.5 * np.trace(np.linalg.solve(Sigma, E.T @ E))
    value += stats.norm.logpdf(beta).sum() + stats.norm.logpdf(pi).sum() + stats.halfnorm.logpdf(sd).sum()
    if exclusion:
        value += stats.norm.logpdf(gamma, 0, exclusion).sum()
    assert R.shape == (1 + p, 1 + p)
    return float(value)


@pytest.mark.parametrize("exclusion", [0.0, 0.2])
def test_integrated_density_against_quadrature(exclusion):
    """pi and gamma integrated on a grid, and the change of variables differentiated numerically."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(40, 1))
    v = rng.normal(size=40)
    x = 0.4 * z[:, 0] + v
    rows = np.linalg.qr(np.column_stack([0.5 * x + 0.5 * v + rng.normal(size=40), x, z]), mode="r")
    data = Root(rows[:, 0], rows[:, 1:2], rows[:, 2:], 40, np.ones(1))
    one = direction(data)
    pis = np.linspace(one.pi[0] - 1.5, one.pi[0] + 1.5, 401)
    gammas = np.linspace(-6 * exclusion, 6 * exclusion, 201) if exclusion else np.zeros(1)

    def structural_parameters(t):
        beta, b, s, v = t[0], t[1], np.exp(t[2]), np.exp(t[3])
        kappa = b - beta
        sigma_u = np.hypot(s, kappa * v)
        return np.array([beta, sigma_u, v, kappa * v / sigma_u])

    def brute(t) -> float:
        beta, sigma_u, v, rho = structural_parameters(t)
        Sigma = np.outer([sigma_u, v], [sigma_u, v]) * [[1, rho], [rho, 1]]
        u = data.y - beta * data.X[:, 0] - gammas[:, None] * data.Z[:, 0]
        e = data.X[:, 0] - pis[:, None] * data.Z[:, 0]
        E = np.stack(np.broadcast_arrays(u[:, None], e[None]), axis=-1)  # gamma, pi, row, equation
        values = -0.5 * (
            data.free * np.linalg.slogdet(Sigma)[1] + ((E @ np.linalg.inv(Sigma)) * E).sum(axis=(-1, -2))
        )
        values += stats.norm.logpdf(beta) + stats.norm.logpdf(pis) + stats.halfnorm.logpdf([sigma_u, v]).sum()
        if exclusion:
            values += stats.norm.logpdf(gammas, 0, exclusion)[:, None]
        jacobian = np.column_stack(
            [(structural_parameters(t + h) - structural_parameters(t - h)) / 2e-6 for h in 1e-6 * np.eye(4)]
        )
        top = values.max()
        return float(top + np.log(np.exp(values - top).sum()) + np.log(abs(np.linalg.det(jacobian))))

    points = np.array([[0.5, 0.9, 0.0, 0.0], [0.1, 1.0, 0.1, -0.1], [1.5, 0.8, -0.1, 0.1]])
    expected = np.array([brute(t) for t in points])
    mean, variance = np.zeros((1, 1)), np.full((1, 1), exclusion**2)
    got = _log_density([one], mean, variance, DEFAULTS, points[None])[0]
    np.testing.assert_allclose(got - got[0], expected - expected[0], atol=2e-4)


def test_where_scales_vanish_beside_the_first_stage_there_is_no_density():
    """The covariance of the least-squares slopes is then singular to the last digit."""
    one = direction(root_of(cross_section(0.05)))
    points = np.array([[[0.0, 1.0, -40.0, -40.0], [0.5, 0.9, 0.0, 0.0]]])
    found = _log_density([one], np.zeros((1, 2)), np.zeros((1, 2)), DEFAULTS, points)
    assert found[0, 0] == -np.inf
    assert np.isfinite(found[0, 1])


@pytest.mark.parametrize("endogenous", [1, 2])
@pytest.mark.parametrize("exclusion", [False, True])
def test_pymc_model_is_the_density_written_out(endogenous, exclusion):
    """Differences of log-density at two points with the same scales: flat parts and Jacobians cancel."""
    data = crime() if endogenous == 2 else cross_section(0.5)
    model, root = instrument_model(data, DEFAULTS, exclusion), root_of(data)
    rng = np.random.default_rng(4)
    size = (1 + endogenous) * (2 + endogenous) // 2
    shapes = {
        "beta": endogenous,
        "first_stage": (2, endogenous),
        **{f"direct effect of {n}": () for n in data.instruments},
    }
    start = {v.name: 0.3 * rng.normal(size=shapes.get(v.name, size)) for v in model.value_vars}
    logp = model.compile_logp(mode="JAX")
    sd, R = (
        np.asarray(model.compile_fn(model.replace_rvs_by_values([model[n]])[0], inputs=model.value_vars,
                                    on_unused_input="ignore", mode="JAX")(start))
        for n in ("errors_stds", "errors_corr")
    )  # fmt: skip
    got, expected = [], []
    for _ in range(3):
        point = {
            **start,
            "beta": rng.normal(size=endogenous),
            "first_stage": rng.normal(size=(2, endogenous)),
        }
        gamma = np.zeros(2)
        if exclusion:
            gamma = 0.1 * rng.normal(size=2)
            point |= {f"direct effect of {n}": g for n, g in zip(data.instruments, gamma, strict=True)}
        got.append(float(logp(point)))
        expected.append(log_joint(root, point["beta"], point["first_stage"], gamma, sd, R, 0.1 * exclusion))
    np.testing.assert_allclose(np.diff(got), np.diff(expected), rtol=1e-8)


def test_rows_of_the_root_have_the_cross_products_of_the_data():
    data = crime()
    root = root_of(data)
    rows = np.column_stack([root.y, root.X, root.Z])
    sd = np.concatenate([[data.design.y.std()], data.design.X[:, [0, 1, -2, -1]].std(axis=0)])
    full = np.column_stack([data.y, data.X, data.Z]) / sd
    np.testing.assert_allclose(rows.T @ rows, full.T @ full, rtol=1e-9)
    assert root.free == 630 - 96 - 14


def test_ranks_of_truths_are_uniform():
    """200 data sets of the paper's size, truths from the priors (Talts et al. 2018, arXiv:1804.06788)."""
    rng = np.random.default_rng(5)
    data, truths = [], []
    for _ in range(200):
        beta, pi, rho = rng.normal(), rng.normal(size=2), rng.uniform(-1, 1)
        sigma_u, sigma_v = np.abs(rng.normal(size=2))
        z, e = rng.normal(size=(285, 2)), rng.normal(size=(285, 2))
        x = z @ pi + sigma_v * e[:, 0]
        gamma = 0.1 * rng.normal(size=2)
        y = beta * x + z @ gamma + sigma_u * (rho * e[:, 0] + np.sqrt(1 - rho**2) * e[:, 1])
        rows = np.linalg.qr(np.column_stack([y, x, z]), mode="r")
        data.append(direction(Root(rows[:, 0], rows[:, 1:2], rows[:, 2:], 285, np.ones(1))))
        truths.append((beta, rho, sigma_u, sigma_v))
    found = draw(data, [[Prior("normal", (0.0, 0.1))] * 2] * 200, DEFAULTS, 500, seed=6)
    assert (found.direct.k_hat < 0.7).mean() > 0.95
    draws = np.stack([found.beta, found.rho, found.sigma_u, found.sigma_v])
    ranks = (draws < np.array(truths).T[:, :, None]).mean(axis=2)
    for own in ranks:
        assert stats.kstest(own, "uniform").pvalue > 1e-3


def test_strong_instruments_give_two_stage_least_squares():
    data = cross_section(2.0, n=2000)
    found = instrument_posterior(data, DEFAULTS, Sampler(seed=7))
    estimate, error = there(two_stage(data).at("x"))
    assert found.beta.mean() == pytest.approx(estimate, abs=0.1 * error)
    assert found.beta.std() == pytest.approx(error, rel=0.06)
    assert found.rho.mean() == pytest.approx(0.6, abs=0.05)


def test_control_slopes_are_those_of_two_stage_least_squares(simulate):
    _, design = panel(simulate, strength=3.0)
    data = instrument_design(design, 1, 2)
    found = instrument_posterior(data, DEFAULTS, Sampler(seed=8))
    drawn = control_slopes(data, found, np.random.default_rng(9))[:, 0]
    estimate, error = there(two_stage(data).at("x2"))
    assert drawn.mean() == pytest.approx(estimate, abs=0.15 * error)
    assert drawn.std() == pytest.approx(error, rel=0.1)


def test_direct_effects_widen_and_one_instrument_alone_less():
    data = cross_section(0.5)
    loose, tight = Prior("normal", (0.0, 0.2)), Prior("normal", (0.0, 1e-6))
    spread = [
        one.beta.std()
        for one in importance_draws(data, DEFAULTS, [None, [tight] * 2, [loose, tight], [loose] * 2], 4000, 1)
    ]
    assert spread[1] == pytest.approx(spread[0], rel=1e-3)
    assert spread[0] < spread[2] < spread[3]


def test_nuts_takes_over_where_draws_cannot_be_trusted(monkeypatch):
    monkeypatch.setattr(instrument_draws, "MAX_K_HAT", -np.inf)
    called = []

    def stub(model, sampler):
        called.append(model)
        raise RuntimeError("sampled")

    monkeypatch.setattr(instrument_draws, "nuts", stub)
    with pytest.raises(RuntimeError, match="sampled"):
        instrument_posterior(cross_section(0.5), DEFAULTS, Sampler(draws=50))
    assert len(called) == 1


def test_own_priors_of_direct_effects():
    data = cross_section(0.5)
    own = exclusions(data, {**DEFAULTS, "exclusion[z2]": Prior("normal", (0.0, 0.5))})
    assert [str(p) for p in own.values()] == ["normal(0, 0.1)", "normal(0, 0.5)"]
    with pytest.raises(InputError, match=r"'z3' is not an instrument. Known: z1, z2"):
        exclusions(data, {**DEFAULTS, "exclusion[z3]": Prior("normal", (0.0, 0.5))})
    assert can_draw(data, DEFAULTS)
    assert not can_draw(data, {**DEFAULTS, "first_stage": Prior("laplace", (0.0, 1.0))})
    assert not can_draw(crime(), DEFAULTS)
