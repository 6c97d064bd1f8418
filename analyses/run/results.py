"""What a run asks of one specification and what it leaves: frozen records, no behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...data.published import Printed
from ...data.sample.design import Design
from ...data.study.spec import Form
from ...models.engine.sampling import Sampler
from ...models.frequentist.least_squares import LeastSquares
from ...models.printed.tables import PrintedEstimate
from ...models.priors import Priors
from ..view import SpecView

if TYPE_CHECKING:
    from xarray import DataTree

Evidence = Literal["tables", "twin", "panel"]
Engine = Literal["nuts", "collapsed"]


class Widening(NamedTuple):
    """Two standard errors of one slope in standard units: what the model states, and what its clusters show.

    Attributes
    ----------
    model : under the covariance of the model
    robust : by the scores of the clusters (`models.errors.inference.robust_errors`)
    clusters : their number G
    prior_shift : of the posterior mean, from generalised least squares under the same law, in standard errors
        of the latter
    share : of the posterior's variance, what sampling adds to it; below 1 where a prior on an assumption that
        data cannot test adds the rest
    skewed : whether a widened interval keeps the skewness of the draws, as that of a product of slopes does
    """

    model: float
    robust: float
    clusters: int
    prior_shift: float = 0.0
    share: float = 1.0
    skewed: bool = False

    @property
    def factor(self) -> float:
        """The cluster-robust over the model-based standard error."""
        return self.robust / self.model


@dataclass(frozen=True, eq=False)
class SpecFit:
    """The fit of one specification.

    Attributes
    ----------
    tree : ArviZ DataTree; `coef` (dims term) is on the paper's scale
    form : fixed, random or mundlak; None for pooled columns and at tables evidence
    least_squares : the frequentist estimate on the same panel, or None at tables evidence
    with_effects : for a column pooled across entities, the same rows with entity and time effects, less the
        regressors that these absorb
    under_prior : of mediation and instruments, the coefficients that rest on an assumption which data cannot
        test (rho = 0, exact exclusion), as they are where it has a prior in place of being exact
    other_law : the same with errors correlated within entities, where the study file names no law of errors
    contrast : of an `other_law`, by term the cluster-robust standard error of its slope less the first law's
    unjudged : why such a fit has no slope of a regressor, for each that it lacks
    units : what one standardised slope is on the paper's scale, by term; None where the prior is flat
    widening : by term, how far the model's own standard error can be trusted; empty where that is not known
    inputs : at tables evidence, the printed estimates as the likelihood reads them, by term
    mechanism : of mediation, instruments, thresholds and random effects, what the fit says beyond its
        coefficients, as in comparison.json
    assumption_flags : by term, flags on an assumption that data cannot test (rho = 0, exact exclusion)
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
    under_prior: SpecFit | None = None
    other_law: SpecFit | None = None
    contrast: dict[str, float] = field(default_factory=dict)
    unjudged: dict[str, str] = field(default_factory=dict)
    units: dict[str, float | None] = field(default_factory=dict)
    widening: dict[str, Widening] = field(default_factory=dict)
    inputs: dict[str, PrintedEstimate] = field(default_factory=dict)
    mechanism: dict[str, Any] | None = None
    assumption_flags: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.view.id

    @property
    def one_equation(self) -> bool:
        """Whether its posterior is of one equation, whatever else is recorded beside it."""
        return self.mechanism is None or self.view.spec.rules.one_equation


Job = Callable[[], SpecFit]


@dataclass(frozen=True)
class Request:
    """What to run, and where to keep it.

    Attributes
    ----------
    agreement : whether to fit one collapsed column again by NUTS in expanded form
    other_law : whether a column whose law of errors is not stated is fitted under a second one
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
    other_law: bool = True
    known_only: bool = False
