"""The audit's findings as the report page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from ...analyses.audit import WORST_FIRST, Finding, audit
from ...analyses.audit.reference import DOUBT
from ...analyses.run.fits import Fit
from ...analyses.study import Study
from ...data.errors import InputError
from ..drawing.figure_files import Section
from ..rows import Row, shorten
from .templating import rendered

MEANING = {
    "impossible": "No data and no convention that we know of make these numbers together.",
    "only_if": "The numbers hold together under a convention, or a reading, that the paper does not state.",
    "consistent": "Checked, and within rounding.",
}
MOST = 8
TOLD, LONGEST = 2, 160


@dataclass(frozen=True)
class Group:
    """Findings of one status, rule by rule."""

    status: str
    findings: list[Finding]

    @property
    def name(self) -> str:
        return self.status.replace("_", " ")

    @property
    def meaning(self) -> str:
        return MEANING[self.status]

    @property
    def rules(self) -> list[tuple[str, list[Finding]]]:
        ordered = sorted(self.findings, key=lambda f: f.rule)
        return [(rule.replace("_", " "), list(fs)) for rule, fs in groupby(ordered, key=lambda f: f.rule)]


@dataclass(frozen=True)
class Audit:
    """What the page shows: groups, worst first, or why there are none."""

    groups: list[Group]
    fault: str = ""


def section(fit: Fit, rows: list[Row]) -> Section:
    """The part of the page about the audit."""
    found = audit_of(fit.study)
    body = rendered("audit.html", audit=found, where=where)
    title = "What the printed numbers say about themselves"
    return Section("audit", title, body, headline=headline(found))


def headline(found: Audit) -> str:
    """What is impossible as printed, in a sentence or two; nothing where nothing is."""
    worst = [f for group in found.groups if group.status == "impossible" for f in group.findings]
    if not worst:
        return ""
    count = "1 audit finding is" if len(worst) == 1 else f"{len(worst)} audit findings are"
    told = " ".join(_told(f.statement) for f in worst[:TOLD])
    more = f" And {len(worst) - TOLD} more." if len(worst) > TOLD else ""
    return f"{count} impossible as printed: {told}{more}"


def _told(statement: str) -> str:
    said, doubt, _ = statement.partition(DOUBT)
    return shorten(said, LONGEST) + (" (That reading of the print is in doubt.)" if doubt else "")


def audit_of(study: Study) -> Audit:
    """The audit of a study; a fault in its claims is told on the page, since a run is not lost for it."""
    try:
        findings = audit(study)
    except InputError as error:
        return Audit([], str(error))
    return Audit([Group(s, [f for f in findings if f.status == s]) for s in WORST_FIRST])


def where(finding: Finding) -> str:
    """The ids that a finding rests on, cut after the first few."""
    more = len(finding.where) - MOST
    return ", ".join(finding.where[:MOST]) + (f" and {more} more" if more > 0 else "")
