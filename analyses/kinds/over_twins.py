"""Mechanisms (mediation, instruments, thresholds) over twins: the record of each twin, and their summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..run.results import SpecFit

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

KIND = "over twins"


def kept(fits: Sequence[SpecFit]) -> Dataset | None:
    """The records of the twins' mechanisms as JSON; None where the column has none."""
    import xarray as xr

    records = [json.dumps(fit.mechanism) for fit in fits if fit.mechanism is not None]
    return xr.Dataset({"record": ("twin", records)}) if len(records) == len(fits) else None


def over_twins(tree: DataTree, flags: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> dict[str, Any]:
    """`mechanism` and `assumption_flags` of a column fitted to twins; empty where it has no mechanism."""
    if "mechanisms" not in tree.children:
        return {}
    found = [json.loads(str(text)) for text in tree["mechanisms"]["record"].to_numpy()]
    return {
        "mechanism": {"kind": KIND, "of": found[0]["kind"], "twins": found},
        "assumption_flags": flags(found),
    }


def span(values: Sequence[float | None]) -> str:
    """The range of a number over twins, `0.21 to 0.34 in 19 of 20 twins`, counting the twins that have it."""
    there = [v for v in values if v is not None]
    if not there:
        return f"nowhere in {len(values)} twins"
    return f"{min(there):.2g} to {max(there):.2g} in {len(there)} of {len(values)} twins"
