"""Over which priors, models and samples a published conclusion stands, and what would make it fall.

Each part asks one thing of one fitted specification and returns records (numbers, texts, lists and
dictionaries of them, as JSON has them), or None where it has nothing to say of it. A finished part is stored,
so that a run goes on where it stopped, and so that `posterity report` shows what was computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..data.panel import Panel
from .results import Fit, Request, SpecFit
from .store import stored_records, texts

Records = dict[str, Any]
Part = Callable[[SpecFit, Sequence[Panel], Request], Records | None]

PARTS: dict[str, Part] = {}


def robust(
    fit: Fit,
    request: Request,
    parts: Sequence[str] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    known_only: bool = False,
) -> Fit:
    """The same fit with `robustness`: for each specification, the records of each part that was asked.

    Parameters
    ----------
    parts
        Of `PARTS`; all where empty.
    known_only
        Take what is stored, and compute nothing.
    """
    asked = [(one, name) for one in fit.specs.values() for name in (parts or PARTS)]
    found: dict[str, dict[str, Records]] = {}
    for number, (one, name) in enumerate(asked):
        progress(f"{one.id} {name}", number, len(asked))
        identity = {
            "part": name,
            "evidence": fit.evidence,
            "data": [panel.sha256 for panel in fit.panels],
            "printed": one.printed,
            "spec": one.view.spec.model_dump(mode="json"),
            "groups": fit.study.file.groups,
            "form": request.form or one.view.form,
            "priors": texts(one.priors),
            "sampler": request.sampler,
        }
        part = PARTS[name]

        def make(one: SpecFit = one, part: Part = part) -> Records | None:
            return part(one, fit.panels, request)

        records = stored_records(f"{one.id}-{name}", identity, request, None if known_only else make)
        if records is not None:
            found.setdefault(one.id, {})[name] = records
    progress("", len(asked), len(asked))
    return replace(fit, robustness=found)
