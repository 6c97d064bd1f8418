"""Fitting a study from Python: arguments are checked, and a notebook shows the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from ..data.errors import InputError, did_you_mean
from ..data.panel.panel import Panel
from ..data.study.spec import Form
from ..models.engine.sampling import Sampler
from .judge.frame import compare
from .run.fit import run
from .run.fits import Fit
from .run.results import Engine, Evidence, Request
from .study import Study


class ShownFit(Fit):
    """A `Fit` that a notebook shows as its comparison; it stands here as a run knows nothing of verdicts."""

    def _repr_html_(self) -> str:
        return compare(self)._repr_html_()


def fit(
    study: Study,
    panel: Panel | Sequence[Panel] | None = None,
    *,
    only: list[str] | str | None = None,
    evidence: Evidence | None = None,
    draws: int = 1000,
    seed: int = Sampler.seed,
    priors: dict[str, str] | None = None,
    form: Form | None = None,
    engine: Engine | None = None,
) -> ShownFit:
    """Fit specifications of a study: to the panel given, else to the study's own, else to the printed tables.

    A sequence of panels is an ensemble of twins: every specification is fitted to each, and mixed.

    Parameters
    ----------
    only
        Ids of specifications (`T4.2`) or tables (`T4`); all where omitted.
    priors
        Overrides on the standardised scale, such as `{"slope": "normal(0, 0.5)"}`.

    Examples
    --------
    The columns' own panel, or their printed numbers alone:

    >>> import posterity as po
    >>> study = po.load("munnell-1990")
    >>> list(po.fit(study, only=["T1.2"], draws=500))
    ['T1.2']
    >>> fit = po.fit(study, evidence="tables", only="T1.2")
    >>> fit.evidence_label
    'evidence: tables (printed numbers alone)'
    """
    for name, value, known in (
        ("evidence", evidence, Evidence),
        ("form", form, Form),
        ("engine", engine, Engine),
    ):
        if value is not None and value not in get_args(known):
            raise InputError(f"{name} {value!r} is not known.{did_you_mean(str(value), get_args(known))}")
    for name, number, least in (("draws", draws, 1), ("seed", seed, 0)):
        if not isinstance(number, int) or not least <= number < 2**32:
            raise InputError(f"{name} = {number!r} must be a whole number of at least {least}.")
    if isinstance(panel, Sequence):
        evidence = "twin"
    evidence = evidence or ("panel" if panel is not None or study.file.panel else "tables")
    request = Request(evidence, Sampler(draws=draws, seed=seed), engine, priors or {}, form)
    made = run(study, panel, [only] if isinstance(only, str) else only, request)
    return ShownFit(**vars(made))
