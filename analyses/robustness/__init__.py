"""Over which priors, models and samples a published conclusion stands, and what would make it fall.

Each part asks one thing of one fitted specification and returns records (numbers, texts, lists and
dictionaries of them, as JSON has them), or None where it has nothing to say of it. A finished part is stored,
so that a run goes on where it stopped, and so that `posterity report` shows what was computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...data.panel.panel import Panel
from ..kinds import kind_of
from ..run.fits import Fit
from ..run.key import Key
from ..run.results import Request, SpecFit
from ..run.store import read_or_compute
from ..run.workers import Each, in_turn
from .clusters import clusters
from .models.part import part as models_part
from .priors.part import priors_part
from .samples.part import samples
from .slopes.part import part as slopes_part

Records = dict[str, Any]
Part = Callable[[SpecFit, Sequence[Panel], Request], Records | None]

PARTS: dict[str, Part] = {
    "priors": priors_part,
    "samples": samples,
    "models": models_part,
    "slopes": slopes_part,
    "clusters": clusters,
}


def robust(
    fit: Fit,
    request: Request,
    parts: Sequence[str] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    known_only: bool = False,
    each: Each | None = None,
) -> Fit:
    """The same fit with `robustness`: for each specification, the records of each part that was asked.

    Parameters
    ----------
    parts
        Of `PARTS`; all where empty.
    known_only
        Take what is stored, and compute nothing.
    each
        What spreads parts over processes, from `analyses.cluster.workers`; None to compute them in this one.
    """
    asked = [
        (one, name)
        for one in fit.specs.values()
        for name in (parts or PARTS)
        if name in kind_of(one.view.kind).robustness
    ]
    found: list[Records | None] = []
    for one, name in asked:
        found.append(_kept(fit, one, name, request, None))
    missing = [] if known_only else [at for at, records in enumerate(found) if records is None]
    inner = replace(request, posteriors=None)
    tasks = [(asked[at][1], asked[at][0], fit.panels, inner) for at in missing]
    for done, (number, records) in enumerate((each or in_turn)(part_of, tasks)):
        one, name = asked[missing[number]]
        found[missing[number]] = _kept(fit, one, name, request, records)
        progress(f"{one.id} {name}", done + 1, len(missing))
    specs: dict[str, dict[str, Records]] = {}
    for (one, name), kept in zip(asked, found, strict=True):
        if kept:
            specs.setdefault(one.id, {})[name] = kept
    return replace(fit, robustness=specs)


def part_of(name: str, one: SpecFit, panels: Sequence[Panel], request: Request) -> Records:
    """The records of one part, empty where it has nothing to say; workers import this function by name."""
    return PARTS[name](one, panels, request) or {}


def _kept(fit: Fit, one: SpecFit, name: str, request: Request, made: Records | None) -> Records | None:
    key = Key(
        kind=f"robustness {name}",
        data=tuple(panel.sha256 for panel in fit.panels),
        form=request.form or one.view.form,
        errors=one.view.errors,
        priors=one.priors,
        sampler=request.sampler,
        engine=request.engine,
        extra={
            "evidence": fit.evidence,
            "printed": [vars(printed) for printed in fit.study.file.published],
            "spec": one.id,
            # all of it, as parts read the other columns too
            "study": fit.study.file.model_dump(mode="json", exclude={"path"}),
        },
    )
    return read_or_compute(f"{one.id}-{name}", key, request, None if made is None else lambda: made)
