"""Priors: parsed, never evaluated; the SciPy twin has the density of the PyMC variable."""

import numpy as np
import pymc as pm
import pytest

from posterity.data.errors import InputError
from posterity.models.priors import FAMILIES, Prior, parse_prior, with_overrides

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
