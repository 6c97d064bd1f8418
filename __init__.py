"""posterity: Bayesian hierarchical reanalysis of published panel-data papers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .analyses.audit import audit as audit
    from .analyses.fit import fit as fit
    from .analyses.judge.frame import compare as compare
    from .analyses.run.fits import Fit as Fit
    from .analyses.study import Study as Study
    from .analyses.study import load as load
    from .analyses.twins.make import twins as twins
    from .data.errors import InputError as InputError
    from .data.panel.panel import Panel as Panel
    from .reports.drawing.plots import plot_forest as plot_forest
    from .reports.drawing.plots import plot_posterior as plot_posterior
    from .reports.drawing.plots import plot_prior_posterior as plot_prior_posterior
    from .reports.files.write import write_report as write_report

_WHERE = {
    "InputError": "data.errors",
    "Panel": "data.panel.panel",
    "Study": "analyses.study",
    "load": "analyses.study",
    "Fit": "analyses.run.fits",
    "fit": "analyses.fit",
    "compare": "analyses.judge.frame",
    "audit": "analyses.audit",
    "twins": "analyses.twins.make",
    "write_report": "reports.files.write",
    "plot_forest": "reports.drawing.plots",
    "plot_posterior": "reports.drawing.plots",
    "plot_prior_posterior": "reports.drawing.plots",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    """Import the public names when they are first used: PyMC and JAX are slow to load."""
    if name not in _WHERE:
        raise AttributeError(f"module 'posterity' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
