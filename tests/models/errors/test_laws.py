"""Errors that are not independent Gaussian: exact likelihoods, other implementations, calibration."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.within import split
from posterity.data.study.spec import Spec
from posterity.models.errors import LAWS as EVERY
from posterity.models.errors import ar1
from posterity.models.errors.inference import gibbs, importance_draws
from posterity.models.errors.inference.importance_draws import marginal, programs
from posterity.models.errors.inference.posteriors import error_posteriors
from posterity.models.errors.inference.problem import log_prior, problem, rows_of, values_of
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.priors import DEFAULTS, with_overrides
from posterity.models.scale import standardise

from ..error_panels import CLUSTERS, LAWS, empty, ranks, small

NUTS = pd.read_csv(Path(__file__).parents[1] / "reference" / "errors.csv")
FORMS = ["mundlak", "random", "fixed", None]
AT = {
    "sigma": 0.7,
    "sd_entity": 0.4,
    "sd_time": 0.3,
    "rho_error": -0.45,
    "sd_cluster": 0.5,
    "rho_cluster": 0.6,
}


def dense(design, form, errors, at, weight=1.0):
    """Log-density of the standardised outcome, from its n x n covariance."""
    z = standardise(design, form is not None)
    part = split(z.X, design.entity, design.time, form is not None, form is not None)
    X = z.X if form in ("random", None) else part.within
    V = X @ X.T + 2.5**2  # slopes N(0, 1), intercept N(0, 2.5)
    D, S = np.eye(len(design.entities))[design.entity], np.eye(len(design.times))[design.time]
    if form == "mundlak":
        V = V + 2.5**2 * part.entity[design.entity] @ part.entity[design.entity].T
    if form is not None:
        sds = (10.0, 10.0) if form == "fixed" else (at["sd_entity"], at["sd_time"])
        centred = np.eye(len(D.T)) - (1 / len(D.T) if form == "fixed" else 0.0)
        V = V + sds[0] ** 2 * D @ centred @ D.T
        V = V + sds[1] ** 2 * S @ (np.eye(len(S.T)) - 1 / len(S.T)) @ S.T
    apart = np.abs(design.time[:, None] - design.time)
    if errors == "ar1":
        V = V + at["sigma"] ** 2 * at["rho_error"] ** apart * (D @ D.T)
    else:
        V = V + np.diag(at["sigma"] ** 2 / weight * np.ones(design.n))
    if errors == "cluster":
        same = design.clusters[:, None] == design.clusters
        V = V + at["sd_cluster"] ** 2 * at["rho_cluster"] ** apart * same
    return stats.multivariate_normal(np.zeros(design.n), V).logpdf(z.y)


def point_of(plan):
    return np.array([-2 * np.arctanh(AT[n]) if n.startswith("rho") else np.log(AT[n]) for n in plan.names])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("errors", ["ar1", "cluster"])
def test_collapsed_density_is_the_dense_one_with_gaps(errors, form):
    design = small(errors)
    plan, data = problem(design, DEFAULTS, form, EVERY[errors])
    point = point_of(plan)

    def density(p):
        return marginal(plan, values_of(plan, p), data)[1]

    expected = dense(design, form, errors, AT)
    assert float(jax.jit(density)(point)) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(density(np.stack([point, point + 0.1, point]))[[0, 2]], expected, rtol=1e-9)


@pytest.mark.parametrize("form", ["fixed", "mundlak", None])
@pytest.mark.parametrize("errors", ["ar1", "cluster"])
def test_programs_for_a_gpu_give_what_numpy_gives(errors, form):
    """At more points than one block of JAX has."""
    plan, data = problem(small(errors), DEFAULTS, form, EVERY[errors])
    rng = np.random.default_rng(1)
    points = point_of(plan) + 0.2 * rng.normal(size=(300, len(plan.names)))
    noise = rng.normal(size=(300, len(plan.owner) + 1))
    here, there = programs(plan, "cpu"), programs(plan, "gpu")
    expected = there.density(points, data)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(here.density(points, data), expected, rtol=1e-9)
    drawn = zip(here.coefficients(points, data, noise), there.coefficients(points, data, noise), strict=True)
    for mine, its in drawn:
        np.testing.assert_allclose(mine, its, rtol=1e-7, atol=1e-9)


def test_a_gpu_is_asked_for_before_anything_is_drawn_on_it(monkeypatch):
    """JAX computes in 32 bits until it is told otherwise."""
    asked: list[str] = []
    monkeypatch.setattr(importance_draws, "prepare", asked.append)
    error_posteriors([small("ar1")], DEFAULTS, "mundlak", "ar1", 50, 1, "gpu")
    assert asked == ["gpu"]


@pytest.mark.parametrize("form", FORMS)
def test_density_given_weights_is_the_dense_one(form):
    """What the Gibbs sampler weighs its scales by, up to n/2 log 2 pi and the density of the weights."""
    design, rng = small("student_t"), np.random.default_rng(1)
    plan, data = problem(design, DEFAULTS, form, EVERY["student_t"])
    weight = rng.gamma(2, 0.5, design.n)
    M = data["M"]
    H, sums = (M * weight[:, None]).T @ M, np.zeros((12, M.shape[1]))
    np.add.at(sums, design.entity, M * weight[:, None])
    point = np.array([np.log(AT.get(name, 4.0)) for name in plan.names])
    found = jax.jit(
        lambda p: gibbs._evaluate(plan, p, H, sums, sums[:, -2], data)[0] - log_prior(plan, p, data)
    )(point)
    found = found - design.n / 2 * np.log(2 * np.pi) + np.log(weight).sum() / 2
    assert float(found) == pytest.approx(dense(design, form, "student_t", AT, weight), rel=1e-9)


def test_prior_of_coordinates_integrates_to_one():
    """Two coordinates at a time: density of the priors with the Jacobian, by the trapezium rule."""
    plan, data = problem(small("ar1"), DEFAULTS, None, EVERY["ar1"])
    u = np.linspace(-18, 18, 601)
    grid = np.stack(np.meshgrid(u, u, indexing="ij"), -1).reshape(-1, 2)
    values = np.exp(log_prior(plan, grid, data)).reshape(601, 601)
    assert np.trapezoid(np.trapezoid(values, u), u) == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module")
def grunfeld():
    """The ten firms of Stata's `webuse grunfeld`, which leaves out American Steel."""
    from statsmodels.datasets import grunfeld

    frame = grunfeld.load_pandas().data.astype({"year": int})
    frame = frame[frame["firm"] != "American Steel"]
    panel = Panel.of(frame, entity="firm", time="year", source="Grunfeld")
    return build_design(panel, Spec(formula="invest ~ value + capital | firm"))


def test_transformed_rows_give_the_slopes_of_xtregar(grunfeld):
    """Stata 17 manual, [XT] xtregar, example 1.

    It prints rho_ar .67210608, mvalue .0949999 and kstock .350161, and uses no company's first row.
    """
    rho = 0.67210608
    sums = ar1.sums(rows_of(grunfeld, "random")[0])
    own, past, both, own_sum, past_sum, count = (
        sums[n][1] for n in ("own", "past", "both", "own_sum", "past_sum", "count")
    )
    H = own + rho**2 * past - rho * both
    S = own_sum - rho * past_sum
    H = H - S.T @ (S / count[:, None])
    slopes = np.linalg.solve(H[:2, :2], H[:2, -1]) * standardise(grunfeld).scale.unit
    np.testing.assert_allclose(slopes, [0.0949999, 0.350161], rtol=2e-6)


def test_ar1_posterior_on_grunfeld_is_that_of_generalised_least_squares(grunfeld):
    """statsmodels GLS with firm dummies over a grid of rho; slopes, constants and log sigma flat."""
    from statsmodels.regression.linear_model import GLS

    wide = with_overrides({"slope": "normal(0, 50)", "effect": "normal(0, 50)", "intercept": "normal(0, 50)",
                           "sigma": "half_normal(50)", "rho_error": "normal(0, 50)"})  # fmt: skip
    (found,) = error_posteriors([grunfeld], wide, "fixed", "ar1", 4000, 1)
    X = np.column_stack([grunfeld.X, np.eye(10)[grunfeld.entity]])
    same = grunfeld.entity[:, None] == grunfeld.entity
    apart = np.abs(grunfeld.time[:, None] - grunfeld.time)
    grid, log_weight, fits, errors = np.linspace(0.3, 0.995, 140), [], [], []
    n, k = X.shape
    for rho in grid:
        V = rho**apart * same
        fit = GLS(grunfeld.y, X, sigma=V).fit()
        # sigma flat: it integrates to a power of the sum of squares
        evidence = np.linalg.slogdet(V)[1] - np.linalg.slogdet(fit.normalized_cov_params)[1]
        log_weight.append(-0.5 * (evidence + (n - k - 1) * np.log(fit.ssr)))
        fits.append(fit.params[:2])
        errors.append(fit.bse[:2] ** 2 * (n - k) / (n - k - 3))
    weight = np.exp(np.array(log_weight) - max(log_weight))
    weight /= weight.sum()
    slopes = np.array(fits)
    mean = weight @ slopes
    sd = np.sqrt(weight @ (np.array(errors) + (slopes - mean) ** 2))
    drawn = found.parameters["rho_error"]
    assert found.k_hat < 0.7
    assert drawn.mean() == pytest.approx(weight @ grid, abs=4 * drawn.std() / np.sqrt(found.ess))
    assert drawn.std() == pytest.approx(np.sqrt(weight @ (grid - weight @ grid) ** 2), rel=0.05)
    np.testing.assert_array_less(np.abs(found.coef.mean(axis=0) - mean), 4 * sd / np.sqrt(found.ess))
    np.testing.assert_allclose(found.coef.std(axis=0), sd, rtol=0.05)


@pytest.mark.parametrize("law", LAWS)
def test_fast_route_agrees_with_nuts_on_the_expanded_model(law):
    """See reference/errors.py; means within 4 Monte Carlo errors, standard deviations within 5% more."""
    (found,) = error_posteriors([small(law)], DEFAULTS, "random", law, 2000, 2)
    assert found.trusted
    values = {"x1": found.coef[:, 0], "x2": found.coef[:, 1], **found.parameters}
    for row in NUTS[NUTS["law"] == law].itertuples():
        error = row.sd * np.sqrt(1 / row.ess + 1 / found.ess)
        assert abs(values[row.name].mean() - row.mean) < 4 * error, row.name
        of_sd = 4 * np.sqrt(1 / (2 * row.ess) + 1 / (2 * found.ess))
        assert values[row.name].std() == pytest.approx(row.sd, rel=0.05 + of_sd), row.name


@pytest.mark.parametrize("law", ["ar1", "student_t"])
def test_ranks_of_the_truth_are_uniform(law):
    """Simulation-based calibration, small; `benchmarks/error_models.py calibrate` runs the large one."""
    found = ranks(law, 25, empty(10, 6, 0.1, 2), 4, 400)
    for name, rank in found.items():
        assert stats.kstest((rank + 0.5) / 100, "uniform").pvalue > 0.002, name


def test_the_names_that_study_files_may_use_are_those_of_the_laws():
    from posterity.data.study.laws import LAWS as RULES

    assert set(RULES) == set(EVERY)
    assert all(name == law.name for name, law in EVERY.items())


@pytest.mark.parametrize("name", EVERY)
def test_a_law_holds_all_that_is_said_of_it(name):
    """Its parameters have default priors that fit their support, and `with_overrides` knows them."""
    law = EVERY[name]
    assert law.meaning.endswith(".")
    assert law.label
    for own in law.parameters:
        assert own.meaning
        assert DEFAULTS[own.name] == own.prior
        assert own.prior.positive == own.support.positive
        wrong = "normal(0, 1)" if own.support.positive else "half_normal(1)"
        with pytest.raises(InputError, match=f"prior {own.name}"):
            with_overrides({own.name: wrong})


@pytest.mark.parametrize("name", EVERY)
def test_simulated_errors_have_the_law(name):
    """Standard deviation, autocorrelation within entities and clusters, and tails, over many panels."""
    design, rng = empty(12, 7, 0.0, 5), np.random.default_rng(3)
    at = {
        "sigma": 0.5,
        "nu": 5.0,
        "rho_error": -0.6,
        "sd_variance": 0.5,
        "sd_cluster": 0.4,
        "rho_cluster": 0.7,
    }
    drawn = np.stack([EVERY[name].simulate(design, at, rng) for _ in range(4000)]).reshape(-1, 12, 7)
    nu = 2 / at["sd_variance"] ** 2
    variance, lag, shared = {
        "gaussian": (0.25, 0.0, 0.0),
        "student_t": (0.25 * 5 / 3, 0.0, 0.0),
        "ar1": (0.25, -0.6 * 0.25, 0.0),
        "entity_variance": (0.25 * nu / (nu - 2), 0.0, 0.0),
        "cluster": (0.25 + 0.16, 0.7 * 0.16, 0.16),
    }[name]
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    assert (drawn[:, :, 1:] * drawn[:, :, :-1]).mean() == pytest.approx(lag, abs=0.005)
    assert (drawn[:, 0] * drawn[:, CLUSTERS]).mean() == pytest.approx(shared, abs=0.01)
    if lag == 0:
        first, second = (
            drawn[:, :, 0] ** 2,
            drawn[:, :, 1] ** 2,
        )  # alike only where a variance is an entity's own
        between = 0.25**2 * ((nu / 2) ** 2 / ((nu / 2 - 1) * (nu / 2 - 2)) - (nu / (nu - 2)) ** 2)
        expected = between if name == "entity_variance" else 0.0
        assert np.cov(first.ravel(), second.ravel())[0, 1] == pytest.approx(expected, abs=0.015)


def test_gaussian_errors_are_those_of_the_collapsed_engine():
    from posterity.models.engine.posterior import posterior
    from posterity.models.engine.sampling import Sampler
    from posterity.models.engine.statistics import statistics_of_design

    design = small("ar1")
    (found,) = error_posteriors([design], DEFAULTS, "mundlak", "gaussian", 4000, 3)
    tree = posterior(statistics_of_design(design), DEFAULTS, Sampler(draws=1000, seed=3))
    np.testing.assert_allclose(found.coef, tree["posterior"]["coef"].to_numpy().reshape(-1, 2), rtol=1e-6)


def test_independent_errors_leave_least_squares():
    """AR(1) with rho near 0 and flat priors is the two-way estimator."""
    design = small("student_t")
    flat = with_overrides(
        {"slope": "normal(0, 50)", "effect": "normal(0, 50)", "rho_error": "normal(0, 0.001)"}
    )
    (found,) = error_posteriors([design], flat, "fixed", "ar1", 4000, 1)
    classical = least_squares(design)
    assert (np.abs(found.coef.mean(axis=0) - classical.coef[:2]) / classical.std_error[:2]).max() < 0.1
    np.testing.assert_allclose(found.coef.std(axis=0), classical.std_error[:2], rtol=0.06)


def test_designs_of_different_shapes_keep_their_order():
    designs = [small("ar1"), empty(10, 6, 0.0, 3), small("ar1")]
    designs[1] = replace(designs[1], y=designs[1].X @ [1.0, 0.0] + np.arange(60) % 7)
    found = error_posteriors(designs, DEFAULTS, "random", "ar1", 200, 1)
    np.testing.assert_array_equal(found[0].coef, found[2].coef)
    assert found[1].coef[:, 0].mean() == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize(
    ("change", "errors", "words"),
    [
        ({}, "arma", "is not known"),
        ({"clusters": None}, "cluster", "needs clusters"),
        ({"clusters": np.arange(60) % CLUSTERS}, "cluster", "never leaves"),
    ],
)
def test_bad_input(change, errors, words):
    design = replace(empty(10, 6, 0.0, 3), **change)
    with pytest.raises(InputError, match=words):
        error_posteriors(
            [replace(design, y=design.X[:, 0] + np.arange(60) % 7)], DEFAULTS, "mundlak", errors, 200, 1
        )
