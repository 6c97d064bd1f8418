"""Mechanisms over twins: one record a twin, kept in the mixture's tree, and what they say together."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


def over_twins(tree: DataTree) -> dict[str, Any]:
    """`mechanism` and `rests` of a column fitted to twins; empty where it has no mechanism."""
    if "mechanisms" not in tree.children:
        return {}
    found = [json.loads(str(text)) for text in tree["mechanisms"]["record"].to_numpy()]
    rests = RESTS[found[0]["kind"]](found)
    return {"mechanism": {"kind": KIND, "of": found[0]["kind"], "twins": found}, "rests": rests}


def span(values: Sequence[float | None]) -> str:
    """`0.21 to 0.34 in 19 of 20 twins`, counting those that have the number."""
    there = [v for v in values if v is not None]
    if not there:
        return f"nowhere in {len(values)} twins"
    return f"{min(there):.2g} to {max(there):.2g} in {len(there)} of {len(values)} twins"


def _mediation(found: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    vanishing = span([one["vanishing_rho"]["mean"] for one in found])
    changes = span([one["changes_at"]["direct"] for one in found])
    of_indirect = (f"rests on rho = 0: indirect effect vanishes at rho = {vanishing}",)
    of_direct = (f"rests on rho = 0: conclusion on the direct effect changes at rho = {changes}",)
    first = found[0]
    return {
        first["treatment"]: of_direct,
        "direct": of_direct,
        first["mediator"]: of_indirect,
        "indirect": of_indirect,
    }


def _instrument(found: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    changes = [(one["changes_at"] or {}).get("all") for one in found]
    flags = [
        f"rests on exact exclusion: conclusion changes once direct effects of instruments have sd {span(changes)}"
    ]
    weak = sum((one["effective_f"] or 0) < (one["effective_f_critical"] or 0) for one in found)
    if weak:
        flags.append(f"weak instruments in {weak} of {len(found)} twins")
    return {name: tuple(flags) for name in found[0]["endogenous"]}


def _threshold(found: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(found[0]["terms"], tuple(found[0]["warnings"]))


RESTS = {"mediation": _mediation, "instrument": _instrument, "threshold": _threshold}
