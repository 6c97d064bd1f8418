"""The key of what is stored: a fingerprint of everything that made it.

Every part of a key must be given: a caller who leaves one out is refused, by the type checker and by Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from ...data.study.spec import Errors, Form
from ...models.engine.sampling import Sampler
from ...models.priors import Priors
from .results import Engine


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a stored fit or record is of.

    Attributes
    ----------
    kind : what is stored, such as a kind of specification, or `robustness priors`
    data : fingerprints of the designs, panels or printed numbers that are read
    form : of the effects; None where the model has no effects
    errors : the law of errors; None where the model has none to choose
    priors : by name, exact
    sampler : draws, chains, seed and device
    engine : None where the column's own choice is taken
    extra : anything else that the result depends on, as JSON holds it, by name
    """

    kind: str
    data: tuple[str, ...]
    form: Form | None
    errors: Errors | None
    priors: Priors
    sampler: Sampler
    engine: Engine | None
    extra: Mapping[str, Any]

    def sha256(self, versions: Mapping[str, str]) -> str:
        """The key, given the versions of code and libraries."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        return fingerprint({**parts, "priors": texts(self.priors), "versions": versions})


def texts(priors: Priors) -> dict[str, str]:
    """Priors with every digit of their numbers, by name."""
    return {name: f"{prior.family}{prior.arguments!r}" for name, prior in priors.items()}


def fingerprint(value: Any) -> str:
    """SHA-256 of a value, the same in every process: of its JSON, with the entries of dictionaries sorted.

    Raises
    ------
    TypeError
        For anything but dataclasses and what JSON holds: its text might differ between processes, or leave
        out what matters, as that of a long array does.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": (2.5, None)}) == fingerprint({"b": [2.5, None], "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, default=_written_out)
    return hashlib.sha256(text.encode()).hexdigest()


def _written_out(value: Any) -> dict[str, Any]:
    """A dataclass as its name and fields, and a read-only mapping as a dictionary."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": type(value).__name__} | {
            field.name: getattr(value, field.name) for field in fields(value)
        }
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a key: write it as lists, numbers and texts.")
