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
from ..data.study.file import PanelSource, StudyFile, read_study
from ..data.study.spec import Form
from .kinds import kind_of
from .view import SpecView

if TYPE_CHECKING:
    import pymc as pm

HERE = Path(__file__).parent
MAX_PATH = 4_000


@dataclass(frozen=True)
class Specification(SpecView):
    """A specification of a study, ready to be put on a panel."""

    def model(self, panel: Panel, priors: dict[str, str] | None = None, form: Form | None = None) -> pm.Model:
        """The PyMC model of this specification on a panel."""
        return kind_of(self.kind).model(self, panel, self.priors(priors), form or self.form)


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

    def spec(self, spec_id: str) -> Specification:
        """One specification by its id, such as `T4.2`."""
        if spec_id not in self.file.spec:
            raise InputError(
                f"{self.name} has no specification {spec_id!r}.{did_you_mean(spec_id, self.file.spec)}"
            )
        return Specification(spec_id, self.file.spec[spec_id], self.file)

    def specs(self, only: list[str] | None = None) -> list[Specification]:
        return [Specification(name, spec, self.file) for name, spec in self.file.chosen(only).items()]

    def panel(self, path: str | Path | None = None) -> Panel:
        """The study's panel: a file given here, or the one that the study file names."""
        header, source = self.file.study, self.file.panel
        if path is not None:
            panel = Panel.read(path, entity=header.entity, time=header.time)
            return _derived(panel, source)
        if source is None:
            raise InputError(
                f"{self.name} publishes no microdata; give a panel with --panel FILE, "
                "or use --evidence tables."
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


def shipped_studies() -> dict[str, Path]:
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
    shipped = shipped_studies()
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
