"""What a study file says of each law of errors: one entry a law, which every rule reads.

A new law is one entry in `LAWS`, and a file of that name in `models/errors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator


@dataclass(frozen=True)
class LawRules:
    """What a law of errors needs of a specification and what it can stand beside.

    Attributes
    ----------
    clustered : whether it needs the clusters of the column
    varying : whether slopes may vary by groups beside it
    """

    clustered: bool = False
    varying: bool = False


LAWS: dict[str, LawRules] = {
    "gaussian": LawRules(varying=True),
    "student_t": LawRules(),
    "ar1": LawRules(),
    "entity_variance": LawRules(),
    "cluster": LawRules(clustered=True),
}
DEFAULT = "gaussian"
CORRELATED = "ar1"  # fitted beside the default, where a study file names no law


def known(name: str, names: Iterable[str]) -> str:
    """The name, or a ValueError that lists those there are."""
    listed = sorted(names)
    if name not in listed:
        *others, last = map(repr, listed)
        raise ValueError(f"must be {', '.join(others)} or {last}")
    return name


Errors = Annotated[str, AfterValidator(lambda name: known(name, LAWS))]
