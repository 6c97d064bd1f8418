"""The command audit: what the printed numbers say about themselves."""

from __future__ import annotations

from .. import terminal
from .options import Json, StudyName, app


@app.command()
def audit(study_name: StudyName, as_json: Json = False) -> None:
    """What the printed numbers say about themselves: consistent, possible only if ..., or impossible."""
    from ..analyses.audit import WORST_FIRST
    from ..analyses.audit import audit as findings_of
    from ..analyses.study import load

    study = load(study_name)
    findings = findings_of(study)

    def display() -> None:
        counts = [f"{sum(f.status == s for f in findings)} {s.replace('_', ' ')}" for s in WORST_FIRST]
        for status in WORST_FIRST:
            for f in (f for f in findings if f.status == status):
                terminal.show(f"{status.replace('_', ' ')} · {f.rule}: {f.statement}")
                terminal.show(f"    {f.arithmetic}")
        terminal.show(f"\n{study.name}: {len(findings)} findings: {', '.join(counts)}")

    terminal.emit(as_json, {"study": study.name, "findings": [f.record() for f in findings]}, display)
