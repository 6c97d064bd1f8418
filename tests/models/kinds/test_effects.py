"""The models against the within estimator, least squares and restricted maximum likelihood.

Draws are the collapsed engine's; `errors/test_kept_effects.py` holds it to the density of the PyMC model.
"""

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Spec
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.kinds.effects import effects_model
from posterity.models.priors import with_overrides

FLAT = with_overrides({"slope": "normal(0, 100)", "between": "normal(0, 100)", "effect": "normal(0, 100)"})
SAMPLER = Sampler(draws=1000, seed=11)


def design_of(frame, formula):
    return build_design(Panel.of(frame, entity="city", time="year", source="test"), Spec(formula=formula))


def slopes(tree):
    draws = tree["posterior"]["coef"].stack(sample=("chain", "draw"))
    return draws.mean("sample").to_numpy(), draws.std("sample").to_numpy()


@pytest.mark.parametrize("form", ["mundlak", "fixed"])
def test_munnell_two_way_with_flat_priors_is_the_two_way_estimator(form):
    """Means within 0.1 posterior standard deviation, standard deviations within 10% of classical errors."""
    study = po.load("munnell-1990")
    design = study.spec("T1.3").design(study.panel())
    mean, sd = slopes(posterior(statistics_of_design(design, form), FLAT, SAMPLER))
    classical = least_squares(design)
    assert (np.abs(mean - classical.coef[:-1]) / sd).max() < 0.1
    np.testing.assert_allclose(sd, classical.std_error[:-1], rtol=0.1)


@pytest.mark.parametrize("formula", ["y ~ x1 + x2 | city", "y ~ x1 + x2 | city + year"])
def test_mundlak_slope_targets_the_within_estimator_in_unbalanced_panels(simulate, formula):
    design = design_of(simulate(n_entity=25, n_time=8, missing=0.3, seed=4), formula)
    mean, sd = slopes(posterior(statistics_of_design(design, "mundlak"), FLAT, SAMPLER))
    classical = least_squares(design)
    assert (np.abs(mean - classical.coef[:-1]) / sd).max() < 0.12
    np.testing.assert_allclose(sd, classical.std_error[:-1], rtol=0.1)


def test_random_effects_agree_with_restricted_maximum_likelihood(simulate):
    """statsmodels MixedLM, one-way random intercepts, on a panel large enough for flat priors to agree."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = simulate(n_entity=60, n_time=6, seed=8)
    design = design_of(frame, "y ~ x1 + x2 | city")
    tree = posterior(statistics_of_design(design, "random"), FLAT, SAMPLER)
    mean, sd = slopes(tree)
    exog = np.column_stack([design.X, np.ones(design.n)])
    reml = MixedLM(design.y, exog, groups=design.entity).fit(reml=True)
    assert (np.abs(mean - reml.fe_params[:2]) / sd).max() < 0.15
    np.testing.assert_allclose(sd, reml.bse_fe[:2], rtol=0.1)
    scale = float(tree["posterior"]["sd_entity"].mean()) * design.y.std()
    assert scale == pytest.approx(float(np.sqrt(reml.cov_re[0, 0])), rel=0.1)


def test_partial_pooling_is_pulled_off_the_within_slope_where_effects_correlate(simulate):
    """Why mundlak is the default: `random` mixes the between slope in, `mundlak` does not."""
    design = design_of(simulate(n_entity=40, n_time=4, seed=3), "y ~ x1 + x2 | city")
    within = least_squares(design).coef[0]
    random, _ = slopes(posterior(statistics_of_design(design, "random"), FLAT, SAMPLER))
    mundlak, sd = slopes(posterior(statistics_of_design(design, "mundlak"), FLAT, SAMPLER))
    assert random[0] - within > 2 * sd[0]
    assert abs(mundlak[0] - within) < 0.15 * sd[0]


def test_pooled_with_flat_priors_is_least_squares(frame):
    design = design_of(frame, "y ~ x1 + x2")
    tree = posterior(statistics_of_design(design, None), FLAT, SAMPLER)
    mean, sd = slopes(tree)
    classical = least_squares(design)
    assert (np.abs(mean - classical.coef[:-1]) / sd).max() < 0.1
    np.testing.assert_allclose(sd, classical.std_error[:-1], rtol=0.1)
    constant = tree["posterior"]["constant"]
    assert float(constant.mean()) == pytest.approx(classical.coef[-1], abs=0.1 * float(constant.std()))
    assert float(constant.std()) == pytest.approx(classical.std_error[-1], rel=0.1)


def test_units_do_not_matter(frame):
    """Outcome in thousands and a regressor in thousandths: the same density of the standardised model."""
    small, large = (
        effects_model(design_of(f, "y ~ x1 + x2 | city + year"))
        for f in (frame, frame.assign(y=frame["y"] * 1000, x1=frame["x1"] / 1000))
    )
    point = small.initial_point()
    assert small.compile_logp()(point) == pytest.approx(large.compile_logp()(point), rel=1e-10)


def test_names_and_coordinates_read_well(frame):
    model = effects_model(design_of(frame, "y ~ x1 + x2 | city + year"))
    assert model.coords["term"] == ("x1", "x2")
    assert model.named_vars_to_dims["entity_effect"] == ("city",)
    assert model.coords["year"] == tuple(sorted(pd.unique(frame["year"])))
