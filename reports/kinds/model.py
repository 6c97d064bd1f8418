"""A model as a page shows it, with what several kinds share: the form of effects and the law of errors."""

from __future__ import annotations

from dataclasses import dataclass

from ...analyses.run.results import SpecFit
from ...models.errors import LAWS
from ...models.kinds import effects, pooled
from ...models.printed import tables


@dataclass(frozen=True)
class Model:
    """A model in LaTeX, in words, and the names of its priors."""

    name: str
    latex: str
    meaning: str
    priors: tuple[str, ...]


FORM_MEANING = {
    "pooled": (
        "Least squares as published, without effects: differences between entities and between periods "
        "inform β as much as changes within an entity do."
    ),
    "fixed": (
        "x with a tilde is the part of the regressors that varies within the effects of the column. The "
        "effects have wide priors and are not pooled: the estimand of the fixed-effects estimator."
    ),
    "random": "Effects are partially pooled and taken to be independent of the regressors.",
    "mundlak": (
        "x with a tilde is the part of the regressors that varies within the effects of the column, x with a"
        " bar the entity mean. Effects are partially pooled and may correlate with the regressors through γ,"
        " so that β targets the fixed-effects estimand (Mundlak 1978)."
    ),
}
FORM_PRIORS = {
    "pooled": ("slope", "intercept", "sigma"),
    "fixed": ("slope", "intercept", "effect", "sigma"),
    "random": ("slope", "intercept", "sd_entity", "sd_time", "sigma"),
    "mundlak": ("slope", "between", "intercept", "sd_entity", "sd_time", "sigma"),
}
FORM_EQUATIONS = {"pooled": pooled.EQUATION, **effects.EQUATION}
PRINTED_NUMBERS = Model(
    "tables",
    tables.EQUATION,
    "The printed estimate is t-distributed about the true coefficient β, with the degrees of freedom ν of "
    "the paper's reference distribution; the standard error s is uniform over the values that print as the "
    "printed one. Nothing else of the data is known.",
    ("slope",),
)


def form_of(one: SpecFit) -> str:
    """The form of a column's effects, or `pooled` where it has none."""
    return one.form or "pooled"


def one_equation(one: SpecFit) -> Model:
    """A column of one equation: the form of its effects, and the law of errors that are not Gaussian."""
    form, law = form_of(one), LAWS[one.view.errors]
    priors = (*FORM_PRIORS[form], *(own.name for own in law.parameters))
    if law.equation is None:
        return Model(form, FORM_EQUATIONS[form], FORM_MEANING[form], priors)
    return Model(
        f"{form}, {law.name}",
        rf"{FORM_EQUATIONS[form]}, \quad {law.equation}",
        f"{FORM_MEANING[form]} {law.meaning}",
        priors,
    )


def with_effects(name: str, latex: str, meaning: str, own_priors: tuple[str, ...], form: str) -> Model:
    """A model of another equation whose effects have this form."""
    return Model(
        f"{name}, {form}", latex, f"{meaning} {FORM_MEANING[form]}", (*FORM_PRIORS[form], *own_priors)
    )
