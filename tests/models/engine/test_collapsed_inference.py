"""Direct draws against quadrature, arviz_stats, closed forms and NUTS on the expanded model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from scipy import stats
from xarray import Dataset, DataTree

from posterity.data.study.spec import Form
from posterity.models.engine import importance
from posterity.models.engine.collapsed import collapsed_data, evaluate, scales_of
from posterity.models.engine.importance import MAX_K_HAT, find_mode, sample
from posterity.models.engine.posterior import batch, posterior
from posterity.models.engine.programs import programs
from posterity.models.engine.psis import psis
from posterity.models.engine.sampling import Sampler, prepare
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.kinds.effects import effects_model
from posterity.models.kinds.pooled import pooled_model
from posterity.models.priors import DEFAULTS, Prior, Priors

from ..dense import panel
from .collapsed_reference import CASES, ENTITIES, HEAVY, TIMES
from .collapsed_reference import PATH as REFERENCE

Array = NDArray[np.float64]


@pytest.fixture(autouse=True, scope="module")
def _double_precision() -> None:
    prepare("cpu")


@pytest.mark.parametrize("size", [200, 1000, 5000])
def test_pareto_smoothing_is_that_of_arviz(size: int) -> None:
    log_ratios = np.random.default_rng(size).standard_t(4, size=(3, size)) * [[0.3], [1.0], [3.0]]
    weights, k_hat = psis(log_ratios)
    for row, found, k in zip(log_ratios, weights, k_hat, strict=True):
        expected, expected_k = array_stats.psislw(-row)
        np.testing.assert_allclose(found, expected, atol=1e-10)
        assert k == pytest.approx(float(expected_k), abs=1e-10)


def test_mode_and_curvature_of_a_gaussian_are_exact() -> None:
    centre, covariance = np.array([[-1.0, 0.5], [-8.0, 2.0]]), np.array([[0.04, 0.01], [0.01, 0.09]])
    inverse = np.linalg.inv(covariance)

    def density(points: Array) -> Array:
        away = points - centre[:, None]
        return -0.5 * np.einsum("nbi,ij,nbj->nb", away, inverse, away)

    mode, root = find_mode(density, 2, 2)
    np.testing.assert_allclose(mode, centre, atol=1e-4)
    np.testing.assert_allclose(root @ np.moveaxis(root, 1, 2), [covariance] * 2, rtol=1e-4)
    draws = sample(density, 2, 2, 4000, seed=1)
    np.testing.assert_allclose(
        draws.log_marginal, 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1], atol=0.03
    )
    np.testing.assert_allclose(draws.points.std(axis=1), [[0.2, 0.3]] * 2, rtol=0.05)


def test_tails_heavier_than_the_proposal_raise_the_alarm() -> None:
    draws = sample(lambda points: -np.log1p(points[..., 0] ** 2), 1, 1, 4000, seed=1)
    assert draws.k_hat[0] > MAX_K_HAT
    assert not draws.trusted[0]


@pytest.mark.parametrize(
    ("form", "gaps", "priors"), [("mundlak", True, DEFAULTS), ("random", False, HEAVY)], ids=["gaps", "heavy"]
)
def test_direct_draws_agree_with_quadrature(form: Form, gaps: bool, priors: Priors) -> None:
    """Log marginal likelihood, and mean and standard deviation of every log scale, on a 3-d grid."""
    statistics = padded(statistics_of_design(panel("both", gaps, entities=5, times=4), form))
    axes = [np.linspace(-2, 1.5, 60), np.linspace(-14, 4, 150), np.linspace(-14, 4, 150)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(1, -1, 3)
    data = {name: value[None] for name, value in collapsed_data(statistics, priors).items()}
    log_p = programs(statistics, priors).density(grid, data)[0]
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    weight = np.exp(log_p - log_p.max())
    log_marginal = np.log(weight.sum() * cell) + log_p.max()
    mean = weight @ grid[0] / weight.sum()
    sd = np.sqrt(weight @ (grid[0] - mean) ** 2 / weight.sum())

    found = batch([statistics], [priors], draws=8000, seed=3)
    direct = found.direct
    assert direct.trusted[0]
    assert abs(direct.log_marginal[0] - log_marginal) < 4 * direct.log_marginal_error[0] < 0.05
    logs = np.log(found.values[0])
    assert (np.abs(logs.mean(axis=0) - mean) < 4 * sd / np.sqrt(direct.ess[0])).all()
    np.testing.assert_allclose(logs.std(axis=0), sd, rtol=0.06)


def test_a_batch_gives_each_problem_the_draws_it_has_alone() -> None:
    panels = [padded(statistics_of_design(panel("both", True, seed=s), "mundlak"), 8) for s in (1, 2)]
    priors = [{**DEFAULTS, "slope": Prior("normal", (0.0, sd))} for sd in (0.1, 1.0)]
    together = batch(panels, priors, draws=500, seed=4)
    for i in range(2):
        alone = batch(panels[i : i + 1], priors[i : i + 1], draws=500, seed=4)
        np.testing.assert_allclose(together.theta[i], alone.theta[0], atol=1e-9)
        np.testing.assert_allclose(together.direct.log_marginal[i], alone.direct.log_marginal[0], atol=1e-9)
    assert np.abs(together.theta[0, :, :2]).mean() < np.abs(together.theta[1, :, :2]).mean()


@pytest.mark.parametrize("form", ["fixed", "random", "mundlak", None])
def test_trees_have_the_variables_dims_and_coords_of_the_expanded_model(form: Form | None) -> None:
    design = panel("both", gaps=True, varying=() if form is None else (1,))
    model = pooled_model(design) if form is None else effects_model(design, DEFAULTS, form)
    tree = posterior(statistics_of_design(design, form), sampler=Sampler(draws=50, chains=2))
    found = tree.children["posterior"].dataset
    expected = {
        v.name: model.named_vars_to_dims.get(v.name, ()) for v in [*model.free_RVs, *model.deterministics]
    }
    assert {name: found[name].dims[2:] for name in found.data_vars} == {
        k: tuple(v) for k, v in expected.items()
    }
    for dim in {dim for dims in expected.values() for dim in dims}:
        assert tuple(found[dim].values) == tuple(model.coords[dim])
    assert found.sizes["chain"] == 2
    assert tree.attrs["method"] == "importance"


@pytest.mark.parametrize("case", list(CASES))
def test_direct_draws_agree_with_expanded_nuts(case: str) -> None:
    """Every mean and every standard deviation within 4 Monte Carlo standard errors.

    The reference is 4 x 20,000 draws on the expanded model, made by `collapsed_reference.py`.
    """
    form, effects, gaps, priors, varying = CASES[case]
    design = panel(effects, gaps, entities=ENTITIES, times=TIMES, varying=varying)
    tree = posterior(statistics_of_design(design, form), priors, Sampler(draws=20_000, seed=5))
    reference = pd.read_csv(REFERENCE).query("case == @case")
    assert set(reference["variable"]) == set(tree["posterior"].data_vars)
    assert tree.attrs["k_hat"] < MAX_K_HAT
    for name, rows in reference.groupby("variable"):
        draws = tree["posterior"][name].to_numpy().reshape(80_000, -1)
        error = np.sqrt(rows["mean_error"] ** 2 + draws.var(axis=0) / tree.attrs["ess"])
        assert (np.abs(draws.mean(axis=0) - rows["mean"]) < 4 * error).all(), name
        spread = draws.var(axis=0) * (stats.kurtosis(draws, fisher=False) - 1) / 4 / tree.attrs["ess"]
        error = np.sqrt(rows["sd_error"] ** 2 + spread)
        assert (np.abs(draws.std(axis=0) - rows["sd"]) < 4 * error).all(), name


def test_untrusted_weights_fall_back_to_nuts_on_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """NUTS is given the density of the engine; what it gives back is completed as direct draws are."""
    statistics = statistics_of_design(panel("both", gaps=True), "mundlak")
    sampler, asked = Sampler(draws=500, tune=500), []
    direct = posterior(statistics, sampler=sampler)

    def nuts(model: pm.Model, given: Sampler) -> DataTree:
        asked.append((model, given))
        diverging = Dataset({"diverging": (("chain", "draw"), np.zeros((4, 500), bool))})
        drawn = direct["posterior"].to_dataset()
        return DataTree.from_dict({"posterior": drawn, "sample_stats": diverging})

    monkeypatch.setattr(importance, "MAX_K_HAT", -np.inf)
    monkeypatch.setattr("posterity.models.engine.posterior.nuts", nuts)
    chains = posterior(statistics, sampler=sampler)
    ((model, given),) = asked
    assert given == sampler
    point = np.array([-0.5, -0.2, -1.0])
    named = {f"{name}_log__": value for name, value in zip(scales_of(statistics), point, strict=True)}
    logp = model.compile_fn(model.logp(), mode="FAST_COMPILE", on_unused_input="ignore")(named)
    expected = evaluate(point, collapsed_data(statistics, DEFAULTS), statistics, DEFAULTS).log_density
    assert float(logp) == pytest.approx(float(expected), abs=1e-7)
    assert chains.attrs["method"] == "nuts"
    assert int(chains["sample_stats"]["diverging"].sum()) == 0
    for name in ("slope", "sigma", "sd_entity", "sd_time", "entity_effect"):
        a, b = (tree["posterior"][name] for tree in (direct, chains))
        error = b.std() * np.sqrt(2 / direct.attrs["ess"])
        assert float(np.abs(a.mean(("chain", "draw")) - b.mean(("chain", "draw"))).max()) < 4 * float(error)
