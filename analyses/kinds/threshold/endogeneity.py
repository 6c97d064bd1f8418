"""Reasons why a threshold variable may be endogenous, as far as the study itself shows them."""

from __future__ import annotations

from ....data.indices.indicators import read_systems
from ...view import SpecView, views_of


def warnings_of(view: SpecView) -> tuple[str, ...]:
    """Sentences on the threshold variable; none where the study shows no reason to doubt its exogeneity."""
    variable, regressor = str(view.spec.variable), str(view.spec.regime_dependent)
    found = []
    outcomes = [
        other.id
        for other in views_of(view.file)
        if other.id != view.id and str(other.spec.parsed.outcome) == variable
    ]
    if outcomes:
        listed = ", ".join(outcomes[:3]) + (", …" if len(outcomes) > 3 else "")
        found.append(
            f"threshold variable may be endogenous: {variable} is an outcome in "
            f"this study ({listed}), perhaps of {regressor} itself"
        )
    shared = _shared(view, variable, regressor)
    if shared:
        found.append(
            f"threshold variable and regressor share indicators: {variable} and {regressor} both hold "
            f"{', '.join(shared)}"
        )
    outcome = str(view.spec.parsed.outcome)
    shared = _shared(view, variable, outcome)
    if shared:
        found.append(
            f"threshold variable and outcome share indicators: {variable} and {outcome} both hold "
            f"{', '.join(shared)}"
        )
    return tuple(found)


def _shared(view: SpecView, one: str, other: str) -> list[str]:
    """Columns that two indices, or dimensions of indices, have in common."""
    file = view.file
    path = file.indicators_path
    if path is None:
        return []
    systems = read_systems(path)
    parts = {part.index: part for system in systems.values() for part in system.with_parts()}
    if one not in parts or other not in parts:
        return []
    columns = set(parts[other].columns)
    return [column for column in parts[one].columns if column in columns]
