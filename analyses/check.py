"""Whether a panel can serve a study: what would be used, dropped and refused, and why."""

from __future__ import annotations

import difflib
from typing import Any

from ..data.errors import InputError
from ..data.panel.panel import Panel
from ..models.engine.sampling import Sampler
from .run.fit import on_panel
from .run.results import Request
from .run.tables import tables_inputs
from .study import Study

ALIKE = 0.9


def check_panel(study: Study, panel: Panel) -> dict[str, Any]:
    """Try every specification on a panel, as a run does before its first fit.

    Returns
    -------
    A record with `panel` (shape and warnings) and `specs` (usable, rows, dropped, why).

    Raises
    ------
    InputError
        Where the printed numbers cannot be read.
    """
    specs = []
    request = Request("panel", Sampler())
    _ = study.file.published  # first: a fault of it is none of one column
    for view in study.specs():
        row: dict[str, Any] = {"id": view.id, "usable": False, "rows": None, "dropped": None, "notes": []}
        try:
            view.priors()
            on_panel(view, panel, request)
            design = view.design(panel)
            row |= {
                "usable": True,
                "rows": design.n,
                "dropped": len(design.dropped),
                "notes": list(design.notes),
            }
            words = list(design.notes)
            if design.dropped:
                shown = ", ".join(map(str, design.dropped[:5])) + (", ..." if len(design.dropped) > 5 else "")
                words.insert(0, f"missing values in rows {shown}")
            row["why"] = "; ".join(words)
        except InputError as error:
            row["why"] = str(error).removeprefix(f"{view.id}: ").removeprefix(panel.source).lstrip(", :")
        specs.append(row)
    shape = {
        "source": panel.source,
        "sha256": panel.sha256,
        "rows": len(panel.frame),
        "entities": panel.n_entities,
        "times": panel.n_times,
        "balanced": panel.balanced,
        "synthetic": panel.synthetic,
        "warnings": _warnings(panel),
    }
    return {"study": study.name, "panel": shape, "specs": specs}


def check_tables(study: Study) -> dict[str, Any]:
    """The record of `check_panel` without a panel: the columns whose printed numbers can be used alone."""
    specs = []
    for view in study.specs():
        printed, inputs = study.file.printed(view.id), {p.term for p in tables_inputs(view)}
        rest = [p.term for p in printed if p.term not in inputs]
        mute = ", ".join(rest[:4]) + (", ..." if len(rest) > 4 else "")
        words = [f"{len(inputs)} of {len(printed)} printed numbers"] if printed else ["no printed number"]
        words += [f"without standard error, t or interval: {mute}"] if mute else []
        specs.append(
            {
                "id": view.id,
                "usable": bool(inputs),
                "rows": None,
                "dropped": None,
                "notes": [],
                "why": "; ".join(words),
            }
        )
    return {"study": study.name, "panel": None, "specs": specs}


def _warnings(panel: Panel) -> list[str]:
    found = []
    if panel.singletons:
        found.append(f"seen once only: {', '.join(panel.singletons[:10])}")
    if not panel.balanced:
        gaps = panel.n_entities * panel.n_times - len(panel.frame)
        found.append(f"{gaps} of {panel.n_entities * panel.n_times} entity-time cells have no row")
    names = sorted(panel.frame[panel.entity].unique())
    if len(names) <= 2_000:
        for i, name in enumerate(names):
            for near in difflib.get_close_matches(name, names[i + 1 :], n=1, cutoff=ALIKE):
                if len(name) > 5 and not any(c.isdigit() for c in name + near):
                    found.append(f"{name!r} and {near!r} are nearly the same name; one entity or two?")
    return found
