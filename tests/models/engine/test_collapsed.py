"""The collapsed model against dense Gaussian algebra that never collapses anything."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from posterity.data.errors import InputError
from posterity.data.sample.design import Design
from posterity.data.study.spec import Form
from posterity.models.engine.collapsed import (
    collapsed_data,
    collapsed_model,
    collapsible,
    evaluate,
    scale_priors,
    scales_of,
)
from posterity.models.engine.draw_back import coefficients, effect_noise
from posterity.models.engine.draw_back import effects as draw_effects
from posterity.models.engine.programs import compiled, programs
from posterity.models.engine.sampling import prepare
from posterity.models.engine.statistics import Statistics, padded, statistics_of_design, zero_sum_basis
from posterity.models.priors import DEFAULTS, Prior, Priors
from posterity.models.scale import standardise

from ...there import there
from ..dense import SCALES, dense, panel

EXACT = 1e-8
PRIORS: Priors = {
    **DEFAULTS,
    "slope": Prior("normal", (0.2, 0.7)),
    "between": Prior("normal", (-0.1, 1.5)),
    "intercept": Prior("normal", (0.3, 2.0)),
    "effect": Prior("normal", (0.0, 8.0)),
    "sd_entity": Prior("half_cauchy", (0.5,)),
    "sd_time": Prior("exponential", (2.0,)),
}
TAILS: Priors = {
    **PRIORS,
    "slope": Prior("student_t", (3.0, 0.2, 0.7)),
    "between": Prior("laplace", (-0.1, 1.5)),
}
CASES = [
    (form, effects, gaps)
    for form in ("fixed", "random", "mundlak")
    for effects in ("entity", "time", "both")
    for gaps in (False, True)
] + [(None, "", True)]


@pytest.fixture(autouse=True, scope="module")
def _double_precision() -> None:
    prepare("cpu")


class Probe(NamedTuple):
    """Log-density at `SCALES`, and mean and covariance of w given y there."""

    log_density: float
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def probe(statistics: Statistics, priors: Priors) -> Probe:
    """Read the law of w off draws, which are affine in their noise."""
    data = collapsed_data(statistics, priors)
    q, extra = len(data["spread"]) + 1, effect_noise(statistics)
    noise = np.concatenate([np.zeros((1, q + extra)), np.eye(q + extra)])
    names = scales_of(statistics, priors)
    point = np.log([SCALES[name] for name in names])
    state = evaluate(point, data, statistics, priors)
    with np.errstate(invalid="ignore"):  # the constant of `fixed` is not drawn
        theta, constant = coefficients(state, data, noise[:, :q])
    scales = {name: np.full(len(noise), SCALES[name]) for name in names}
    found = draw_effects(statistics, data, scales, theta, constant, noise[:, q:])
    fixed = statistics.n_slope + statistics.n_between + statistics.n_varying
    parts = [theta[:, :fixed], found["intercept"][:, None]]
    if "entity_effect" in found:
        level = found["intercept"][:, None]
        if statistics.form == "mundlak":
            k = statistics.n_slope
            level = (
                level
                + theta[:, k : 2 * k] @ (statistics.by_entity[:, k : 2 * k] / statistics.rows[:, None]).T
            )
        parts.append(found["entity_effect"] - (0 if statistics.form == "fixed" else level))
    if "time_effect" in found:
        parts.append(found["time_effect"])
    w = np.hstack(parts)
    return Probe(float(state.log_density), w[0], (w[1:] - w[0]).T @ (w[1:] - w[0]))


def log_prior(statistics: Statistics, priors: Priors) -> float:
    """Of the scales, in the coordinates of their logarithms."""
    laws = scale_priors(statistics, priors)
    return sum(float(law.frozen().logpdf(SCALES[name]) + np.log(SCALES[name])) for name, law in laws.items())


@pytest.mark.parametrize(("form", "effects", "gaps"), CASES)
def test_the_collapsed_model_is_the_dense_gaussian(form: Form | None, effects: str, gaps: bool) -> None:
    """Log marginal likelihood, and conditional mean and covariance of every coefficient and effect."""
    design = panel(effects, gaps)
    statistics = padded(statistics_of_design(design, form))
    assert_same_law(statistics, design, form, PRIORS)


@pytest.mark.parametrize(
    ("form", "effects", "gaps", "priors"),
    [("mundlak", "both", True, TAILS), ("random", "both", False, PRIORS), ("fixed", "entity", True, PRIORS)],
)
def test_the_program_is_the_log_density_of_the_pymc_model(form, effects, gaps, priors) -> None:
    statistics = statistics_of_design(panel(effects, gaps), form)
    names = scales_of(statistics, priors)
    point = np.log([SCALES[name] for name in names])
    model = collapsed_model(statistics, priors)
    coordinates = {f"{name}_log__": value for name, value in zip(names, point, strict=True)}
    expected = model.compile_fn(model.logp(), mode="FAST_COMPILE", on_unused_input="ignore")(coordinates)
    found = evaluate(point, collapsed_data(statistics, priors), statistics, priors)
    # PyMC's half-Cauchy is right to 1e-9 only: SciPy's is ours
    assert float(found.log_density) == pytest.approx(float(expected), abs=1e-7)


@pytest.mark.parametrize(
    ("form", "effects", "gaps", "priors"),
    [("mundlak", "both", True, TAILS), ("fixed", "entity", True, PRIORS), (None, "", False, PRIORS)],
)
def test_a_program_for_a_gpu_gives_what_numpy_gives(form, effects, gaps, priors) -> None:
    """At more points than a block has, of two problems."""
    each = [padded(statistics_of_design(panel(effects, gaps, seed=seed), form), 8) for seed in (1, 2)]
    data = [collapsed_data(statistics, priors) for statistics in each]
    stacked = {name: np.stack([one[name] for one in data]) for name in data[0]}
    rng, names = np.random.default_rng(1), scales_of(each[0], priors)
    points = rng.normal(np.log([SCALES[name] for name in names]), 0.3, (2, 300, len(names)))
    noise = rng.normal(size=(2, 300, stacked["spread"].shape[1] + 1))
    here, there = programs(each[0], priors), compiled(each[0], priors)
    expected = there.density(points, stacked)
    np.testing.assert_allclose(here.density(points, stacked), expected, rtol=1e-10)
    assert np.ptp(expected) > 1
    for mine, its in zip(
        here.coefficients(points, stacked, noise), there.coefficients(points, stacked, noise), strict=True
    ):
        np.testing.assert_allclose(mine, its, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("varying", [(1,), (0, 1)])
@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_varying_slopes_are_the_dense_gaussian(form: Form, varying: tuple[int, ...], gaps: bool) -> None:
    for effects in ("entity", "both"):
        design = panel(effects, gaps, varying=varying)
        assert_same_law(padded(statistics_of_design(design, form)), design, form, PRIORS)


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak"])
def test_heavy_tailed_slopes_are_the_dense_gaussian_given_their_mixing(form: Form) -> None:
    design = panel("both", gaps=True)
    assert_same_law(statistics_of_design(design, form), design, form, TAILS)


@pytest.mark.parametrize(
    "prior", [Prior("student_t", (4.0, 0.0, 0.5)), Prior("cauchy", (0.0, 0.5)), Prior("laplace", (0.0, 0.5))]
)
def test_a_mixture_of_normals_is_the_heavy_tailed_prior(prior: Prior) -> None:
    """Quadrature over the mixing variable gives the density of SciPy."""
    mixing = there(prior.mixing).frozen()
    for x in (0.1, 0.7, 3.0):
        density, _ = quad(
            lambda v, x=x: norm.pdf(x, 0, prior.arguments[-1] * np.sqrt(v)) * mixing.pdf(v),
            0,
            np.inf,
            limit=400,
        )
        assert density == pytest.approx(prior.frozen().pdf(x), rel=1e-6)


def assert_same_law(statistics: Statistics, design: Design, form: Form | None, priors: Priors) -> None:
    found, reference = probe(statistics, priors), dense(design, form, priors)
    expected = reference.log_likelihood() + log_prior(statistics, priors)
    assert found.log_density == pytest.approx(expected, rel=EXACT)
    mean, covariance = reference.conditional()
    np.testing.assert_allclose(found.mean, mean, atol=EXACT)
    np.testing.assert_allclose(found.covariance, covariance, atol=EXACT)


@pytest.mark.parametrize("gaps", [False, True])
def test_a_fixed_level_may_be_known_better_than_the_mean_of_its_effects(gaps: bool) -> None:
    """Few entities and wide effects: the constant's "variance" is negative, the law still exact."""
    priors = {**PRIORS, "effect": Prior("normal", (0.0, 30.0)), "intercept": Prior("normal", (0.0, 0.5))}
    design = panel("both", gaps)
    statistics = statistics_of_design(design, "fixed")
    data = collapsed_data(statistics, priors)
    assert data["constant_variance"] < 0
    reference = dense(design, "fixed", priors)
    found = probe(statistics, priors)
    expected = reference.log_likelihood() + log_prior(statistics, priors)
    assert found.log_density == pytest.approx(expected, rel=EXACT)
    for have, want in zip(found[1:], reference.conditional(), strict=True):
        np.testing.assert_allclose(have, want, atol=EXACT)


def test_balanced_one_way_anova_with_known_variances() -> None:
    """Shrinkage of entity means and log-likelihood by the textbook formulas, without linear algebra.

    y_ij = mu + a_i + e_ij, mu ~ N(0, m^2), a_i ~ N(0, t^2): with N entities of n rows, entity means have
    variance t^2 + s^2 / n about mu, and the sums of squares between and within are independent (Box
    and Tiao 1973, chapter 5).
    """
    design = panel("entity", gaps=False, k=1)
    flat_slope = {**PRIORS, "slope": Prior("normal", (0.0, 1e-9)), "intercept": Prior("normal", (0.0, 2.0))}
    statistics = statistics_of_design(design, "random")
    found = probe(statistics, flat_slope)
    N, n, s, t, m = len(design.entities), len(design.times), SCALES["sigma"], SCALES["sd_entity"], 2.0
    y = standardise(design).y.reshape(N, n)
    means = y.mean(axis=1)
    v = t**2 + s**2 / n
    ssw, ssb = ((y - means[:, None]) ** 2).sum(), ((means - means.mean()) ** 2).sum()
    expected = -0.5 * (
        N * n * np.log(2 * np.pi)
        + N * (n - 1) * np.log(s**2)
        + N * np.log(n * v)
        + np.log(1 + N * m**2 / v)
        + ssw / s**2
        + ssb / v
        + means.mean() ** 2 / (m**2 + v / N)
    )
    expected += log_prior(statistics, flat_slope)
    assert found.log_density == pytest.approx(expected, rel=EXACT)
    level = (N * means.mean() / v) / (N / v + 1 / m**2)
    np.testing.assert_allclose(found.mean[1], level, atol=EXACT)
    np.testing.assert_allclose(found.mean[2:], t**2 / v * (means - level), atol=EXACT)


def test_an_intercept_that_is_not_gaussian_is_refused_by_name() -> None:
    priors = {**DEFAULTS, "intercept": Prior("student_t", (3.0, 0.0, 1.0))}
    assert collapsible(TAILS)
    assert not collapsible(priors)
    with pytest.raises(InputError, match=r"intercept = student_t\(3, 0, 1\).*--engine nuts"):
        collapsed_data(statistics_of_design(panel("both", gaps=False), "random"), priors)


def test_zero_sum_basis_is_orthonormal_and_sums_to_zero() -> None:
    basis = zero_sum_basis(6)
    np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-14)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-14)
