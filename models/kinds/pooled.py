"""y_it = alpha + x_it' beta + e_it: pooled least squares as published, without effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...data.sample.design import Design
from ...data.study.spec import Errors
from ..errors import LAWS
from ..priors import DEFAULTS, Priors
from ..scale import standardise

if TYPE_CHECKING:
    import pymc as pm

EQUATION = r"y_{it} = \alpha + x_{it}'\beta + \varepsilon_{it}"


def pooled_model(design: Design, priors: Priors = DEFAULTS, errors: Errors = "gaussian") -> pm.Model:
    """The pooled regression; variables as in `effects_model`, `constant` with its own uncertainty."""
    import pymc as pm

    z = standardise(design, effects=False)
    coords = {"term": design.terms, "row": design.rows, design.entity_name: design.entities}
    with pm.Model(coords=coords) as model:
        slope = priors["slope"].variable("slope", dims="term")
        intercept = priors["intercept"].variable("intercept")
        sigma = priors["sigma"].variable("sigma")
        LAWS[errors].observe(design, z.y, intercept + z.X @ slope, sigma, priors)
        coef = pm.Deterministic("coef", slope * z.scale.unit, dims="term")
        pm.Deterministic("constant", z.scale.y_mean + z.scale.y_sd * intercept - z.scale.x_mean @ coef)
    return model
