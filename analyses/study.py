"""Opening a study: by name for those that come with posterity, or by the path of a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.display import display
from ..data.errors import InputError, did_you_mean
from ..data.files import inside
from ..data.panel.datasets import DATASETS
from ..data.panel.panel import Panel
from ..data.sample.build import build_design
from ..data.sample.design import Design
from ..data.study.file import PanelSource, StudyFile, read_study
from ..data.study.other_regressors import with_instruments
from ..data.study.spec import Errors, Form, Spec
from ..models.priors import Priors, with_overrides

if TYPE_CHECKING:
    import pymc as pm

HERE = Path(__file__).parent
MAX_PATH = 4_000


@dataclass(frozen=True)
class SpecView:
    """A specification of a study, ready to be put on a panel."""

    id: str
    spec: Spec
    study: Study

    @property
    def kind(self) -> str:
        return self.spec.kind

    @property
    def form(self) -> Form:
        return self.spec.form or self.study.file.model.form

    @property
    def errors(self) -> Errors:
        """The law of the errors; [model]'s is for kinds `effects` and `pooled` without varying slopes."""
        own = self.kind in ("effects", "pooled") and self.spec.varying is None
        return self.spec.errors or (self.study.file.model.errors if own else "gaussian")

    def priors(self, overrides: dict[str, str] | None = None) -> Priors:
        """Defaults, then the study's, then the specification's, then the caller's."""
        return with_overrides(self.study.file.model.priors, self.spec.priors, overrides or {})

    def design(self, panel: Panel) -> Design:
        """The arrays of this specification on a panel."""
        spec = with_instruments(self.spec) if self.kind == "instrument" else self.spec
        try:
            return build_design(panel.with_groups(self.study.file.groups), spec, self.id)
        except InputError as error:
            if self.id in str(error):
                raise
            raise InputError(f"{self.id}: {error}") from None

    def model(self, panel: Panel, priors: dict[str, str] | None = None, form: Form | None = None) -> pm.Model:
        """The PyMC model of this specification on a panel."""
        from ..models.kinds.effects import effects_model
        from ..models.kinds.pooled import pooled_model

        design = self.design(panel)
        if self.kind == "pooled":
            return pooled_model(design, self.priors(priors), self.errors)
        if self.kind == "mediation":
            from ..models.kinds.mediation import mediation_model
            from .kinds.mediation.fit import roles

            effects = (form or self.form) if self.spec.parsed.effects else None
            return mediation_model(design, *roles(self), self.priors(priors), effects)
        if self.kind == "instrument":
            from ..models.frequentist.iv import instrumented
            from ..models.kinds.instrument import instrument_model

            formula = self.spec.parsed
            data = instrumented(design, len(formula.endogenous), len(formula.instruments))
            return instrument_model(data, self.priors(priors))
        if self.kind == "threshold":
            from ..models.kinds.threshold import threshold_model
            from .kinds.threshold.fit import log_location, regimes_of

            found = regimes_of(self, panel)
            count = self.spec.thresholds or 1
            prior = log_location(self, found)
            return threshold_model(found, count, self.priors(priors), form or self.form, prior)
        return effects_model(design, self.priors(priors), form or self.form, self.errors)


@dataclass(frozen=True)
class Study:
    """A study file with what the package can do with it.

    Examples
    --------
    >>> import posterity as po
    >>> study = po.load("munnell-1990")
    >>> study.spec("T1.2").spec.formula
    'log_gsp ~ log_pcap + log_pc + log_emp + unemp | state'
    >>> study.panel().frame.shape
    (816, 15)
    >>> isinstance(study, po.Study)
    True
    """

    file: StudyFile

    @property
    def name(self) -> str:
        return self.file.name

    def spec(self, spec_id: str) -> SpecView:
        """One specification by its id, such as `T4.2`."""
        if spec_id not in self.file.spec:
            raise InputError(
                f"{self.name} has no specification {spec_id!r}.{did_you_mean(spec_id, self.file.spec)}"
            )
        return SpecView(spec_id, self.file.spec[spec_id], self)

    def specs(self, only: list[str] | None = None) -> list[SpecView]:
        return [SpecView(name, spec, self) for name, spec in self.file.chosen(only).items()]

    def panel(self, path: str | Path | None = None) -> Panel:
        """The study's panel: a file given here, or the one that the study file names."""
        header, source = self.file.study, self.file.panel
        if path is not None:
            panel = Panel.read(path, entity=header.entity, time=header.time)
            return _derived(panel, source)
        if source is None:
            raise InputError(
                f"{self.name} publishes no microdata; give a panel with --panel FILE, or use --evidence tables."
            )
        if source.file is not None:
            home = self.file.path.parent
            place = home / source.file
            if not inside(place, [home]):
                raise InputError(
                    f"{self.file.path}: panel.file {source.file!r} lies outside the study's folder; move it."
                )
            panel = Panel.read(
                place.resolve(),
                entity=header.entity,
                time=header.time,
                sheet=source.sheet,
                rename=source.rename,
                synthetic=source.synthetic or None,
            )
        else:
            if source.dataset not in DATASETS:
                raise InputError(
                    f"{self.file.path}: panel.dataset {source.dataset!r} is not known."
                    f"{did_you_mean(str(source.dataset), DATASETS)}"
                )
            frame = DATASETS[str(source.dataset)]().rename(columns=source.rename)
            frame.index = frame.index + 1
            panel = Panel.of(
                frame, entity=header.entity, time=header.time, source=f"data set {source.dataset}"
            )
        return _derived(panel, source)

    def _repr_html_(self) -> str:
        header, source = self.file.study, self.file.panel
        evidence = (
            "tables, or SYNTHETIC twins; no microdata" if source is None else "panel (microdata), or tables"
        )
        if source is not None and (source.synthetic or "synthetic" in (source.file or "").lower()):
            evidence = "a SYNTHETIC panel, or tables"
        lines = [
            f"{header.authors}{f', {header.year}' if header.year else ''}",
            f"{len(self.file.published)} printed numbers; evidence: {evidence}",
        ]
        rows = [(s.id, s.kind, s.spec.label, s.spec.formula) for s in self.specs()]
        return display(f"{self.name}: {header.title}", lines, ("column", "kind", "label", "formula"), rows)


def _derived(panel: Panel, source: PanelSource | None) -> Panel:
    """Add the columns that the study derives from others, where the panel lacks them."""
    wanted = source.derived if source else {}
    absent = {name: term for name, term in wanted.items() if name not in panel.frame.columns}
    return panel.with_columns({name: panel.term(term) for name, term in absent.items()})


def built_in() -> dict[str, Path]:
    """Studies that come with posterity, by name."""
    return {path.stem.replace("_", "-"): path for path in sorted(HERE.glob("*.toml"))}


def load(name_or_path: str | Path) -> Study:
    """Open a study by name, by the path of its TOML file, or by a folder that holds `study.toml`.

    Raises
    ------
    InputError
        One sentence naming what was not found or is wrong in the file.

    Examples
    --------
    >>> import posterity as po
    >>> study = po.load("munnell-1990")
    >>> [column.id for column in study.specs()]
    ['T1.1', 'T1.2', 'T1.3']
    """
    shipped = built_in()
    if str(name_or_path) in shipped:
        return Study(read_study(shipped[str(name_or_path)]))
    path = Path(name_or_path)
    if len(str(name_or_path)) > MAX_PATH or "\0" in str(name_or_path):
        raise InputError("the name of the study is no path: give a name, or the path of a TOML file.")
    if path.is_dir() and (path / "study.toml").exists():
        if not inside(path / "study.toml", [path]):
            raise InputError(
                f"{path / 'study.toml'} is a link out of its folder; open the file that it names."
            )
        path = path / "study.toml"
    if path.suffix == ".toml" or path.exists():
        return Study(read_study(path))
    raise InputError(
        f"there is no study {str(name_or_path)!r}: give a name, or the path of a TOML file."
        f"{did_you_mean(str(name_or_path), shipped)}"
    )
