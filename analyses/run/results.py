"""What a run asks for and what it leaves: frozen records, no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...data.panel.panel import Panel
from ...data.published import Printed
from ...data.sample.design import Design
from ...data.study.spec import Form
from ...models.engine.sampling import Sampler
from ...models.frequentist.least_squares import LeastSquares
from ...models.printed.tables import PrintedEstimate
from ...models.priors import Priors
from ..study import SpecView, Study

if TYPE_CHECKING:
    from xarray import DataTree

Evidence = Literal["tables", "twin", "panel"]
Engine = Literal["nuts", "collapsed"]
LABELS = {
    "panel": "evidence: panel (microdata)",
    "tables": "evidence: tables (printed numbers alone)",
    "twin": "evidence: twin - SYNTHETIC",
}


@dataclass(frozen=True, eq=False)
class SpecFit:
    """The fit of one specification.

    Attributes
    ----------
    tree : ArviZ DataTree; `coef` (dims term) is on the paper's scale
    form : fixed, random, mundlak, or none for pooled and tables
    least_squares : the frequentist estimate on the same panel, or None at tables evidence
    with_effects : for a pooled column, the same data with entity and time effects
    unjudged : why a pooled column has no such fit, or nothing
    units : what one standardised slope is on the paper's scale, by term; None where the prior is flat
    inputs : at tables evidence, the printed estimates as the likelihood reads them, by term
    mechanism : of mediation and instruments, what the fit says beyond its coefficients, as in comparison.json
    rests : flags, by term, on the assumption that carries a mechanism
    """

    view: SpecView
    tree: DataTree
    priors: Priors
    printed: tuple[Printed, ...]
    engine: Engine
    seconds: float
    resumed: bool = False
    form: Form | None = None
    design: Design | None = None
    least_squares: LeastSquares | None = None
    with_effects: SpecFit | None = None
    unjudged: str = ""
    units: dict[str, float | None] = field(default_factory=dict)
    inputs: dict[str, PrintedEstimate] = field(default_factory=dict)
    mechanism: dict[str, Any] | None = None
    rests: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.view.id


Job = Callable[[], SpecFit]


@dataclass(frozen=True)
class Agreement:
    """One column fitted a second time in expanded form by NUTS.

    Attributes
    ----------
    id : the column, with `-with-effects` where a pooled one was fitted with effects
    names : slopes and scales
    difference : of the means, collapsed less expanded, in Monte Carlo standard errors
    sd_ratio : posterior standard deviation, collapsed over expanded
    seconds : collapsed, expanded
    """

    id: str
    names: tuple[str, ...]
    difference: tuple[float, ...]
    sd_ratio: tuple[float, ...]
    seconds: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Fit:
    """Every specification that was run; `fit["T1.2"]` is its ArviZ DataTree.

    Attributes
    ----------
    panel : the microdata; None at tables and twin evidence
    panels : what was fitted: the microdata, the twins, or nothing at tables evidence
    robustness : by specification, the records of each part of `analyses.robustness` that was run

    Examples
    --------
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> isinstance(fit, po.Fit)
    True
    >>> list(fit), fit.evidence_label
    (['T1.2'], 'evidence: tables (printed numbers alone)')
    >>> capital = fit["T1.2"].posterior["coef"].sel(term="log_pcap")
    >>> round(float(capital.mean()), 3)
    -0.026
    """

    study: Study
    evidence: Evidence
    panel: Panel | None
    sampler: Sampler
    specs: dict[str, SpecFit]
    skipped: dict[str, str]
    agreement: Agreement | None = None
    panels: tuple[Panel, ...] = ()
    robustness: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __getitem__(self, spec_id: str) -> DataTree:
        return self.specs[spec_id].tree

    def __iter__(self) -> Iterator[str]:
        return iter(self.specs)

    @property
    def synthetic(self) -> bool:
        """Whether what was fitted is simulated."""
        return self.evidence == "twin" or (self.panel is not None and self.panel.synthetic)

    @property
    def evidence_label(self) -> str:
        """The line that every table, figure and page carries."""
        if self.evidence == "panel" and self.synthetic:
            return "evidence: panel - SYNTHETIC"
        return LABELS[self.evidence]


@dataclass(frozen=True)
class Request:
    """What to run, and where to keep it.

    Attributes
    ----------
    agreement : whether to fit one collapsed column again in expanded form and set the two side by side
    known_only : whether to raise NotStoredError in place of making what the store lacks
    """

    evidence: Evidence
    sampler: Sampler = field(default_factory=Sampler)
    engine: Engine | None = None
    priors: dict[str, str] = field(default_factory=dict)
    form: Form | None = None
    posteriors: Path | None = None
    fresh: bool = False
    agreement: bool = False
    known_only: bool = False
