"""What a paper's text says about its own tables, in a small fixed vocabulary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ClaimKind = Literal[
    "value",
    "maximum",
    "minimum",
    "mean",
    "ratio",
    "above",
    "below",
    "sign",
    "significant",
    "insignificant",
    "increasing",
    "difference",
    "attributed",
    "interaction",
    "full_mediation",
    "same_stars",
    "clustered",
    "standardised",
    "trimmed",
    "reported",
]
WITH_VALUE = ("value", "maximum", "minimum", "mean", "ratio", "above", "below", "sign", "significant")
AT_LEAST = {
    "ratio": 2,
    "attributed": 3,
    "full_mediation": 2,
    "increasing": 2,
    "difference": 2,
    "same_stars": 2,
    "interaction": 2,
}


class Claim(BaseModel):
    """One statement of the text about printed numbers, in the study file as `[[claim]]`.

    Attributes
    ----------
    kind
        `value`, `maximum`, `minimum`, `mean`: each cell, the largest, smallest, mean prints as `value`.
        `ratio`: the first cell of `of` over the second prints as `value`.
        `above`, `below`: every cell lies beyond `value`.
        `sign`: every cell is positive ("+") or negative ("-").
        `significant`: every cell is, at level `value` ("0.05") or better; `insignificant`: none is, at 10%.
        `increasing`: the cells grow in the order of `of`.
        `difference`: the first two cells differ by more than chance.
        `attributed`: most of the rise from the first cell to the third is there in the second.
        `interaction`: the two variables reinforce each other.
        `full_mediation`: the cells are the direct and the indirect effect, and nothing direct is left.
        `same_stars`: cells two by two say the same, stars included.
        `clustered`: the standard errors of these columns are cluster-robust.
        `standardised`: the variables have mean 0 and standard deviation 1.
        `trimmed`: extreme rows were left out of these columns.
        `reported`: the variables named in `of` have printed results.
    of
        Ids of printed numbers, `*` for anything: `T4.VIF.*`; of columns for `clustered` and `trimmed`;
        names of variables for `interaction`, `standardised` and `reported`.
    value
        The number as the text prints it (its digits are its rounding), a level, or a sign.
    text
        What is said, in the words of whoever transcribed it, and where.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: ClaimKind
    of: Annotated[list[str], Field(min_length=1)]
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    value: Annotated[str, Field(pattern=r"^([+-]|-?[0-9]+(\.[0-9]+)?)$", max_length=40)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if (self.value is not None) != (self.kind in WITH_VALUE):
            raise ValueError(
                f"a claim of kind {self.kind!r} {'needs' if self.kind in WITH_VALUE else 'takes no'} 'value'"
            )
        if self.value is not None and (self.kind == "sign") != (self.value in ("+", "-")):
            raise ValueError("the value of a claim of kind 'sign' is '+' or '-', of any other a number")
        if len(self.of) < AT_LEAST.get(self.kind, 1):
            raise ValueError(
                f"a claim of kind {self.kind!r} names at least {AT_LEAST[self.kind]} cells in 'of'"
            )
        return self
