"""Kind `mediation` in the report: direct and indirect effects, and a correlation of errors taken to be 0."""

from __future__ import annotations

from ....analyses.run.results import SpecFit
from ....models.kinds import mediation
from ..kind import Kind
from ..model import Model, form_of, with_effects
from .section import printed_paths, section

MEANING = (
    "Mediator and outcome, each with its own effects. The direct effect is c', the indirect effect a b."
    " Priors are put on the regression of y on x and m, and independently on ρ, of which the data say"
    " nothing; ρ = 0 is the paper's assumption."
)


def model(one: SpecFit) -> Model:
    """The two regressions, with the form of their effects."""
    return with_effects("mediation", mediation.EQUATION, MEANING, ("rho",), form_of(one))


def further_terms(one: SpecFit, term: str) -> bool:
    """The effects that a mediation is decomposed into are printed as coefficients."""
    return term in ("direct", "indirect", "total")


def further_fits(one: SpecFit) -> tuple[str, ...]:
    """From printed numbers the posterior of the indirect effect is stored apart."""
    return ("indirect",) if printed_paths(one) else ()


KIND = Kind(
    model,
    section,
    methods={
        "imai2010mediation": "sensitivity of mediation to ρ",
        "gustafson2005nonidentified": "a prior on ρ, of which the data say nothing",
    },
    further_terms=further_terms,
    further_fits=further_fits,
)
