"""Instruments against published numbers, linearmodels, and densities written out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.datasets import card
from linearmodels.iv import IV2SLS, IVGMM
from scipy import stats

from posterity.data.design import Design, build_design
from posterity.data.errors import InputError
from posterity.data.panel import Panel
from posterity.data.study import Cluster, Spec
from posterity.models import structural as structural_module
from posterity.models.frequentist import least_squares
from posterity.models.instrument import Root, exclusions, instrument_model, root_of
from posterity.models.instrument_direct import _log_density, direction, draw
from posterity.models.iv import (
    Instrumented,
    anderson_rubin,
    effective_f,
    first_stage_f,
    instrumented,
    overidentification,
    plausibly_exogenous,
    two_stage,
)
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.sampling import Sampler
from posterity.models.structural import can_draw, control_slopes, directly, structural

from .reference.moments import rows_like

CARD = ["exper", "expersq", "black", "smsa", "south", "smsa66", *(f"reg66{i}" for i in range(2, 10))]
GROUPS = Cluster(cluster="group")
ERRORS = {"iid": ("iid", "unadjusted"), "hetero": ("hetero", "robust"), "cluster": (GROUPS, "clustered")}


def plain(frame: pd.DataFrame, outcome: str, terms: list[str], clusters=None) -> Design:
    n = len(frame)
    return Design(
        outcome, tuple(terms), frame[outcome].to_numpy(float), frame[terms].to_numpy(float), np.arange(n),
        np.arange(n) % 2, tuple(map(str, range(n))), (0, 1), "person", "wave", False, False, clusters,
    )  # fmt: skip


def of_card(*instruments: str) -> tuple[pd.DataFrame, Instrumented]:
    frame = card.load()[["lwage", "educ", *CARD, *instruments]]
    design = plain(frame, "lwage", ["educ", *CARD, *instruments], np.arange(len(frame)) % 40)
    return frame, instrumented(design, 1, len(instruments))


def test_card_as_published():
    """Card 1995 (NBER 4483) as in Wooldridge, Introductory Econometrics, example 15.4.

    Least squares 0.0747 (0.0035), nearc4 as instrument 0.1315 (0.0550), first-stage F 13.26 (t = 3.64).
    """
    frame, data = of_card("nearc4")
    b, error = least_squares(plain(frame, "lwage", ["educ", *CARD])).at("educ")
    assert (round(b, 4), round(error, 4)) == (0.0747, 0.0035)
    b, error = two_stage(data).at("educ")
    assert (round(b, 4), round(error, 4)) == (0.1315, 0.0550)
    assert round(first_stage_f(data), 2) == 13.26
    assert overidentification(data) is None


def test_weak_instrument_display_of_card():
    """One instrument: effective F is F; the critical value is the 23.1 of Montiel Olea and Pflueger, K = 1, tau = 10%."""
    _, data = of_card("nearc4")
    found, critical = effective_f(data)
    assert found == pytest.approx(first_stage_f(data), rel=1e-10)
    assert (
        critical
        == pytest.approx((np.sqrt(10) + stats.norm.ppf(0.95)) ** 2, rel=1e-4)
        == pytest.approx(23.11, abs=0.01)
    )
    assert found < critical
    ((low, high),) = anderson_rubin(data)
    b, error = two_stage(data).at("educ")
    assert low < b - 1.9 * error  # wider than two-stage least squares says, and skewed
    assert high - b > 1.2 * (b - low)


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("names", [("nearc4",), ("nearc2", "nearc4")], ids=["one", "two"])
def test_card_against_linearmodels(kind, names):
    frame, data = of_card(*names)
    vcov, cov_type = ERRORS[kind]
    options = {"clusters": data.design.clusters} if kind == "cluster" else {}
    X = frame[CARD].assign(const=1.0)
    parts = (frame["lwage"], X, frame[["educ"]], frame[list(names)])
    reference: Any = IV2SLS(*parts).fit(cov_type=cov_type, debiased=True, **options)
    fit = two_stage(data, vcov)
    for j, term in enumerate(fit.terms[:-1]):
        assert fit.coef[j] == pytest.approx(reference.params[term], rel=1e-7)
        assert fit.std_error[j] == pytest.approx(reference.std_errors[term], rel=1e-7)
    if kind == "iid":
        assert first_stage_f(data) == pytest.approx(
            reference.first_stage.diagnostics["f.stat"].iloc[0], rel=1e-7
        )
    if len(names) > 1:
        statistic, p, df = overidentification(data, vcov)
        if kind == "iid":
            test = reference.sargan
        else:
            weights = {"weight_type": cov_type, **options}
            gmm: Any = IVGMM(*parts, **weights).fit(iter_limit=2)
            test = gmm.j_stat
        assert (statistic, p, df) == (
            pytest.approx(test.stat, rel=1e-5),
            pytest.approx(test.pval, rel=1e-4),
            1,
        )


def crime() -> Instrumented:
    frame = rows_like("crime_within")
    controls = [c for c in frame if c not in ("lcrmrte", "lprbarr", "lpolpc", "ltaxpc", "lmix")]
    design = plain(frame, "lcrmrte", ["lprbarr", "lpolpc", *controls, "ltaxpc", "lmix"])
    return replace(instrumented(design, 2, 2), absorbed=1 + 89 + 6)


def test_crime_panel_as_published():
    """Baltagi 2006, doi:10.1002/jae.861, table II, fixed effects 2SLS, 90 counties x 7 years, county and year effects."""
    fit = two_stage(crime())
    published = {
        "lprbarr": (-0.576, 0.802), "lpolpc": (0.658, 0.847), "lprbconv": (-0.423, 0.502),
        "lprbpris": (-0.250, 0.279), "lavgsen": (0.009, 0.049),
    }  # fmt: skip
    assert {t: tuple(round(v, 3) for v in fit.at(t)) for t in published} == published


def test_crime_panel_against_linearmodels():
    """IV2SLS of linearmodels 7.1 on the data with explicit dummies: first-stage F(2, 518) of 22.308165 and 13.238079."""
    data = crime()
    assert [first_stage_f(data, column=j) for j in range(2)] == pytest.approx(
        [22.308165, 13.238079], rel=1e-6
    )
    assert two_stage(data).df == 630 - 96 - 16


def panel(simulate, missing: float = 0.25, strength: float = 0.6) -> tuple[pd.DataFrame, Design]:
    frame = simulate(14, 7, missing=missing)
    rng = np.random.default_rng(1)
    n = len(frame)
    v = rng.normal(size=n)
    frame = frame.assign(z1=rng.normal(size=n), z2=frame["x2"] * 0.3 + rng.normal(size=n))
    frame["x1"] = frame["x1"] + strength * (frame["z1"] - 0.5 * frame["z2"]) + v
    frame["y"] = frame["y"] + 0.8 * v + frame["z1"] ** 2 * rng.normal(size=n)
    spec = Spec(formula="y ~ x1 + x2 + z1 + z2 | city + year", vcov=Cluster(cluster="region"))
    return frame, build_design(Panel.of(frame, entity="city", time="year", source="test"), spec)


@pytest.mark.parametrize(("vcov", "cov_type"), [("iid", "unadjusted"), ("hetero", "robust")])
def test_unbalanced_panel_against_explicit_dummies(simulate, vcov, cov_type):
    frame, design = panel(simulate)
    data = instrumented(design, 1, 2)
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    X = pd.concat([frame[["x2"]], *dummies], axis=1).assign(const=1.0)
    reference = IV2SLS(frame["y"], X, frame[["x1"]], frame[["z1", "z2"]]).fit(
        cov_type=cov_type, debiased=True
    )
    fit = two_stage(data, vcov)
    for term in ("x1", "x2"):
        assert fit.at(term) == pytest.approx((reference.params[term], reference.std_errors[term]), rel=1e-7)
    assert data.free == len(frame) - 14 - 6 - 1


@pytest.mark.parametrize("vcov", ["iid", "hetero"])
def test_anderson_rubin_ends_have_p_five_per_cent(simulate, vcov):
    """Regress y - b x on everything exogenous with statsmodels; the instruments' joint test at either end has p = 0.05."""
    frame, design = panel(simulate)
    ((low, high),) = anderson_rubin(instrumented(design, 1, 2), vcov)
    dummies = [pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in ("city", "year")]
    X = pd.concat([frame[["z1", "z2", "x2"]], *dummies], axis=1).assign(const=1.0)
    for end in (low, high):
        fit = sm.OLS(frame["y"] - end * frame["x1"], X).fit(
            cov_type="nonrobust" if vcov == "iid" else "HC1", use_t=True
        )
        assert float(fit.f_test(np.eye(X.shape[1])[:2]).pvalue) == pytest.approx(0.05, abs=1e-6)


def cross_section(strength: float, direct: float = 0.0, n: int = 200) -> Instrumented:
    rng = np.random.default_rng(2)
    z, v = rng.normal(size=(n, 2)), rng.normal(size=n)
    x = z @ [strength, strength] + v
    y = 0.5 * x + direct * z[:, 0] + 0.6 * v + 0.8 * rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "x": x, "z1": z[:, 0], "z2": z[:, 1]})
    return instrumented(plain(frame, "y", ["x", "z1", "z2"]), 1, 2)


def test_anderson_rubin_says_so_where_instruments_are_irrelevant_or_disagree():
    pieces = anderson_rubin(cross_section(0.02))
    assert (pieces[0][0], pieces[-1][1]) == (-np.inf, np.inf)
    assert anderson_rubin(cross_section(1.0, direct=2.0)) == []


def test_plausibly_exogenous_against_a_grid_of_direct_effects():
    """The union of intervals over a grid of gamma in the box, each by two-stage least squares of y - Z gamma."""
    data = cross_section(0.5)
    found = plausibly_exogenous(data, np.array([0.0, 0.1]))
    fit = two_stage(data)
    reach = stats.t.ppf(0.975, fit.df) * fit.std_error[0]
    np.testing.assert_allclose(found[0], [fit.coef[0] - reach, fit.coef[0] + reach], rtol=1e-9)
    unit = data.design.y.std() / data.design.X[:, 1:].std(axis=0)
    ends = []
    for gamma in np.stack(np.meshgrid(*[np.linspace(-0.1, 0.1, 9)] * 2), -1).reshape(-1, 2):
        shift = data.design.X[:, 1:] @ (gamma * unit)
        moved = two_stage(instrumented(replace(data.design, y=data.design.y - shift), 1, 2))
        ends.append(moved.coef[0] + np.array([-1, 1]) * stats.t.ppf(0.975, moved.df) * moved.std_error[0])
    np.testing.assert_allclose(found[1], [np.min(ends), np.max(ends)], rtol=1e-9)


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

    def structural_of(t):
        beta, b, s, v = t[0], t[1], np.exp(t[2]), np.exp(t[3])
        kappa = b - beta
        sigma_u = np.hypot(s, kappa * v)
        return np.array([beta, sigma_u, v, kappa * v / sigma_u])

    def brute(t) -> float:
        beta, sigma_u, v, rho = structural_of(t)
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
            [(structural_of(t + h) - structural_of(t - h)) / 2e-6 for h in 1e-6 * np.eye(4)]
        )
        top = values.max()
        return float(top + np.log(np.exp(values - top).sum()) + np.log(abs(np.linalg.det(jacobian))))

    points = np.array([[0.5, 0.9, 0.0, 0.0], [0.1, 1.0, 0.1, -0.1], [1.5, 0.8, -0.1, 0.1]])
    expected = np.array([brute(t) for t in points])
    mean, variance = np.zeros((1, 1)), np.full((1, 1), exclusion**2)
    got = _log_density([one], mean, variance, DEFAULTS, points[None])[0]
    np.testing.assert_allclose(got - got[0], expected - expected[0], atol=2e-4)


@pytest.mark.parametrize("endogenous", [1, 2])
@pytest.mark.parametrize("exclusion", [False, True])
def test_pymc_model_is_the_density_written_out(endogenous, exclusion):
    """Differences of log-density between two points with the same scales, so that flat parts and Jacobians cancel."""
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
    """200 data sets of the paper's size with parameters from the priors (Talts et al. 2018, arXiv:1804.06788)."""
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
    found = structural(data, DEFAULTS, Sampler(seed=7))
    estimate, error = two_stage(data).at("x")
    assert found.beta.mean() == pytest.approx(estimate, abs=0.1 * error)
    assert found.beta.std() == pytest.approx(error, rel=0.06)
    assert found.rho.mean() == pytest.approx(0.6, abs=0.05)


def test_control_slopes_are_those_of_two_stage_least_squares(simulate):
    _, design = panel(simulate, strength=3.0)
    data = instrumented(design, 1, 2)
    found = structural(data, DEFAULTS, Sampler(seed=8))
    drawn = control_slopes(data, found, np.random.default_rng(9))[:, 0]
    estimate, error = two_stage(data).at("x2")
    assert drawn.mean() == pytest.approx(estimate, abs=0.15 * error)
    assert drawn.std() == pytest.approx(error, rel=0.1)


def test_direct_effects_widen_and_one_instrument_alone_less():
    data = cross_section(0.5)
    loose, tight = Prior("normal", (0.0, 0.2)), Prior("normal", (0.0, 1e-6))
    spread = [
        one.beta.std()
        for one in directly(data, DEFAULTS, [None, [tight] * 2, [loose, tight], [loose] * 2], 4000, 1)
    ]
    assert spread[1] == pytest.approx(spread[0], rel=1e-3)
    assert spread[0] < spread[2] < spread[3]


def test_nuts_takes_over_where_draws_cannot_be_trusted(monkeypatch):
    monkeypatch.setattr(structural_module, "MAX_K_HAT", -np.inf)
    called = []

    def stub(model, sampler):
        called.append(model)
        raise RuntimeError("sampled")

    monkeypatch.setattr(structural_module, "nuts", stub)
    with pytest.raises(RuntimeError, match="sampled"):
        structural(cross_section(0.5), DEFAULTS, Sampler(draws=50))
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
