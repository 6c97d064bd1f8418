"""What a printed regression reads of a panel, without its numbers; light to load, as `moments` is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DESCRIPTIVES = ("mean", "sd", "median", "min", "max")


@dataclass(frozen=True)
class Column:
    """The shape of a regression; its variables are outcome, endogenous, exogenous, instruments, threshold.

    Attributes
    ----------
    endogenous, exogenous, instruments : how many there are of each; none endogenous: least squares
    logs : for each variable, whether its logarithm is used
    steps : ("winsorise", low, high), ("standardise",), ("entities", kept), ("times", kept), ("lag", periods),
        where kept are positions and periods has one entry a variable
    vcov : iid, hetero or cluster
    nested : whether every entity lies in one cluster, so that its effect is not counted as a parameter
    split : position among the regressors of the one whose slope differs between regimes
    thresholds : of the last variable
    without : position of a regressor (a mediator) that the indirect effect of `split` goes through
    tested : how many regressors the F statistic tests, the first ones
    wanted : the statistics to return, by name
    """

    endogenous: int
    exogenous: int
    instruments: int
    logs: tuple[bool, ...]
    steps: tuple[tuple[Any, ...], ...]
    entity_effects: bool
    time_effects: bool
    vcov: str
    nested: bool
    split: int | None
    thresholds: tuple[float, ...]
    without: int | None
    tested: int
    wanted: tuple[str, ...]


def within(values: Any, by_entity: bool, by_time: bool) -> Any:
    """(V, N, T) Deviations from the means of entities, of times, or both (balanced), else from the mean."""
    left = values
    if by_entity:
        left = left - left.mean(axis=2, keepdims=True)
    if by_time:
        left = left - left.mean(axis=1, keepdims=True)
    return left if by_entity or by_time else values - values.mean(axis=(1, 2), keepdims=True)
