"""Mediation against published numbers, explicit regressions, and the joint model written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from posterity.data.errors import InputError
from posterity.data.sample.design import Design
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.kinds.effects import effects_model
from posterity.models.kinds.mediation import equations, mediation_model
from posterity.models.kinds.pooled import pooled_model
from posterity.models.mechanisms.paths import (
    Paths,
    curve,
    effects_at,
    mediation_posterior,
    rho_draws,
    vanishing_rho,
)
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import scale_of

from ...there import there
from ..reference.moments import rows_like
from .cross_section import plain

WIDE = {**DEFAULTS, **{name: Prior("normal", (0.0, 100.0)) for name in ("slope", "intercept", "between")}}


# Tal_Or: Hayes, Introduction to Mediation, Moderation, and Conditional Process Analysis, presumed media
# influence; psych::mediate prints the same.
# jobs: mediation::mediate of job_seek ~ treat + econ_hard + sex + age and
# depress2 ~ treat + job_seek + econ_hard + sex + age (Tingley et al. 2014, doi:10.18637/jss.v059.i05).
PUBLISHED = {
    "tal_or": (
        ("reaction", ("cond", "pmi")), "cond", "pmi",
        {"a": 0.4765, "b": 0.5064, "direct": 0.2544, "indirect": 0.2413}, 4,
    ),
    "jobs": (
        ("depress2", ("treat", "job_seek", "econ_hard", "sex", "age")), "treat", "job_seek",
        {"b": -0.240, "direct": -0.040, "indirect": -0.016, "total": -0.056}, 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_paths(name):
    """Least squares on the moments print as published; a posterior with wide priors is centred on them."""
    (outcome, terms), treatment, mediator, published, decimals = PUBLISHED[name]
    design = plain(rows_like(name), outcome, terms)
    first, last = (least_squares(one) for one in equations(design, (mediator,)))
    (a, error_a), (b, error_b) = there(first.at(treatment)), there(last.at(mediator))
    direct, _ = there(last.at(treatment))
    found = {"a": a, "b": b, "direct": direct, "indirect": a * b, "total": direct + a * b}
    assert {key: round(found[key], decimals) for key in published} == published

    drawn = mediation_posterior(design, treatment, (mediator,), WIDE, None, Sampler(draws=1000, seed=1)).paths
    for draws, value, error in ((drawn.a[:, 0], a, error_a), (drawn.b[:, 0], b, error_b)):
        assert draws.mean() == pytest.approx(value, abs=4 * error / np.sqrt(len(draws)))
        assert draws.std() == pytest.approx(error, rel=0.06)


def test_indirect_effect_vanishes_at_the_correlation_of_the_residuals():
    """Imai, Keele and Yamamoto 2010, doi:10.1214/10-STS321, theorem 4: m and y on treatment and controls."""
    frame = rows_like("jobs")
    X = np.column_stack([frame[["treat", "econ_hard", "sex", "age"]], np.ones(len(frame))])
    both = frame[["job_seek", "depress2"]].to_numpy()
    residual = both - X @ np.linalg.lstsq(X, both, rcond=None)[0]
    expected = np.corrcoef(residual.T)[0, 1]
    design = plain(frame, *PUBLISHED["jobs"][0])
    found = mediation_posterior(design, "treat", ("job_seek",), WIDE, None, Sampler(seed=2)).paths
    rho = vanishing_rho(found)[:, 0]
    assert rho.mean() == pytest.approx(expected, abs=4 * rho.std() / np.sqrt(len(rho)) + 1e-3)
    np.testing.assert_allclose(effects_at(found, vanishing_rho(found))[1], 0, atol=1e-12)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak", None])
def test_the_joint_model_is_two_regressions_and_a_prior_on_rho(two_way, form):
    """Its log-density anywhere, errors jointly normal, is that of two equations and rho's prior."""
    if form is None:
        two_way = replace(two_way, entity_effects=False, time_effects=False)
    joint = mediation_model(two_way, "x1", "m", form=form)
    parts = [
        pooled_model(one, DEFAULTS) if form is None else effects_model(one, DEFAULTS, form)
        for one in equations(two_way, ("m",))
    ]
    rng = np.random.default_rng(3)
    point = {k: v + 0.3 * rng.normal(size=np.shape(v)) for k, v in joint.initial_point().items()}
    whole = joint.compile_logp(mode="JAX")(point)
    separate = 0.0
    for name, part in zip(("mediator", "outcome"), parts, strict=True):
        own = {key: point[f"{name}_{key}"] for key in part.initial_point()}
        separate += float(part.compile_logp(mode="JAX")(own))
    rho_at = point["rho_interval__"]
    rho = 2 / (1 + np.exp(-rho_at)) - 1
    law = DEFAULTS["rho"].frozen()
    prior = law.logpdf(rho) - np.log(law.cdf(1) - law.cdf(-1)) + np.log((1 - rho**2) / 2)
    assert whole == pytest.approx(separate + prior, rel=1e-9)

    # its own deterministics are the transform that `effects_at` makes of the two regressions
    outputs = joint.compile_fn(
        joint.replace_rvs_by_values(
            [joint["direct"], joint["indirect"], joint["mediator_sigma"], joint["outcome_sigma"]]
        ),
        inputs=joint.value_vars,
        mode="JAX",
        on_unused_input="ignore",
    )
    direct, indirect, sigma_m, sigma_u = (float(v) for v in outputs(point))
    (of_m, unit_m), (of_y, unit_y) = (
        (point[f"{name}_slope"], scale_of(one).unit)
        for name, one in zip(("mediator", "outcome"), equations(two_way, ("m",)), strict=True)
    )
    found = Paths(
        np.array([[of_m[0] * unit_m[0]]]), np.array([[of_y[1] * unit_y[1]]]),
        np.array([of_y[0] * unit_y[0]]), np.array([[[(sigma_m * two_way.X[:, 1].std()) ** 2]]]),
        np.array([sigma_u * two_way.y.std()]),
    )  # fmt: skip
    got = effects_at(found, rho)
    assert (got[0][0], got[1][0, 0]) == pytest.approx((direct, indirect), rel=1e-9)


def correlated(rho: tuple[float, ...], n: int = 40_000) -> tuple[Design, np.ndarray]:
    """Mediators with a = 0.5 (and 0.4, with correlated errors), b = 0.3 (and -0.2), c' = 0.2."""
    rng = np.random.default_rng(4)
    p = len(rho)
    R = np.eye(p + 1)
    R[:p, :p] += 0.4 * (1 - np.eye(p))
    R[p, :p] = R[:p, p] = rho
    e = rng.normal(size=(n, p + 1)) @ np.linalg.cholesky(R).T
    e[:, 0] *= 2.0
    x = rng.normal(size=n)
    m = np.outer(x, [0.5, 0.4][:p]) + e[:, :p]
    y = 0.2 * x + m @ [0.3, -0.2][:p] + e[:, p]
    names = tuple(f"m{j}" for j in range(p))
    frame = pd.DataFrame({"y": y, "x": x, **dict(zip(names, m.T, strict=True))})
    return plain(frame, "y", ("x", *names)), np.array([0.15, -0.08][:p])


@pytest.mark.parametrize("rho", [(0.0,), (0.5,), (-0.4,), (0.3, -0.3)])
def test_effects_at_the_true_rho_are_the_true_effects(rho):
    design, indirect = correlated(rho)
    names = design.terms[1:]
    found = mediation_posterior(design, "x", names, DEFAULTS, None, Sampler(draws=250)).paths
    direct, through = effects_at(found, np.array(rho))
    np.testing.assert_allclose(through.mean(axis=0), indirect, atol=0.015)
    assert direct.mean() == pytest.approx(0.2, abs=0.025)
    np.testing.assert_allclose(direct + through.sum(axis=1), found.total, rtol=1e-10)
    if any(rho):
        assert np.abs(effects_at(found, 0.0)[1].mean(axis=0) - indirect).max() > 0.05


def test_order_of_mediators_does_not_matter():
    design, _ = correlated((0.0, 0.0), n=500)
    found = [
        mediation_posterior(design, "x", names, WIDE, None).paths for names in (("m0", "m1"), ("m1", "m0"))
    ]
    one, other = (
        effects_at(p, np.array(rho))[1] for p, rho in zip(found, ((0.2, 0.0), (0.0, 0.2)), strict=True)
    )
    np.testing.assert_allclose(
        one.mean(axis=0), other.mean(axis=0)[::-1], atol=5 * one.std() / np.sqrt(len(one))
    )
    np.testing.assert_allclose(one.std(axis=0), other.std(axis=0)[::-1], rtol=0.08)


def test_impossible_correlations_are_not_numbers():
    design, _ = correlated((0.0, 0.0), n=200)
    found = mediation_posterior(design, "x", ("m0", "m1"), DEFAULTS, None, Sampler(draws=50)).paths
    assert np.isnan(effects_at(found, np.array([0.9, -0.9]))[0]).all()
    assert np.isnan(curve(found, np.array([0.0, 0.95]))[0][1]).all()


def test_posterior_of_rho_is_its_prior():
    design, _ = correlated((0.5,), n=300)
    found = mediation_posterior(design, "x", ("m0",), DEFAULTS, None, Sampler(draws=1000)).paths
    wide = Prior("normal", (0.2, 1.0))
    rho = rho_draws(wide, found, np.random.default_rng(5))[:, 0]
    law = stats.truncnorm((-1 - 0.2) / 1.0, (1 - 0.2) / 1.0, 0.2, 1.0)
    assert stats.kstest(rho, law.cdf).pvalue > 1e-3
    with pytest.raises(InputError, match="between -1 and 1"):
        rho_draws(Prior("normal", (9.0, 0.1)), found, np.random.default_rng(5))


def test_mediators_must_be_regressors(two_way):
    with pytest.raises(InputError, match="'q' is not a regressor"):
        equations(two_way, ("q",))


def test_intervals_cover_at_the_true_rho_only():
    """60 panels, rho = 0.3: at rho = 0 intervals miss; at the truth and under the prior they cover."""
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.statistics import statistics_of_design
    from posterity.models.mechanisms.paths import paths

    rng = np.random.default_rng(8)
    count, entity, time = 60, *np.divmod(np.arange(330), 11)
    designs = []
    for _ in range(count):
        e = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], size=330)
        own = rng.normal(size=(30, 3))[entity]
        x = rng.normal(size=330) + own[:, 2]
        m = 0.5 * x + own[:, 0] + e[:, 0]
        y = 0.2 * x + 0.3 * m + own[:, 1] + e[:, 1]
        designs.append(
            Design("y", ("x", "m"), y, np.column_stack([x, m]), entity, time,
                   tuple(f"{i:02d}" for i in range(30)), tuple(range(11)), "entity", "time", True, True, None)
        )  # fmt: skip
    chains = [equations(d, ("m",)) for d in designs]
    draws = []
    for j in range(2):
        stats_ = [statistics_of_design(chain[j], "mundlak") for chain in chains]
        found = batch(stats_, [DEFAULTS] * count, 1000, j)
        sigma = found.values[..., found.scales.index("sigma")]
        draws.append(
            [
                (found.theta[i, :, : s.n_slope] * s.scale.unit, sigma[i] * s.scale.y_sd)
                for i, s in enumerate(stats_)
            ]
        )
    hits = np.zeros(3)
    for i, chain in enumerate(chains):
        own_paths = paths(chain, "x", [draws[0][i][0], draws[1][i][0]], [draws[0][i][1], draws[1][i][1]])
        rhos: tuple[np.ndarray | float, ...] = (0.0, 0.3, rho_draws(DEFAULTS["rho"], own_paths, rng))
        for j, rho in enumerate(rhos):
            low, high = np.quantile(effects_at(own_paths, rho)[1], [0.025, 0.975])
            hits[j] += low <= 0.15 <= high
    assert hits[0] <= 30
    assert stats.binom(count, 0.95).cdf(hits[1]) > 1e-3
    assert stats.binom(count, 0.95).cdf(hits[2]) > 1e-3
