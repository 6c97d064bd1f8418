"""Priors: parsed, never evaluated; the SciPy twin has the density of the PyMC variable."""

import numpy as np
import pymc as pm
import pytest

from posterity.data.errors import InputError
from posterity.models.families import FAMILIES, Prior, parse_prior
from posterity.models.parameters import CORRELATION, POSITIVE
from posterity.models.priors import DEFAULTS, PARAMETERS, with_overrides

from ..there import there

ARGUMENTS = {
    "normal": (0.3, 2.0), "student_t": (4.0, 0.3, 2.0), "cauchy": (0.3, 2.0), "laplace": (0.3, 2.0),
    "half_normal": (2.0,), "half_cauchy": (2.0,), "exponential": (2.0,), "inverse_gamma": (2.0, 1.5),
    "gamma": (2.0, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_scipy_twin_has_pymc_density(family):
    prior = Prior(family, ARGUMENTS[family])
    with pm.Model():
        variable = prior.variable("x")
    points = np.array([0.1, 0.7, 2.5])
    np.testing.assert_allclose(pm.logp(variable, points).eval(), prior.frozen().logpdf(points), rtol=1e-6)
    assert parse_prior(str(prior)) == prior


@pytest.mark.parametrize("family", FAMILIES)
def test_every_form_of_a_family_is_one_density(family):
    """SciPy's, frozen or not, the engine's, and the unnormalised kernel that the pages carry."""
    prior = Prior(family, ARGUMENTS[family])
    points = np.array([0.1, 0.7, 2.5, 9.0])
    frozen = prior.frozen().logpdf(points)
    np.testing.assert_allclose(prior.log_density(points), frozen, rtol=1e-12)
    padded = np.append(prior.arguments, [0.0, 0.0])[:3]
    np.testing.assert_allclose(FAMILIES[family].log_density(points, padded), frozen, rtol=1e-12)
    assert (prior.frozen().support()[0] == 0) == prior.positive
    assert (prior.kernel is None) == prior.positive
    if prior.kernel is not None:
        centre, scale = prior.arguments[-2:]
        gap = prior.kernel.log_density((points - centre) / scale) - frozen
        assert np.ptp(gap) < 1e-12


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.mixing])
def test_a_heavy_tailed_family_is_normal_given_the_multiple_of_its_variance(family):
    """Integrating N(centre, multiple x scale^2) over the multiple gives the family back."""
    from scipy.integrate import quad
    from scipy.stats import norm

    prior = Prior(family, ARGUMENTS[family])
    centre, scale = prior.arguments[-2:]
    law = there(prior.mixing).frozen()
    for x in (0.1, 2.5):
        density, _ = quad(
            lambda u, x=x: norm.pdf(x, centre, scale * np.exp(u / 2)) * law.pdf(np.exp(u)) * np.exp(u),
            -40, 40, limit=400, points=[0.0],
        )  # fmt: skip
        assert density == pytest.approx(prior.frozen().pdf(x), rel=1e-6)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_prior_fits_the_support_of_its_parameter(name):
    assert DEFAULTS[name].positive == PARAMETERS[name].support.positive


@pytest.mark.parametrize("prior", [Prior("normal", (0.0, 1.0)), Prior("normal", (0.9, 0.2))])
def test_a_correlation_is_cut_to_its_support(prior):
    draws = CORRELATION.draws(prior, 4000, np.random.default_rng(1))
    law = prior.frozen()
    mass = law.cdf(1.0) - law.cdf(-1.0)
    assert np.abs(draws).max() < 1
    assert CORRELATION.log_mass(prior) == pytest.approx(np.log(mass))
    assert (draws < 0.5).mean() == pytest.approx((law.cdf(0.5) - law.cdf(-1.0)) / mass, abs=0.025)
    assert POSITIVE.log_mass(Prior("half_normal", (1.0,))) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "normal",
        "normal()",
        "normal(0)",
        "normal(0, 0)",
        "normal(nan, 1)",
        "normal(0, inf)",
        "gauss(0, 1)",
        "a.b(1)",
    ],
)
def test_refused(text):
    with pytest.raises(InputError):
        parse_prior(text)


def test_later_layers_win():
    priors = with_overrides({"slope": "normal(0, 2)"}, {"slope": "cauchy(0, 1)"}, {})
    assert str(priors["slope"]) == "cauchy(0, 1)"
    assert str(priors["sigma"]) == "half_normal(1)"
