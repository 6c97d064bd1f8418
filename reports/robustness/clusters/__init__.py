"""Few clusters in the report: tests with clustered errors beside models with clusters in them."""

from __future__ import annotations

from statistics import median
from typing import Any

from ...rows import Row, number, probability
from ..part import Part
from .section import section


def of_row(row: Row, records: dict[str, Any]) -> str | None:
    """The p of the wild cluster bootstrap, or of the printed t on its few degrees of freedom."""
    one = next((term for term in records["terms"] if term["term"] == row.term), None)
    if one is None:
        return None
    if not records["panels"]:
        return (
            f"Few clusters: the printed t has p {probability(one['p_value'])} on {one['df']:g} degrees of"
            f" freedom, {probability(one['normal'])} on the normal law."
        )
    wild = one["tests"]["wild"]
    return f"Few clusters ({records['clusters']}): wild cluster bootstrap p {number(median(wild), 3)}."


PART = Part(section, of_row, ("cameron2008bootstrap", "webb2023reworking", "roodman2019fast"))
