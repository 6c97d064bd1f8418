"""One column of a table in a study file: its formula, steps, errors, and what its kind asks for."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..errors import did_you_mean
from .estimators import Estimator
from .formula import Formula, parse
from .kinds import KINDS, Kind, KindRules, check_kind, inferred_kind
from .laws import LAWS
from .laws import Errors as Errors

Form = Literal["fixed", "random", "mundlak"]


class Frozen(BaseModel):
    """Strict, immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def pair(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Selection = dict[str, str | int | list[str] | list[int]]


def listed_values(given: str | int | list[str] | list[int]) -> list[str] | list[int] | list[str | int]:
    """The values that a `drop` or `keep` gives for one column, which may be a single one."""
    return given if isinstance(given, list) else [given]


class Step(Frozen):
    """One transformation of the panel before estimation; exactly one of the keys is given."""

    winsorise: Annotated[tuple[float, float] | None, BeforeValidator(pair)] = None
    drop: Selection | None = None
    keep: Selection | None = None
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

    @property
    def name(self) -> str:
        """The key that is given: what kind of step this is."""
        return next(iter(self.model_fields_set))

    @property
    def value(self) -> Any:
        """What the key holds."""
        return getattr(self, self.name)

    @property
    def columns(self) -> list[str]:
        """Columns of the panel that the step names."""
        return [*(self.drop or {}), *(self.keep or {}), *(self.lag or {})]

    def selected(self, column: str) -> list[str] | list[int] | list[str | int]:
        """The values of a column by which the step drops or keeps rows."""
        return listed_values((self.drop or self.keep or {}).get(column, []))


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
    """One column of one table.

    The study file may leave `kind` out: attribute `kind` is the one stated, else what formula and keys show.
    """

    formula: str
    label: str = ""
    stated_kind: Kind | None = Field(default=None, alias="kind")
    vcov: Literal["iid", "hetero"] | Cluster = "iid"
    df: Annotated[float, Field(gt=0)] | None = None
    form: Form | None = None
    estimator: Estimator | None = None
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
        terms = [str(t) for t in self.parsed.terms]
        check_kind(self.kind, self.parsed, self.__dict__)
        self._check_estimator()
        for name in self.varying.terms if self.varying else []:
            if name not in terms:
                raise ValueError(
                    f"varying.terms names {name!r}, which is no term of the formula."
                    f"{did_you_mean(name, terms)}"
                )
        for belief in self.belief:
            if belief.term not in terms:
                raise ValueError(
                    f"belief names {belief.term!r}, which is no term of the formula."
                    f"{did_you_mean(belief.term, terms)}"
                )
        if self.errors is not None:
            self._check_law(self.errors)
        return self

    def _check_estimator(self) -> None:
        if self.estimator is None:
            return
        if self.form is not None:
            raise ValueError(
                f"estimator = {self.estimator!r} says that effects are random; remove form = {self.form!r}"
            )
        if self.vcov == "hetero":
            raise ValueError(
                "vcov = 'hetero': robust errors of random effects are clustered by the entity, in Stata's "
                "xtreg and in plm's vcovHC; write vcov = { cluster = 'ENTITY' } with the entity's column"
            )

    def _check_law(self, errors: str) -> None:
        if self.varying is not None and not LAWS[errors].varying:
            raise ValueError(
                f"errors = {errors!r} cannot be combined with 'varying' slopes; leave one of them out"
            )
        if LAWS[errors].clustered and not isinstance(self.vcov, Cluster):
            raise ValueError(f'errors = {errors!r} needs clusters: give vcov = {{ cluster = "COLUMN" }}')

    @cached_property
    def parsed(self) -> Formula:
        return parse(self.formula)

    @property
    def kind(self) -> str:
        """The kind stated, else what the formula and the other keys say."""
        return self.stated_kind or inferred_kind(self.parsed, self.__dict__)

    @property
    def rules(self) -> KindRules:
        """What a study file may say of specifications of this kind."""
        return KINDS[self.kind]

    @property
    def treated(self) -> str | None:
        """The treatment of a mediation: as named, else the first regressor that is not the mediator."""
        if self.mediator is None:
            return None
        return self.treatment or next((t for t in map(str, self.parsed.terms) if t != self.mediator), None)

    def regressor_of(self, term: str) -> str:
        """The regressor of which a printed coefficient tells.

        `NqP_regime2` is a slope of `NqP`, and `direct` one of the treatment; any other term is its own.
        """
        if self.regime_dependent and term.startswith(f"{self.regime_dependent}_regime"):
            return self.regime_dependent
        return self.treated or "" if self.mediator and term == "direct" else term
