"""One column of a table in a study file: its formula, steps, errors, and what its kind asks for."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..errors import did_you_mean
from .formula import Formula, parse

Kind = Literal["effects", "pooled", "mediation", "threshold", "instrument"]
Form = Literal["fixed", "random", "mundlak"]
OWNERS: dict[str, Kind] = {
    "mediator": "mediation",
    "treatment": "mediation",
    "variable": "threshold",
    "regime_dependent": "threshold",
    "thresholds": "threshold",
    "max_thresholds": "threshold",
    "location_prior": "threshold",
}  # keys that one kind reads
Errors = Literal["gaussian", "student_t", "ar1", "entity_variance", "cluster"]


class Frozen(BaseModel):
    """Strict, immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def pair(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Step(Frozen):
    """One transformation of the panel before estimation; exactly one of the keys is given."""

    winsorise: Annotated[tuple[float, float] | None, BeforeValidator(pair)] = None
    drop: dict[str, str | int | list[str] | list[int]] | None = None
    keep: dict[str, str | int | list[str] | list[int]] | None = None
    standardise: Literal[True] | None = None
    interpolate: Literal[True] | None = None
    lag: dict[str, Annotated[int, Field(ge=1, le=100)]] | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError(
                "a step holds exactly one of winsorise, drop, keep, standardise, interpolate, lag"
            )
        if self.winsorise is not None and not 0 <= self.winsorise[0] < self.winsorise[1] <= 1:
            raise ValueError("winsorise takes two quantiles with 0 <= low < high <= 1")
        for rule in (self.drop, self.keep, self.lag):
            if rule == {} or [] in (rule or {}).values():
                raise ValueError("a step of drop, keep or lag names at least one column and value")
        return self


class Cluster(Frozen):
    """Cluster-robust standard errors by a column of the panel."""

    cluster: str


class Varying(Frozen):
    """Slopes that vary, partially pooled, by a column that groups entities; all without `terms`."""

    by: str
    terms: list[str] = []


class Belief(Frozen):
    """What another paper found of a slope, on this paper's scale: a normal prior that robustness tries."""

    term: str
    estimate: Annotated[float, Field(allow_inf_nan=False)]
    std_error: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    source: Annotated[str, Field(min_length=1, max_length=200)]


class Spec(Frozen):
    """One column of one table."""

    formula: str
    label: str = ""
    kind: Kind | None = None
    vcov: Literal["iid", "hetero"] | Cluster = "iid"
    df: Annotated[float, Field(gt=0)] | None = None
    form: Form | None = None
    errors: Errors | None = None
    steps: list[Step] = []
    priors: dict[str, str] = {}
    mediator: str | None = None
    treatment: str | None = None
    variable: str | None = None
    regime_dependent: str | None = None
    thresholds: Annotated[int, Field(ge=1, le=4)] | None = None
    max_thresholds: Annotated[int, Field(ge=1, le=4)] | None = None
    location_prior: str | None = None
    varying: Varying | None = None
    belief: list[Belief] = []
    variant_of: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _parses(self) -> Spec:
        formula = self.parsed
        if self.kind in ("pooled",) and formula.effects:
            raise ValueError(
                f"kind 'pooled' has no effects, but the formula names {', '.join(formula.effects)}"
            )
        if self.kind == "effects" and not formula.effects:
            raise ValueError("kind 'effects' needs effects in the formula: '... | entity + year'")
        if self.varying is not None:
            if self.resolved_kind != "effects":
                raise ValueError("'varying' slopes belong to kind 'effects', with effects in the formula")
            terms = [str(t) for t in formula.terms]
            for name in self.varying.terms:
                if name not in terms:
                    raise ValueError(
                        f"varying.terms names {name!r}, which is no term of the formula.{did_you_mean(name, terms)}"
                    )
        known = [str(t) for t in formula.terms]
        for belief in self.belief:
            if belief.term not in known:
                raise ValueError(
                    f"belief names {belief.term!r}, which is no term of the formula.{did_you_mean(belief.term, known)}"
                )
        if self.errors is not None:
            self._errors_fit(self.errors)
        kind = self.resolved_kind
        if kind == "threshold" and not (self.variable and self.regime_dependent):
            raise ValueError("kind 'threshold' needs 'variable' and 'regime_dependent'")
        if kind == "mediation" and not self.mediator:
            raise ValueError("kind 'mediation' needs 'mediator'")
        if (kind == "instrument") != bool(formula.endogenous):
            raise ValueError(
                "kind 'instrument' and a formula part 'endogenous ~ instruments' belong together; give both"
            )
        for key, owner in OWNERS.items():
            if kind != owner and getattr(self, key) is not None:
                raise ValueError(
                    f"{key!r} belongs to kind {owner!r}, and this is of kind {kind!r}; remove it"
                )
        return self

    def _errors_fit(self, errors: Errors) -> None:
        if self.resolved_kind not in ("effects", "pooled"):
            raise ValueError(
                f"'errors' belong to kinds 'effects' and 'pooled', not to {self.resolved_kind!r}"
            )
        if self.varying is not None and errors != "gaussian":
            raise ValueError(
                f"errors = {errors!r} cannot be combined with 'varying' slopes; leave one of them out"
            )
        if errors == "cluster" and not isinstance(self.vcov, Cluster):
            raise ValueError("errors = 'cluster' needs clusters: give vcov = { cluster = \"COLUMN\" }")

    @cached_property
    def parsed(self) -> Formula:
        return parse(self.formula)

    @property
    def resolved_kind(self) -> Kind:
        """The kind given, else what the formula and the other keys say."""
        if self.kind:
            return self.kind
        if self.parsed.endogenous:
            return "instrument"
        if self.mediator:
            return "mediation"
        if self.regime_dependent:
            return "threshold"
        return "effects" if self.parsed.effects else "pooled"

    @property
    def treated(self) -> str | None:
        """The treatment of a mediation: as named, else the first regressor that is not the mediator."""
        if self.resolved_kind != "mediation":
            return None
        return self.treatment or next((t for t in map(str, self.parsed.terms) if t != self.mediator), None)
