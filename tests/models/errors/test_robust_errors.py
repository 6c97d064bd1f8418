"""Model-based and cluster-robust errors against dense n x n algebra, and against linearmodels."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from scipy import stats

from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Cluster, Spec
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.errors import LAWS
from posterity.models.errors.inference.problem import plan_and_priors, rows_of
from posterity.models.errors.inference.robust_errors import contrast_errors, robust_errors
from posterity.models.errors.stationary import paths
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import scale_of

from ...there import there
from .. import dense as written_out

AT = {"sigma": 0.6, "sd_entity": 0.8, "sd_time": 0.3, "rho_error": 0.7}
FLAT = {**DEFAULTS, **{n: Prior("normal", (0.0, 1e4)) for n in ("slope", "between", "intercept", "effect")}}


def design_of(frame, formula="y ~ x1 + x2 | city + year", cluster=None):
    panel = Panel.of(frame, entity="city", time="year", source="SYNTHETIC")
    vcov: Literal["iid"] | Cluster = Cluster(cluster=cluster) if cluster else "iid"
    return build_design(panel, Spec(formula=formula, vcov=vcov), "T1.1")


def dense(design, form, law, at, clusters):
    """A^-1, and A^-1 B A^-1 with the correction CR2, from V as an n x n matrix and its symmetric root."""
    rows, sizes = rows_of(design, form)
    _, data = plan_and_priors(design, DEFAULTS, form, LAWS[law], sizes)
    M, y = rows.M[:, :-1], rows.M[:, -1]
    k, g, _b = sizes
    same = design.entity[:, None] == design.entity
    year = rows.year
    V = (
        at["sigma"] ** 2
        * same
        * (at["rho_error"] ** abs(year[:, None] - year) if law == "ar1" else np.eye(design.n))
    )
    if design.entity_effects and form:
        V = V + same * (float(data["effect_sd"]) if form == "fixed" else at["sd_entity"]) ** 2
    time = at["sd_time"] if form in ("random", "mundlak") else 1.0
    sd = np.concatenate([data["spread"][: k + g], time * data["spread"][k + g :]])
    precision = np.append(sd**-2.0, 1 / float(data["constant_variance"]))
    W = np.linalg.inv(V)
    A = np.linalg.inv(M.T @ W @ M + np.diag(precision))
    theta = A @ (M.T @ W @ y + precision * data["location"])
    # any root L with L'L = V^-1 gives the same scores, as long as it does not mix clusters
    L = np.linalg.cholesky(W[np.ix_(order := np.argsort(clusters, kind="stable"), order)]).T
    Z, e = L @ M[order], L @ (y - M @ theta)[order]
    B = np.zeros_like(A)
    for cluster in np.unique(clusters):
        at_g = clusters[order] == cluster
        values, vectors = np.linalg.eigh(np.eye(at_g.sum()) - Z[at_g] @ A @ Z[at_g].T)
        score = Z[at_g].T @ (vectors @ np.diag(values**-0.5) @ vectors.T) @ e[at_g]
        B += np.outer(score, score)
    return np.sqrt(np.diag(A)[:k]), np.sqrt(np.diag(A @ B @ A)[:k])


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
@pytest.mark.parametrize("entities", [7, 30])
def test_model_based_errors_are_standard_deviations_of_the_whole_model(form, entities):
    """Every effect a coefficient, zero-sum ones too: of 7 entities the constant's "variance" is negative."""
    design = written_out.panel("both", True, entities=entities)
    found = there(robust_errors(design, DEFAULTS, form, LAWS["gaussian"], written_out.SCALES))
    _, covariance = written_out.dense(design, form, DEFAULTS).conditional()
    np.testing.assert_allclose(found.model, np.sqrt(np.diag(covariance)[:2]), rtol=1e-8)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
@pytest.mark.parametrize("law", ["gaussian", "ar1"])
@pytest.mark.parametrize("cluster", [None, "region"])
def test_errors_are_those_of_dense_algebra(any_frame, form, law, cluster):
    frame = any_frame.assign(region=any_frame["city"].str[1:].astype(int) % 4)
    design = design_of(frame, cluster=cluster)
    clusters = design.entity if cluster is None else design.clusters
    found = there(robust_errors(design, DEFAULTS, form, LAWS[law], AT))
    model, robust = dense(design, form, law, AT, clusters)
    assert found.clusters == (12 if cluster is None else 4)
    assert found.model == pytest.approx(model, rel=1e-6)
    assert found.robust == pytest.approx(robust, rel=1e-6)


def test_with_many_clusters_and_flat_priors_it_is_the_cluster_robust_error_of_least_squares(simulate):
    """CR2 and the usual factor G/(G-1) differ by a part in G: 120 entities, 1%."""
    design = design_of(simulate(n_entity=120, n_time=5), cluster="city")
    at = {"sigma": 0.2}
    found = there(robust_errors(design, FLAT, "fixed", LAWS["gaussian"], at))
    published = least_squares(design, Cluster(cluster="city")).std_error[:2] / scale_of(design).unit
    assert found.robust == pytest.approx(published, rel=0.02)
    assert found.robust != pytest.approx(found.model, rel=0.05)


def moves_little(w: float, rng: np.random.Generator) -> pd.DataFrame:
    """SYNTHETIC: x varies within entities by a share w of its overall standard deviation, and y with it."""
    entity, time = np.divmod(np.arange(48 * 17), 17)
    own = rng.normal(size=(48, 17))
    own = ((own - own.mean(axis=1, keepdims=True)) / own.std()).ravel()
    x = np.sqrt(1 - w**2) * rng.normal(size=48)[entity] + w * own
    y = 0.5 * own + rng.normal(size=48)[entity] + 0.3 * rng.normal(size=len(x))
    return pd.DataFrame({"city": [f"c{i:02d}" for i in entity], "year": time, "x": x, "y": y})


@pytest.mark.parametrize("form", ["fixed", "mundlak"])
def test_the_prior_moves_the_slope_away_from_the_within_estimator(form):
    """A prior N(0, t^2) moves linearmodels' estimate b with standard error s to b t^2 / (t^2 + s^2)."""
    frame = moves_little(0.03, np.random.default_rng(1))
    design = design_of(frame, "y ~ x | city")
    fit = PanelOLS.from_formula("y ~ x + EntityEffects", frame.set_index(["city", "year"])).fit()
    unit, estimate = scale_of(design).unit[0], fit.params["x"]
    at = {"sigma": float(np.sqrt(fit.s2)) / design.y.std(), "sd_entity": 1.0}
    for sd, flagged in ((0.05, True), (1.0, False)):
        priors = {**DEFAULTS, "slope": Prior("normal", (0.0, sd))}
        found = there(robust_errors(design, priors, form, LAWS["gaussian"], at))
        error = fit.std_errors["x"]
        shift = -estimate / error * error**2 / (error**2 + (sd * unit) ** 2)
        assert found.prior_shift == pytest.approx([shift], rel=0.01)
        assert (abs(shift) > 1) == flagged


@pytest.mark.parametrize("w", [0.3, 0.03, 0.01, 0.003])
@pytest.mark.parametrize("form", ["fixed", "mundlak"])
def test_the_default_prior_leaves_a_slope_that_moves_little_within_as_the_data_have_it(form, w):
    """The posterior mean over the within estimator of linearmodels, whose t is above 28."""
    frame = moves_little(w, np.random.default_rng(2))
    fit = PanelOLS.from_formula("y ~ x + EntityEffects", frame.set_index(["city", "year"])).fit()
    statistics = statistics_of_design(design_of(frame, "y ~ x | city"), form)
    mean = float(posterior(statistics, sampler=Sampler(draws=500))["posterior"]["coef"].mean())
    assert fit.params["x"] / fit.std_errors["x"] > 28
    assert 0.98 < mean / fit.params["x"] < 1.02


def test_errors_of_the_right_law_are_left_as_they_are_and_of_the_wrong_one_are_not(simulate):
    rng = np.random.default_rng(3)
    frame = simulate(n_entity=400, n_time=8)
    path = np.zeros((400, 8))
    for t in range(8):
        path[:, t] = (0.8 * path[:, t - 1] if t else 0) + rng.normal(size=400) * (0.6 if t else 1.0)
    x = path * 0
    for t in range(8):
        x[:, t] = (0.8 * x[:, t - 1] if t else 0) + rng.normal(size=400)
    frame["x1"] = x.ravel()
    frame["y"] = 0.3 * frame["x1"] + path.ravel()
    design = design_of(frame, "y ~ x1 | city + year")
    sd = design.y.std()
    right = there(robust_errors(design, DEFAULTS, "fixed", LAWS["ar1"], {"sigma": 1 / sd, "rho_error": 0.8}))
    wrong = there(robust_errors(design, DEFAULTS, "fixed", LAWS["gaussian"], {"sigma": 0.68 / sd}))
    assert right.robust / right.model == pytest.approx(1, abs=0.12)
    assert wrong.robust / wrong.model > 1.3


def test_what_cannot_be_done_is_none(frame):
    design = design_of(frame)
    for law in ("student_t", "entity_variance"):
        assert robust_errors(design, DEFAULTS, "fixed", LAWS[law], AT) is None
    one = replace(design, clusters=np.zeros(design.n, int))
    assert robust_errors(one, DEFAULTS, "fixed", LAWS["gaussian"], AT) is None


def test_contrasts_of_two_laws_are_as_far_from_zero_as_chance_takes_them():
    """Errors AR(1) with 0.8, a strictly exogenous regressor, SYNTHETIC: 95% of 200 contrasts hold 0."""
    rng, held = np.random.default_rng(3), []
    entity, time = np.divmod(np.arange(30 * 11), 11)
    at = {"sigma": 0.7, "sd_entity": 0.7}
    for _ in range(200):
        x, e = (paths(0.8, tuple(range(11)), 30, rng).T.ravel() for _ in range(2))
        frame = pd.DataFrame({"city": [f"c{i:02d}" for i in entity], "year": time, "x": x})
        design = design_of(frame.assign(y=0.3 * x + e + rng.normal(size=30)[entity]), "y ~ x | city")
        one, other = (
            there(robust_errors(design, DEFAULTS, "mundlak", LAWS[law], at | {"rho_error": 0.8}))
            for law in ("gaussian", "ar1")
        )
        assert contrast_errors(one, one) == 0
        held.append(abs(other.slopes - one.slopes) < stats.t.ppf(0.975, 29) * contrast_errors(one, other))
    assert 0.90 < np.mean(held) < 0.99
