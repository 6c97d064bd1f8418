"""Which regressor of a mediation column is the treatment and which the mediator."""

from __future__ import annotations

from ....data.errors import InputError, did_you_mean
from ...view import SpecView
from .record import PATHS


def roles(view: SpecView) -> tuple[str, str]:
    """Treatment and mediator as terms of the formula; the first other regressor is the default treatment.

    Raises
    ------
    InputError
        If one of them is not a regressor, or they are the same, or the mediator is the outcome.
    """
    spec, where = view.spec, f"{view.file.path}, {view.id}"
    terms = [str(t) for t in spec.parsed.terms]
    mediator = spec.mediator or ""
    if mediator == str(spec.parsed.outcome):
        raise InputError(f"{where}: the mediator {mediator!r} is the outcome itself; name another variable.")
    if mediator not in terms:
        raise InputError(
            f"{where}: the mediator {mediator!r} is not a regressor of the formula; add "
            f"it.{did_you_mean(mediator, terms)}"
        )
    taken = sorted({*terms} & {*PATHS})
    if taken:
        raise InputError(f"{where}: {taken[0]!r} is the name of an effect here; rename that regressor.")
    others = [t for t in terms if t != mediator]
    treatment = spec.treated
    if treatment is None:
        raise InputError(f"{where}: the formula has no regressor beside the mediator; add the treatment.")
    if treatment == mediator:
        raise InputError(f"{where}: treatment and mediator are both {mediator!r}; name two variables.")
    if treatment not in terms:
        raise InputError(
            f"{where}: the treatment {treatment!r} is not a regressor of the formula; add it."
            f"{did_you_mean(treatment, others)}"
        )
    return treatment, mediator
