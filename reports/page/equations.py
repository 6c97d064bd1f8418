"""Equations of the models as pictures, so that a page needs neither network nor scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...models.errors import expanded as error_models
from ...models.kinds import effects, instrument, mediation, pooled, threshold
from ...models.printed import tables
from ..drawing.figures import INK, drawn

TEXT = re.compile(r"\\text\{([^{}]*)\}")
SIZE = 15

MEANING = {
    "tables": "The printed estimate is t-distributed about the true coefficient β, with the degrees of freedom ν of "
    "the paper's reference distribution; the standard error s is uniform over the values that print as the "
    "printed one. Nothing else of the data is known.",
    "threshold": "The slope on x changes by δ where q passes a threshold γ; number and places of the thresholds are "
    "unknown. Every set of places that leaves 5% of the rows in each regime is enumerated, coefficients and "
    "effects are integrated out.",
    "mediation": "Mediator and outcome, each with its own effects. The direct effect is c', the indirect effect a b. Priors are "
    "put on the regression of y on x and m, and independently on ρ, of which the data say nothing; ρ = 0 is the paper's "
    "assumption.",
    "instrument": "First and second stage jointly. Controls and effects are in both and have flat priors; γ, the direct effects of "
    "the instruments, is 0 where exclusion is exact. Correlations of the errors have an LKJ(1) prior, which is uniform.",
    "pooled": "Least squares as published, without effects: differences between entities and between periods "
    "inform β as much as changes within an entity do.",
    "fixed": "x with a tilde is the part of the regressors that varies within the effects of the column. The effects have wide "
    "priors and are not pooled: the estimand of the fixed-effects estimator.",
    "random": "Effects are partially pooled and taken to be independent of the regressors.",
    "student_t": "Errors are Student t with ν degrees of freedom, so that single rows far off pull less.",
    "ar1": "Errors of an entity are correlated from one time to the next, with ρ to the power of the gap between them.",
    "entity_variance": "Each entity has an error variance of its own, drawn towards that of the others.",
    "cluster": "Rows of a cluster share a shock at each time, and the shocks persist.",
    "mundlak": "x with a tilde is the part of the regressors that varies within the effects of the column, x with a bar the entity mean. "
    "Effects are partially pooled and may correlate with the regressors through γ, so that β targets the "
    "fixed-effects estimand (Mundlak 1978).",
}


@dataclass(frozen=True)
class Equation:
    """A model in LaTeX, in words, and the columns that use it."""

    name: str
    latex: str
    meaning: str
    columns: list[str]


def models_used(fit: Fit) -> list[Equation]:
    """The equations behind a fit, each once, in order of first use."""
    used: dict[str, list[str]] = {}
    for one in fit.specs.values():
        for part in (one, one.with_effects):
            if part is not None:
                used.setdefault(model_name(fit, part), []).append(one.id)
    latex = {"tables": tables.EQUATION, "pooled": pooled.EQUATION, **effects.EQUATION}
    latex |= {
        "threshold": threshold.EQUATION,
        "mediation": mediation.EQUATION,
        "instrument": instrument.EQUATION,
    }
    return [Equation(name, _latex(latex, name), _meaning(name), columns) for name, columns in used.items()]


def _latex(latex: dict[str, str], name: str) -> str:
    kind, _, errors = name.partition(", ")
    law = error_models.EQUATION.get(errors)
    return rf"{latex[kind]}, \quad {law}" if law else latex[kind]


def _meaning(name: str) -> str:
    """What a model is; after the comma stand the form of its effects or the law of its errors."""
    kind, _, form = name.partition(", ")
    return f"{MEANING[kind]} {MEANING[form]}" if form else MEANING[kind]


def model_name(fit: Fit, one: SpecFit) -> str:
    """`tables`, `pooled` or the form of the effects with the law of errors that are not Gaussian, `threshold` or
    `mediation` with that form, or `instrument`."""
    name = "tables" if fit.evidence == "tables" else one.form or "pooled"
    if name == "tables":
        return name
    if one.view.kind not in ("threshold", "mediation", "instrument"):
        return name if one.view.errors == "gaussian" else f"{name}, {one.view.errors}"
    if one.view.kind == "instrument":
        return "instrument"
    return f"{one.view.kind}, {name}" if one.form or one.view.kind == "mediation" else name


def equation_svg(latex: str) -> bytes:
    """A LaTeX equation drawn by matplotlib's mathtext.

    Raises
    ------
    ValueError
        If mathtext does not know a command of it.
    """
    text = mathtext(latex)
    width, height = _extent(text)

    def make() -> Figure:
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.patch.set_alpha(0)
        figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=SIZE, color=INK)
        return figure

    return drawn(make, "svg")


def mathtext(latex: str) -> str:
    """The subset that mathtext knows: upright text with its blanks kept."""
    upright = TEXT.sub(lambda m: r"\mathrm{" + m[1].replace(" ", r"\ ") + "}", latex)
    return f"${upright}$"


def _extent(text: str) -> tuple[float, float]:
    """Width and height in inches, with a little room."""
    from matplotlib.font_manager import FontProperties

    properties = FontProperties(size=SIZE, math_fontfamily="stix")
    box = MathTextParser("path").parse(text, 72, properties)
    return box.width / 72 + 0.15, (box.height + box.depth) / 72 + 0.15
