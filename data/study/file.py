"""Study files: one TOML a paper, parsed into frozen, validated objects."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from ..errors import InputError, did_you_mean, shortened
from ..files import inside, read_text
from ..published import Printed, read_published
from .claims import Claim
from .faults import first_fault
from .formula import Term, parse_term
from .laws import DEFAULT
from .spec import Belief as Belief
from .spec import Cluster as Cluster
from .spec import Errors, Form, Frozen, Spec, Step, pair
from .spec import Varying as Varying
from .tables import TablesEvidence

RESERVED = (
    "term", "row", "chain", "draw", "sample", "slope", "intercept", "sigma", "between", "sd_entity",
    "sd_time", "entity_effect", "time_effect", "coef", "constant", "y", "group", "varying", "sd_slope",
    "slope_offset", "coef_by",
)  # fmt: skip
MAX_STUDY, MAX_SPECS, MAX_INTEGER = 2_000_000, 2_000, 10**15
PACKAGE = Path(__file__).resolve().parents[2]
PathText = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]
SPEC_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\.[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class StudyHeader(Frozen):
    """The `[study]` table."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")]
    title: Annotated[str, Field(max_length=1000)]
    entity: str
    time: str
    published: PathText
    authors: str = ""
    year: int | None = None
    source: str = ""
    doi_or_source: str = ""
    summary: str = ""
    entities: Annotated[int, Field(gt=1)] | None = None
    periods: Annotated[tuple[int, int] | None, BeforeValidator(pair)] = None
    indicators: PathText | None = None
    descriptives: str | None = None

    @model_validator(mode="after")
    def _keys(self) -> StudyHeader:
        for name in (self.entity, self.time):
            if name in RESERVED:
                raise ValueError(f"the column name {name!r} is reserved; rename it in the panel and here")
            if "/" in name:
                raise ValueError(f"the column name {name!r} has a '/'; rename it in the panel and here")
        if self.periods is not None and self.periods[0] > self.periods[1]:
            raise ValueError(f"periods {list(self.periods)} end before they begin; give first and last")
        if self.entity == self.time:
            raise ValueError(f"entity and time are both {self.entity!r}; name two columns")
        return self


class PanelSource(Frozen):
    """The `[panel]` table: a file beside the study, or a data set that a dependency ships."""

    file: PathText | None = None
    sheet: str | None = None
    dataset: str | None = None
    synthetic: bool = False
    rename: dict[str, str] = Field(default_factory=dict)
    derive: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> PanelSource:
        if (self.file is None) == (self.dataset is None):
            raise ValueError("give either 'file' or 'dataset'")
        for text in self.derive.values():
            parse_term(text)
        return self

    @cached_property
    def derived(self) -> dict[str, Term]:
        return {name: parse_term(text) for name, text in self.derive.items()}


class Shared(Frozen):
    """Indicators and variables that are one thing, or nearly: `alike` is the correlation of near-duplicates.

    Names are columns of the indicator systems, or variables of formulas; `log(...)` is allowed.
    """

    names: Annotated[list[str], Field(min_length=2)]
    alike: Annotated[float, Field(ge=0, le=1)] = 1.0
    note: str = ""

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        return tuple(map(parse_term, self.names))

    @model_validator(mode="after")
    def _parses(self) -> Shared:
        if len(set(self.terms)) < len(self.terms):
            raise ValueError(f"names {self.names} repeat; name different indicators or variables")
        return self


class ModelDefaults(Frozen):
    """The `[model]` table: the form of effects, the law of errors, and priors on the standardised scale."""

    form: Form = "mundlak"
    errors: Errors = DEFAULT
    priors: dict[str, str] = Field(default_factory=dict)


class StudyFile(Frozen):
    """A whole study file; `path` is where it was read from."""

    path: Path
    study: StudyHeader
    spec: dict[str, Spec] = Field(min_length=1, max_length=MAX_SPECS)
    panel: PanelSource | None = None
    tables: TablesEvidence = TablesEvidence()
    model: ModelDefaults = ModelDefaults()
    variables: dict[str, str] = Field(default_factory=dict)
    groups: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    claim: list[Claim] = Field(default_factory=list)
    shared: list[Shared] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ids(self) -> StudyFile:
        for name in self.spec:
            if not SPEC_ID.fullmatch(name):
                raise ValueError(f'[spec."{name}"]: a specification is named TABLE.COLUMN, such as "T4.2"')
        for name in {"entity", "time"} & self.groups.keys():
            raise ValueError(f"[groups.{name}]: the name is taken; call the grouping otherwise")
        for name, members in self.groups.items():
            for group in (group for group, entities in members.items() if not entities):
                raise ValueError(f"[groups.{name}]: {group!r} has no members; name some, or leave it out")
        for name, spec in self.spec.items():
            if spec.variant_of is not None and (spec.variant_of not in self.spec or spec.variant_of == name):
                raise ValueError(
                    f'[spec."{name}"]: variant_of names {spec.variant_of!r}, which is no other specification.'
                    f"{did_you_mean(spec.variant_of, self.spec)}"
                )
        return self

    @property
    def name(self) -> str:
        return self.study.name

    @property
    def published_path(self) -> Path:
        return self._inside("published", self.study.published)

    @property
    def indicators_path(self) -> Path | None:
        """The systems of its composite indices, or None where it has none."""
        return self._inside("indicators", self.study.indicators) if self.study.indicators else None

    def _inside(self, key: str, name: str) -> Path:
        place = self.path.parent / name
        homes = (self.path.parent, *([PACKAGE] if self.path.is_relative_to(PACKAGE) else []))
        if not inside(place, homes):
            raise InputError(f"{self.path}: study.{key} {name!r} lies outside the study's folder; move it.")
        return place.resolve()

    @cached_property
    def published(self) -> tuple[Printed, ...]:
        """Every printed number of the study."""
        printed = read_published(self.published_path)
        known = {p.spec_id for p in printed}
        for name in self.spec:
            if name not in known:
                raise InputError(
                    f'{self.published_path}: no row for [spec."{name}"] of {self.path.name}; add its printed '
                    f"numbers or remove the specification.{did_you_mean(name, known)}"
                )
        return printed

    def printed(self, spec_id: str) -> tuple[Printed, ...]:
        """The printed numbers of one column."""
        return tuple(p for p in self.published if p.spec_id == spec_id)

    def chosen(self, only: list[str] | None) -> dict[str, Spec]:
        """The specifications asked for, in the order of the file; a bare table name takes its columns."""
        if not only:
            return self.spec
        wanted: set[str] = set()
        for name in only:
            hits = {s for s in self.spec if s == name or s.split(".")[0] == name}
            if not hits:
                raise InputError(f"{self.name} has no specification {name!r}.{did_you_mean(name, self.spec)}")
            wanted |= hits
        return {name: spec for name, spec in self.spec.items() if name in wanted}


def read_study(path: Path) -> StudyFile:
    """Read a study file.

    Raises
    ------
    InputError
        One sentence naming the file and the key at fault.
    """
    text = read_text(path, MAX_STUDY, "a study is a few pages; move its data into published.csv")
    try:
        tree: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{path} is not a study: its TOML nests too deeply; flatten it.") from None
    except ValueError as error:
        raise InputError(
            f"{path} is not valid TOML: {str(error).split('; use sys')[0]}; mend that line."
        ) from None
    if large := _too_large(tree):
        raise InputError(f"{path}: {shortened(large, 60)} is an integer beyond 10^15; mend it.")
    if "path" in tree:
        raise InputError(f"{path}: key 'path' is not known; remove it.")
    try:
        return StudyFile.model_validate({**tree, "path": path.resolve()})
    except ValidationError as error:
        raise InputError(f"{path}: {first_fault(error, _keys_at)}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _too_large(value: Any, at: str = "") -> str | None:
    """The key of an integer too large to be meant; of the largest Python refuses to print the digits."""
    if isinstance(value, dict):
        found = (_too_large(item, f"{at}.{name}" if at else name) for name, item in value.items())
        return next((key for key in found if key), None)
    if isinstance(value, list):
        return next((key for item in value if (key := _too_large(item, at))), None)
    return at if isinstance(value, int) and abs(value) > MAX_INTEGER else None


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "study": StudyHeader,
        "panel": PanelSource,
        "tables": TablesEvidence,
        "model": ModelDefaults,
        "spec": Spec,
        "claim": Claim,
        "shared": Shared,
    }
    if "steps" in location:
        return list(Step.model_fields)
    model = tables.get(str(location[0])) if location else StudyFile
    return [f.alias or k for k, f in model.model_fields.items() if k != "path"] if model else []
