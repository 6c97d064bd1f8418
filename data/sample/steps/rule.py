"""What there is to know of one kind of step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...panel.panel import Panel
from ..outline import Outline


@dataclass(frozen=True)
class StepRule:
    """What a step does, where there is a panel and where there is none.

    Attributes
    ----------
    on_panel : takes a panel, the value of the step's key in the study file, and the variables of the formula;
        returns the transformed panel and one sentence that says what changed
    on_outline : takes an outline and the value of the step's key; returns the outline of the rows left
    by_distribution : whether it changes each variable by the variable's own distribution, so that linear
        relations between variables no longer hold afterwards
    """

    on_panel: Callable[[Panel, Any, Sequence[str]], tuple[Panel, str]]
    on_outline: Callable[[Outline, Any], Outline]
    by_distribution: bool = False


def same_rows(outline: Outline, _: Any) -> Outline:
    """The outline as it is: the step changes values and leaves every row."""
    return outline
