"""y_it = x_it' beta + mu_i + lambda_t + e_it, in three forms.

- `fixed`: flat-ish independent effects, the estimand of the two-way within estimator.
- `random`: effects partially pooled and independent of the regressors.
- `mundlak`: partially pooled effects that may correlate with the regressors (Mundlak 1978,
  doi:10.2307/1913646). A regressor acts through its within part (`slope`) and, at the level of
  the entity, through its entity part (`between`). The within part is orthogonal to every dummy,
  also in unbalanced panels, so that `slope` targets the fixed-effects estimand whatever the
  variance of the effects; what the entity and time parts carry is left to the effects.

Where slopes vary by groups of entities, each group's is that of `slope` plus sd_slope times a standard
normal: partial pooling in place of one regression for each group. In `fixed` and `mundlak` it is the within
part of regressor x group that they multiply.

Effects are centred on their group-level regression (Gelman and Hill 2007, ch. 12) and time effects
sum to zero, which leaves NUTS no ridge between levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...data.sample.design import Design
from ...data.sample.within import Split, split
from ...data.study.spec import Errors, Form
from ..errors import LAWS
from ..groups import interactions
from ..priors import DEFAULTS, Priors
from ..scale import Array, Standardised, standardise

if TYPE_CHECKING:
    import pymc as pm

_TAIL = r"\beta + \mu_i + \lambda_t + \varepsilon_{it}"
EQUATION = {
    "fixed": rf"y_{{it}} = \tilde x_{{it}}'{_TAIL}, \quad \mu_i, \lambda_t \text{{ flat}}",
    "random": rf"y_{{it}} = x_{{it}}'{_TAIL}, \quad \mu_i \sim N(\alpha, \tau^2)",
    "mundlak": rf"y_{{it}} = \tilde x_{{it}}'{_TAIL}, \quad \mu_i \sim N(\alpha + \bar x_i'\gamma, \tau^2)",
}


def effects_model(
    design: Design, priors: Priors = DEFAULTS, form: Form = "mundlak", errors: Errors = "gaussian"
) -> pm.Model:
    """The hierarchical model with entity and/or time effects, every effect a random variable.

    Free variables are on the standardised scale; `coef` (dims `term`) is on the paper's scale, and
    `constant` is mean(y) - mean(x)' coef, the convention of reghdfe and linearmodels.

    Parameters
    ----------
    design
        With entity effects, time effects or both.
    errors
        Their law: see `models.errors`.
    """
    import pymc as pm

    z = standardise(design)
    X = _split(design, z.X)
    coords: dict[str, Any] = {
        "term": design.terms,
        "row": design.rows,
        design.entity_name: design.entities,
        design.time_name: design.times,
    }
    with pm.Model(coords=coords) as model:
        slope = priors["slope"].variable("slope", dims="term")
        level = priors["intercept"].variable("intercept")
        sigma = priors["sigma"].variable("sigma")
        mean = (z.X if form == "random" else X.within) @ slope
        if design.varying:
            mean += _varying(model, design, z, slope, priors, form)

        mean += level_and_effects(design, X, level, priors, form)
        LAWS[errors].observe(design, z.y, mean, sigma, priors)
        coef = pm.Deterministic("coef", slope * z.scale.unit, dims="term")
        pm.Deterministic("constant", z.scale.y_mean - z.scale.x_mean @ coef)
    return model


def level_and_effects(design: Design, X: Split, level: Any, priors: Priors, form: Form) -> Any:
    """(n,) The constant plus the entity and time effects of a form, added to the PyMC model in context."""
    import pymc as pm

    if design.entity_effects and form == "fixed":
        total = (level + _flat("entity_effect", design.entity_name, priors))[design.entity]
    elif design.entity_effects:
        if form == "mundlak":
            level += X.entity @ priors["between"].variable("between", dims="term")
        sd_entity = priors["sd_entity"].variable("sd_entity")
        total = pm.Normal("entity_effect", level, sd_entity, dims=design.entity_name)[design.entity]
    else:
        total = level
    if design.time_effects and form == "fixed":
        total += _flat("time_effect", design.time_name, priors)[design.time]
    elif design.time_effects:
        sd_time = priors["sd_time"].variable("sd_time")
        total += pm.ZeroSumNormal("time_effect", sd_time, dims=design.time_name)[design.time]
    return total


def _split(design: Design, X: Array) -> Split:
    return split(X, design.entity, design.time, design.entity_effects, design.time_effects)


def _varying(model: pm.Model, design: Design, z: Standardised, slope: Any, priors: Priors, form: Form) -> Any:
    """(n,) What the deviations of the groups' slopes from their mean add."""
    import pymc as pm

    assert design.varying is not None
    columns, groups = list(design.varying.columns), design.varying.groups
    model.add_coords({"varying": [design.terms[j] for j in columns], "group": list(groups)})
    sd = priors["sd_slope"].variable("sd_slope", dims="varying")
    offset = pm.Normal("slope_offset", dims=("varying", "group"))
    deviation = sd[:, None] * offset
    unit = z.scale.unit[columns, None]
    pm.Deterministic("coef_by", (slope[columns][:, None] + deviation) * unit, dims=("varying", "group"))
    V = interactions(z.X, columns, design.varying.group[design.entity], len(groups))
    return (V if form == "random" else _split(design, V).within) @ deviation.flatten()


def _flat(name: str, dim: str, priors: Priors) -> Any:
    import pymc as pm

    return pm.ZeroSumNormal(name, priors["effect"].arguments[-1], dims=dim)
