"""What a study file says of each kind of specification: one entry a kind, which every rule reads.

A new kind is one entry in `KINDS`, and a field of `Spec` for each key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

from .formula import Formula
from .laws import CORRELATED, DEFAULT, LAWS, known

EVERY_LAW = tuple(LAWS)


@dataclass(frozen=True)
class KindRules:
    """What a specification of one kind may, must and must not say.

    Attributes
    ----------
    shown_by : the key of its own, or the part of the formula, whose presence makes a specification of this
        kind where its `kind` is not stated; None for the kind of everything else
    keys : keys that no other kind reads
    needs : those of its keys that it cannot do without
    effects : whether its formula must have, may have or must not have effects
    endogenous : whether its formula has a part `endogenous ~ instruments`, which no other kind may have
    varying : whether its slopes may vary by groups
    errors : the laws of errors that `errors` may choose
    second_law : whether a column whose law of errors is not named is fitted with errors correlated within
        entities as well
    one_equation : whether it is one least-squares equation in which no regressor has a role of its own
    plain_least_squares : whether its coefficients are those of one least-squares regression on the rows as
        they are, so that the means and covariances of the variables determine them
    linear_in_outcome : whether each printed coefficient is linear in the values of the outcome
    between : whether differences between entities inform its slopes, so that a regressor may be constant
        within entities and entity effects absorb nothing
    """

    shown_by: str | None
    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    effects: Literal["needed", "allowed", "refused"] = "allowed"
    endogenous: bool = False
    varying: bool = False
    errors: tuple[str, ...] = ()
    second_law: bool = False
    one_equation: bool = False
    plain_least_squares: bool = False
    linear_in_outcome: bool = True
    between: bool = False


# In the order in which an unstated kind is looked for: the first whose `shown_by` is there.
KINDS: dict[str, KindRules] = {
    "instrument": KindRules(shown_by="endogenous", endogenous=True, second_law=True),
    "mediation": KindRules(
        shown_by="mediator", keys=("mediator", "treatment"), needs=("mediator",), second_law=True
    ),
    "threshold": KindRules(
        shown_by="regime_dependent",
        keys=("variable", "regime_dependent", "thresholds", "max_thresholds", "location_prior"),
        needs=("variable", "regime_dependent"),
        errors=(DEFAULT, CORRELATED),
        second_law=True,
        linear_in_outcome=False,
    ),
    "random": KindRules(
        shown_by="estimator",
        keys=("estimator",),
        needs=("estimator",),
        effects="needed",
        errors=EVERY_LAW,
        second_law=True,
        one_equation=True,
        linear_in_outcome=False,
        between=True,
    ),
    "effects": KindRules(
        shown_by="effects",
        effects="needed",
        varying=True,
        errors=EVERY_LAW,
        second_law=True,
        one_equation=True,
    ),
    "pooled": KindRules(
        shown_by=None,
        effects="refused",
        errors=EVERY_LAW,
        second_law=True,
        one_equation=True,
        plain_least_squares=True,
    ),
}


Kind = Annotated[str, AfterValidator(lambda name: known(name, KINDS))]


def inferred_kind(formula: Formula, keys: Mapping[str, object]) -> str:
    """The kind of a specification that states none, from its formula and the keys that it gives."""
    return next(
        kind
        for kind, rules in KINDS.items()
        if rules.shown_by is None or keys.get(rules.shown_by) or getattr(formula, rules.shown_by, None)
    )


def check_kind(kind: str, formula: Formula, keys: Mapping[str, object]) -> None:
    """Refuse a specification that its kind does not allow.

    Parameters
    ----------
    keys : the keys of the specification and their values, None where it does not give one

    Raises
    ------
    ValueError
        One sentence that names the kind and the key or the part of the formula.
    """
    rules = KINDS[kind]
    if rules.effects == "refused" and formula.effects:
        raise ValueError(f"kind {kind!r} has no effects, but the formula names {', '.join(formula.effects)}")
    if rules.effects == "needed" and not formula.effects:
        raise ValueError(f"kind {kind!r} needs effects in the formula: '... | entity + year'")
    if keys.get("varying") is not None and not rules.varying:
        raise ValueError(f"'varying' slopes belong to {_kinds('varying')}, with effects in the formula")
    if keys.get("errors") is not None and keys["errors"] not in rules.errors:
        if not rules.errors:
            raise ValueError(f"'errors' belong to {_kinds('errors')}, not to {kind!r}")
        raise ValueError(
            f"errors = {keys['errors']!r} cannot be had with kind {kind!r}; "
            f"it takes {' or '.join(map(repr, rules.errors))}"
        )
    if not all(keys.get(key) for key in rules.needs):
        raise ValueError(f"kind {kind!r} needs {' and '.join(map(repr, rules.needs))}")
    if rules.endogenous != bool(formula.endogenous):
        raise ValueError(
            f"{_kinds('endogenous')} and a formula part 'endogenous ~ instruments' belong together; give both"
        )
    for owner, others in KINDS.items():
        for key in others.keys:
            if owner != kind and keys.get(key) is not None:
                raise ValueError(
                    f"{key!r} belongs to kind {owner!r}, and this is of kind {kind!r}; remove it"
                )


def _kinds(rule: str) -> str:
    """The kinds to which a rule applies, in words: "kind 'effects'", or "kinds 'effects' and 'pooled'"."""
    names = [repr(kind) for kind, rules in KINDS.items() if getattr(rules, rule)]
    *others, last = names
    return f"kinds {', '.join(others)} and {last}" if others else f"kind {last}"
