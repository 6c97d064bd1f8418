"""The `[tables]` table of a study file: how printed numbers are read where they are all the evidence."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from .spec import Frozen

SLACK = 0.02  # shares are printed to two decimals


class FieldMixture(Frozen):
    """The `[tables.field]` table: how signal-to-noise ratios are spread in the field, a mixture about 0."""

    weights: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1, max_length=20)]
    sds: list[Annotated[float, Field(gt=0, lt=1000)]]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    source: Annotated[str, Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _mixture(self) -> FieldMixture:
        if len(self.sds) != len(self.weights):
            raise ValueError(
                f"has {len(self.weights)} weights and {len(self.sds)} sds; give each component one of each"
            )
        if abs(sum(self.weights) - 1) > SLACK:
            raise ValueError(f"weights sum to {sum(self.weights):g}; give shares that sum to 1")
        return self


class TablesEvidence(Frozen):
    """The `[tables]` table: how printed numbers are read.

    Attributes
    ----------
    df : degrees of freedom of the reference distribution of the printed t
    beta_p : relative probability that an insignificant estimate is printed
    field : how signal-to-noise ratios are spread in the field
    """

    df: Annotated[float, Field(gt=0)] | None = None
    beta_p: Annotated[float, Field(gt=0, le=1)] | None = None
    field: FieldMixture | None = None
