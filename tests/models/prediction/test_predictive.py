"""Densities of rows and entities left out, against dense normal distributions built row by row."""

from dataclasses import replace

import numpy as np
import pytest
from arviz_base import from_dict
from arviz_stats import loo_kfold
from arviz_stats.loo import SamplingWrapper
from scipy import stats
from scipy.special import logsumexp

import posterity as po
from posterity.data.sample.build import build_design
from posterity.data.sample.within import split
from posterity.data.study.spec import Spec, Varying
from posterity.models.engine.collapsed import scale_priors
from posterity.models.engine.posterior import batch
from posterity.models.engine.psis import leave_out_elpd
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.prediction.predictive import entity_refits, predictive, scale_draws
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import standardise

FORMULAS = {"both": "| city + year", "city": "| city", "year": "| year", "pooled": ""}
HEAVY = {**DEFAULTS, "slope": Prior("student_t", (3.0, 0.2, 0.7)), "between": Prior("normal", (0.5, 2.0))}
NEAR = 1e-8


def designed(frame, effects="both", varying=None):
    panel = po.Panel.of(frame, entity="city", time="year", source="SYNTHETIC", synthetic=True)
    return build_design(panel, Spec(formula=f"y ~ x1 + x2 {FORMULAS[effects]}", varying=varying))


def drawn_scales(design, form, priors, count=3):
    names = scale_priors(statistics_of_design(design, form), priors)
    rng = np.random.default_rng(3)
    return {name: rng.uniform(0.2, 1.5, count) for name in names}


def dense(design, form, priors, scales, at):
    """Mean and covariance of the standardised outcome, effect by effect, in the words of `effects_model`."""
    z, n = standardise(design, form is not None), design.n
    by_entity, by_time = design.entity_effects and form is not None, design.time_effects and form is not None
    part = split(z.X, design.entity, design.time, by_entity, by_time)
    used = z.X if form in (None, "random") else part.within
    slope, between, level = (priors[name].arguments[-2:] for name in ("slope", "between", "intercept"))
    flat = priors["effect"].arguments[-1]
    mean = np.full(n, level[0]) + used @ np.full(design.k, slope[0])
    covariance = scales["sigma"][at] ** 2 * np.eye(n) + level[1] ** 2
    for j in range(design.k):
        mixing = scales.get(f"slope_mixing[{j}]", np.ones(at + 1))[at]
        covariance += slope[1] ** 2 * mixing * np.outer(used[:, j], used[:, j])
    if form == "mundlak" and by_entity:
        means = part.entity[design.entity]
        mean += means @ np.full(design.k, between[0])
        covariance += between[1] ** 2 * means @ means.T
    if design.varying is not None:
        group = design.varying.group[design.entity]
        for v, j in enumerate(design.varying.columns):
            for g in range(len(design.varying.groups)):
                column = (z.X[:, j] * (group == g))[:, None]
                if form != "random":
                    column = split(column, design.entity, design.time, by_entity, by_time).within
                covariance += scales[f"sd_slope[{v}]"][at] ** 2 * column @ column.T
    for present, codes, name, centred in (
        (by_entity, design.entity, "sd_entity", form == "fixed"),
        (by_time, design.time, "sd_time", True),
    ):
        if present:
            count = codes.max() + 1
            of = np.eye(count) - (1 / count if centred else 0)
            sd = flat if form == "fixed" else scales[name][at]
            covariance += sd**2 * of[np.ix_(codes, codes)]
    return z.y - mean, covariance


def conditional(residual, covariance, inside):
    """log p(y_I | y_-I) as log p(y) - log p(y_-I), with SciPy's normal densities."""
    rest = ~inside
    whole = stats.multivariate_normal.logpdf(residual, cov=covariance)
    return whole - stats.multivariate_normal.logpdf(residual[rest], cov=covariance[np.ix_(rest, rest)])


@pytest.mark.parametrize("effects", FORMULAS)
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
@pytest.mark.parametrize("priors", [DEFAULTS, HEAVY], ids=["default", "heavy"])
def test_densities_are_those_of_a_dense_normal(any_frame, effects, form, priors):
    design = designed(any_frame, effects)
    form = None if effects == "pooled" else form
    scales = drawn_scales(design, form, priors)
    found = predictive(design, form, priors, scales)
    assert found.by_row.shape == (3, design.n)
    assert found.by_entity.shape == (3, len(design.entities))
    for at in range(2):
        residual, covariance = dense(design, form, priors, scales, at)
        assert found.whole[at] == pytest.approx(
            stats.multivariate_normal.logpdf(residual, cov=covariance), abs=NEAR * design.n
        )
        for row in (0, 5, design.n - 1):
            expected = conditional(residual, covariance, np.arange(design.n) == row)
            assert found.by_row[at, row] == pytest.approx(expected, abs=1e-6)
        for entity in (0, 4, len(design.entities) - 1):
            expected = conditional(residual, covariance, design.entity == entity)
            assert found.by_entity[at, entity] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_slopes_that_vary(any_frame, form):
    design = designed(any_frame, "both", Varying(by="region", terms=["x1"]))
    scales = drawn_scales(design, form, DEFAULTS)
    found = predictive(design, form, DEFAULTS, scales)
    residual, covariance = dense(design, form, DEFAULTS, scales, 1)
    expected = conditional(residual, covariance, design.entity == 3)
    assert found.by_entity[1, 3] == pytest.approx(expected, abs=1e-6)


def test_linear_model_of_known_variance(frame):
    """With a flat prior the error left out is e_i / (1 - h_i), variance sigma^2 / (1 - h_i) (Cook 1977)."""
    design = replace(designed(frame, "pooled"), entity_effects=False, time_effects=False)
    flat = {**DEFAULTS, "slope": Prior("normal", (0.0, 1e4)), "intercept": Prior("normal", (0.0, 1e4))}
    found = predictive(design, None, flat, {"sigma": np.array([0.7])})
    z = standardise(design)
    X = np.column_stack([np.ones(design.n), z.X])
    hat = X @ np.linalg.solve(X.T @ X, X.T)
    h, e = np.diag(hat), z.y - hat @ z.y
    expected = stats.norm.logpdf(e / (1 - h), scale=0.7 / np.sqrt(1 - h))
    np.testing.assert_allclose(found.by_row[0], expected, atol=1e-5)


def grid(design, form, priors, keep):
    """Points (G,) of sigma and sd_entity, and log p(y_keep, point), on a grid fine enough for six digits."""
    at = np.linspace(-3.5, 1.5, 41)
    sigma, sd = (a.ravel() for a in np.meshgrid(at, at, indexing="ij"))
    scales = {"sigma": np.exp(sigma), "sd_entity": np.exp(sd)}
    log_p = sigma + sd
    log_p += priors["sigma"].frozen().logpdf(scales["sigma"])
    log_p += priors["sd_entity"].frozen().logpdf(scales["sd_entity"])
    for g in range(len(log_p)):
        residual, covariance = dense(design, form, priors, scales, g)
        root = np.linalg.cholesky(covariance[np.ix_(keep, keep)])
        half = np.linalg.solve(root, residual[keep])
        log_p[g] -= np.log(np.diag(root)).sum() + 0.5 * (half @ half + keep.sum() * np.log(2 * np.pi))
    return scales, log_p


@pytest.fixture(scope="module")
def small(simulate):
    """Six entities, one of them far out, whose posterior of the scales without it is another."""
    frame = simulate(n_entity=6, n_time=4, seed=5)
    frame.loc[frame["city"] == "c02", "y"] += 9.0
    design = designed(frame, "city")
    everything = np.ones(design.n, bool)
    exact, points = {}, {}
    whole = grid(design, "random", DEFAULTS, everything)
    for entity in range(6):
        points[entity] = grid(design, "random", DEFAULTS, design.entity != entity)
        exact[entity] = logsumexp(whole[1]) - logsumexp(points[entity][1])
    return design, exact, whole, points


def test_entities_left_out_by_refits_are_those_of_quadrature(small):
    """log p(y) - log p(y_-I), each an integral over the scales on a grid."""
    design, exact, _, _ = small
    found, k_hat = entity_refits(design, "random", DEFAULTS, range(6), 4000, 1)
    assert (k_hat < 0.7).all()
    np.testing.assert_allclose(found, [exact[e] for e in range(6)], atol=0.05)


def test_entities_left_out_by_reweighting_are_those_of_quadrature_where_k_hat_is_small(small):
    design, exact, _, _ = small
    scales = scale_draws(design, "random", DEFAULTS, 4000, 1)
    elpd, k_hat = leave_out_elpd(predictive(design, "random", DEFAULTS, scales).by_entity)
    good = k_hat < 0.5
    assert not good[2]
    assert good.sum() >= 4
    np.testing.assert_allclose(elpd[good], np.array([exact[e] for e in range(6)])[good], atol=0.05)


def test_loo_kfold_by_entity_agrees(small):
    """ArviZ's `loo_kfold` with an entity as its unit, fitted on the grid to the rows of the others."""
    design, _, whole, points = small
    rng = np.random.default_rng(2)

    def draws_of(scales, log_p, count=20_000):
        chosen = rng.choice(len(log_p), count, p=np.exp(log_p - logsumexp(log_p)))
        return {name: values[chosen] for name, values in scales.items()}

    def tree_of(scales):
        values = predictive(design, "random", DEFAULTS, scales).by_entity
        return from_dict(
            {"posterior": {k: v[None] for k, v in scales.items()}, "log_likelihood": {"y": values[None]}}
        )

    class Entities(SamplingWrapper):
        def sel_observations(self, idx):
            return idx, idx

        def sample(self, modified_observed_data):
            return draws_of(*points[int(modified_observed_data[0])])

        def get_inference_data(self, fitted_model):
            return tree_of(fitted_model)

        def log_likelihood__i(self, excluded_obs, idata__i):
            return idata__i["log_likelihood"]["y"].isel(y_dim_0=excluded_obs)

    tree = tree_of(draws_of(*whole))
    theirs = loo_kfold(
        tree, Entities(model=None, idata_orig=tree), pointwise=True, k=6, group_by=np.arange(6)
    )
    found, _ = entity_refits(design, "random", DEFAULTS, range(6), 2000, 3)
    np.testing.assert_allclose(found, theirs.elpd_i, atol=0.15)


@pytest.mark.parametrize(("missing", "form", "priors"), [(0.0, "mundlak", HEAVY), (0.25, "fixed", DEFAULTS)])
def test_scales_drawn_without_jax_are_those_of_the_collapsed_engine(simulate, missing, form, priors):
    """The same random numbers through a density that PyMC wrote and JAX compiled."""
    design = designed(simulate(missing=missing))
    scales = scale_draws(design, form, priors, 500, 1)
    drawn = batch([padded(statistics_of_design(design, form))], [priors], 500, 1)
    assert tuple(scales) == drawn.scales
    for j, name in enumerate(drawn.scales):
        np.testing.assert_allclose(scales[name], drawn.values[0, :, j], rtol=1e-5)
