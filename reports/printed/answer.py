"""What the first screen of printed numbers says before it counts verdicts.

Printed numbers alone can be consistent or not, can need more or less belief beforehand, and leave the rest
open. That an interval excludes 0 again is the least that they say.
"""

from __future__ import annotations

from typing import NamedTuple

from ...analyses.run.fits import Fit
from ..page.audit import Audit, audit_of
from ..rows import Row, plural
from .winners_curse import ID, at_used, lines_of, significant_of, surviving


class Point(NamedTuple):
    """One thing that the tables say: its name, the part of the page that tells more, and a sentence."""

    name: str
    href: str
    said: str


def points(fit: Fit, rows: list[Row]) -> list[Point]:
    """Consistency, tipping priors and what is left open; nothing at other evidence."""
    if fit.evidence != "tables":
        return []
    found = [Point("Consistency", "audit", consistency(audit_of(fit.study)))]
    lines, places = lines_of(fit, rows)
    significant = significant_of(lines)
    if significant:
        robust = any("priors" in parts for parts in fit.robustness.values())
        where = "robust-priors" if robust else ID
        doubted = sum(not line.convinces for line in significant)
        found.append(Point("Tipping priors", where, tipping_priors(doubted, len(significant))))
    kept = surviving(significant, at_used(fit, places))
    return [*found, Point("Left open", ID if lines else "reading", left_open(kept, len(significant)))]


def consistency(found: Audit) -> str:
    """How many checks of the printed numbers against each other fail, and how many need a convention."""
    if found.fault:
        return f"not audited: {found.fault}"
    counts = {group.status: len(group.findings) for group in found.groups}
    failed, only_if = counts.get("impossible", 0), counts.get("only_if", 0)
    total = failed + only_if + counts.get("consistent", 0)
    if not total:
        return "nothing printed can be checked against another number."
    fail = "fails" if failed == 1 else "fail"
    of = f"{failed or 'none'} of {plural(total, 'check')} of what is printed {fail}"
    if not only_if:
        return f"{of}."
    return (
        f"{of}, {only_if} {'passes' if only_if == 1 else 'pass'} under a convention that the paper does not"
        " state."
    )


def tipping_priors(doubted: int, total: int) -> str:
    """For how many significant coefficients a prior that reaches no further than the print tips the sign."""
    return (
        f"{doubted or 'none'} of {plural(total, 'significant coefficient')}"
        f" {'leaves' if doubted == 1 else 'leave'} a reader in doubt who beforehand gives 95% to effects"
        " smaller than the printed one."
    )


def left_open(kept: int, total: int) -> str:
    """What printed numbers cannot tell, and what significance itself may have done to them."""
    rest = "whether effects survive other samples, effects or errors."
    if not total:
        return rest
    return f"{rest} Given that significance favours print, {kept} of {total} exclude 0."
