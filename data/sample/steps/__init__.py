"""The transformations that papers apply before estimation, one file each, as steps of a specification.

`STEPS` holds what each does to a panel and, where there is none, to the outline of its sample. A new step is
one file here, one line in `STEPS`, and one field of `Step` in the study file.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...panel.panel import Panel
from ...study.spec import Step
from ..outline import Outline
from .interpolate import INTERPOLATE
from .lag import LAG
from .rule import StepRule
from .select import DROP, KEEP
from .standardise import STANDARDISE
from .winsorise import WINSORISE

STEPS: dict[str, StepRule] = {
    "winsorise": WINSORISE,
    "drop": DROP,
    "keep": KEEP,
    "standardise": STANDARDISE,
    "interpolate": INTERPOLATE,
    "lag": LAG,
}


def apply_steps(panel: Panel, steps: Sequence[Step], variables: Sequence[str]) -> tuple[Panel, list[str]]:
    """Apply steps in order to the named variables.

    Returns
    -------
    panel, notes
        The transformed panel and one plain sentence a step that changed something.
    """
    notes: list[str] = []
    for step in steps:
        panel, note = STEPS[step.name].on_panel(panel, step.value, variables)
        notes.append(note)
    return panel, notes


def outline_after(outline: Outline, steps: Sequence[Step]) -> Outline:
    """What is known of the sample, without its rows, after steps in order."""
    for step in steps:
        outline = STEPS[step.name].on_outline(outline, step.value)
    return outline


def linear(steps: Sequence[Step]) -> bool:
    """Whether linear relations between variables still hold after the steps."""
    return not any(STEPS[step.name].by_distribution for step in steps)
