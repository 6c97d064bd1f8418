"""What the robustness of a fit comes to, for the numbers of the key figure: a sentence a part."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from ...analyses.run.fits import Fit
from ..robustness.priors import sentence
from ..rows import Row, number, probability

Say = Callable[[Row, Any], str | None]
MOST = 2


def highlights(fit: Fit, rows: list[Row]) -> list[str]:
    """Sentences on the parts of `fit.robustness` that were run, for the first of these rows that have them."""
    found = []
    for name, say in SAY.items():
        said = (
            (row, say(row, parts[name]))
            for row in rows
            if name in (parts := fit.robustness.get(row.spec_id, {}))
        )
        found += [f"{row.spec_id}, {row.term}. {text}" for row, text in said if text][:MOST]
    return found


def _priors(row: Row, records: dict[str, Any]) -> str | None:
    record = records["terms"].get(row.term)
    return f"Priors: {sentence(record)}" if record else None


def _models(row: Row, records: dict[str, Any]) -> str | None:
    one = next((term for term in records["terms"] if term["term"] == row.term), None)
    if one is None:
        return None
    lows, highs = zip(*((level["low"], level["high"]) for level in _levels(one)), strict=True)
    return (
        f"Other models: over {one['count']} of them posterior means run from {row.number(min(lows))} to "
        f"{row.number(max(highs))}; the 95% interval lies above 0 in {one['above']:.0%} and below 0 in {one['below']:.0%}."
    )


def _levels(one: dict[str, Any]) -> list[dict[str, float]]:
    return [level for levels in one["by_level"].values() for level in levels]


def _samples(row: Row, records: dict[str, Any]) -> str | None:
    influence = records["influence"]
    if row.term not in influence["terms"]:
        return None
    at = influence["terms"].index(row.term)
    whole, units = influence["whole"]["verdict"][at], influence["units"]
    changed = [unit["name"] for unit in units if unit["verdict"][at] != whole]
    if not changed:
        return f"Samples: {whole} without any one of {len(units)} units (entities, times, groups)."
    names = ", ".join(map(str, changed[:4])) + (" and others" if len(changed) > 4 else "")
    return f"Samples: no longer {whole} without {names}."


def _clusters(row: Row, records: dict[str, Any]) -> str | None:
    one = next((term for term in records["terms"] if term["term"] == row.term), None)
    if one is None:
        return None
    if not records["panels"]:
        return (
            f"Few clusters: the printed t has p {probability(one['p_value'])} on {one['df']:g} degrees of freedom, "
            f"{probability(one['normal'])} on the normal law."
        )
    wild = one["tests"]["wild"]
    return f"Few clusters ({records['clusters']}): wild cluster bootstrap p {number(median(wild), 3)}."


SAY: dict[str, Say] = {"priors": _priors, "models": _models, "samples": _samples, "clusters": _clusters}
