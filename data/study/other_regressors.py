"""A specification with other regressors: the same outcome, effects, steps and errors."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InputError
from .formula import Term
from .spec import Spec


def with_terms(spec: Spec, terms: Iterable[Term]) -> Spec:
    """The specification as plain regression of its outcome on these terms."""
    right = " + ".join(map(_text, terms))
    effects = " + ".join(f"`{name}`" for name in spec.parsed.effects)
    formula = f"{_text(spec.parsed.outcome)} ~ {right}" + (f" | {effects}" if effects else "")
    return Spec(formula=formula, vcov=spec.vcov, steps=spec.steps)


def _text(term: Term) -> str:
    return f"log({term.variable})" if term.log else f"`{term.variable}`"


def with_instruments(spec: Spec) -> Spec:
    """The specification as regression on everything it reads: endogenous, controls, instruments.

    Raises
    ------
    InputError
        If an instrument has another part in the formula as well.
    """
    formula = spec.parsed
    terms = (formula.outcome, *formula.terms, *formula.instruments)
    twice = [str(t) for t in formula.instruments if terms.count(t) > 1]
    if twice:
        raise InputError(
            f"formula {spec.formula!r}: the instrument {twice[0]!r} stands in it twice; an instrument is "
            "neither "
            "outcome nor regressor."
        )
    return with_terms(spec, terms[1:])
