"""How many entities, periods, clusters and coefficients a column has, and the degrees of freedom left.

The same counts come from a design, where there is a panel, and from the study file, where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..study.file import StudyFile
from ..study.spec import Cluster, Spec
from .design import Design
from .outline import outline_of
from .steps import outline_after


@dataclass(frozen=True)
class Counts:
    """What degrees of freedom are computed from; None stands for what the study file does not tell.

    Attributes
    ----------
    entities, periods : how many of each the sample has
    clusters : of the standard errors; None as well where they are not clustered
    slopes : coefficients of regressors, one more for each threshold
    effects : how many constants each kind of effects has, in the order of the formula
    """

    entities: int | None
    periods: int | None
    clusters: int | None
    slopes: int
    effects: tuple[int | None, ...]

    @property
    def absorbed(self) -> int | None:
        """Constants that the effects take up (1 without effects)."""
        return None if None in self.effects else absorbed_constants([e for e in self.effects if e])

    def residual_df(self, n: int) -> int | None:
        """n less every slope and every absorbed constant, 1 at least."""
        return None if self.absorbed is None else max(1, n - self.slopes - self.absorbed)

    def most_df(self, n: int) -> int:
        """The same where effects whose number is not known take up nothing: no fewer than the true ones."""
        return max(1, n - self.slopes - absorbed_constants([e or 0 for e in self.effects]))


def absorbed_constants(effects: Sequence[int]) -> int:
    """Independent constants among one or more kinds of effects, each of which holds the overall constant."""
    return max(1, sum(effects) - (len(effects) - 1))


def counts_of_column(file: StudyFile, spec: Spec) -> Counts:
    """The counts of a column without a panel: the study's header and groups after the column's steps."""
    outline = outline_after(outline_of(file), spec.steps)
    absorbing = [e for e in spec.parsed.effects if not (spec.rules.between and e == file.study.entity)]
    return Counts(
        entities=outline.count(outline.entity),
        periods=outline.count(outline.time),
        clusters=outline.count(spec.vcov.cluster) if isinstance(spec.vcov, Cluster) else None,
        slopes=len(spec.parsed.terms) + (spec.thresholds or 0),
        effects=tuple(map(outline.count, absorbing)),
    )


def counts_of_design(design: Design) -> Counts:
    """The counts of a design."""
    sizes = ((design.entity_effects, len(design.entities)), (design.time_effects, len(design.times)))
    return Counts(
        entities=len(design.entities),
        periods=len(design.times),
        clusters=None if design.clusters is None else len(set(design.clusters.tolist())),
        slopes=design.k,
        effects=tuple(size for present, size in sizes if present),
    )
