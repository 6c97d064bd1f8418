"""Every specification of a study that was run: what `posterity.fit` returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...data.panel.panel import Panel
from ...models.engine.sampling import Sampler
from ..study import Study
from .agreement import Agreement
from .results import Evidence, SpecFit

if TYPE_CHECKING:
    from xarray import DataTree

LABELS = {
    "panel": "evidence: panel (microdata)",
    "tables": "evidence: tables (printed numbers alone)",
    "twin": "evidence: twin - SYNTHETIC",
}


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
