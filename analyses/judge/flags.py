"""What qualifies a verdict: one function a flag, in the order in which a record lists them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from ...data.published import Printed
from ...data.study.spec import Cluster
from ..kinds import kind_of
from ..run.fits import Fit
from ..run.results import SpecFit
from .interval import CONSTANT, Judged, judged_fit
from .posterior import Posterior
from .reference import clusters_unknown, degrees_of_freedom
from .reproduction import error_reproduced
from .verdict import EQUIVALENCE, Claim, by_laws, precise, settled_sign

# With 10 degrees of freedom the 97.5% quantile of t is 2.23, 14% above the normal's, and cluster-robust
# errors are themselves too small with so few clusters (Cameron and Miller 2015, doi:10.3368/jhr.50.2.317).
FEW_CLUSTERS_DF = 10
# A normal posterior with half of the prior's standard deviation owes a quarter of its precision to the prior.
PRIOR_DRIVEN = 0.5
# Where the interval excludes 0, a Bayes factor below this speaks for 0 nevertheless.
EVEN = 1.0
# In standard errors: half of what the 95% interval of a flat prior reaches each way.
MOVED = 1.0
# A ratio of standard errors of 1.2 costs an interval that ignores it 3 points of its 95% coverage.
WIDER, NARROWER = 1.2, 0.8
# With G clusters the square of that ratio varies as chi-squared over its G - 1 degrees of freedom, also where
# the model is right: a ratio within these probabilities is left to chance.
CHANCE = (0.005, 0.995)
# In posterior standard deviations of their correlation: independent errors reach it 3 times in a thousand.
CORRELATED_BY = 3.0
# Under strict exogeneity least squares and generalised least squares estimate one slope: a quarter of a 95%
# interval, about a standard error, between them speaks of dynamics, feedback or error in the regressor.
APART = 0.25


@dataclass(frozen=True)
class Case:
    """One printed coefficient with all that its flags are read from.

    Attributes
    ----------
    judged : the posterior that the verdict rests on
    interval : the interval that it looks at
    reproduced : the `reproduced` object of its record
    exact : the verdict if an assumption that has a prior in the judged posterior were exact; None without one
    other_law : the `other_law` object of its record
    """

    fit: Fit
    one: SpecFit
    printed: Printed
    claim: Claim
    judged: Posterior
    interval: Judged
    reproduced: dict[str, Any]
    exact: str | None = None
    other_law: dict[str, Any] | None = None

    @property
    def constant(self) -> bool:
        return self.printed.term == CONSTANT

    @property
    def at_tables(self) -> bool:
        return self.fit.evidence == "tables"

    @property
    def unit(self) -> float | None:
        """What one standardised slope is on the paper's scale; None where the prior is flat."""
        return self.one.units.get(self.printed.term)

    @property
    def plain_unit(self) -> float | None:
        """A standard deviation of the outcome for one of the regressor, over all rows that are judged."""
        design = judged_fit(self.one, self.printed.term).design
        if design is None or self.printed.term not in design.terms:
            return self.unit
        return float(design.y.std() / design.X[:, design.terms.index(self.printed.term)].std())


Flags = Iterator[str]


def flags_of(case: Case) -> list[str]:
    """All flags of a coefficient, in the order of `FLAGS`."""
    return [text for flag in FLAGS for text in flag(case)]


def judged_with_effects(case: Case) -> Flags:
    if case.one.with_effects and judged_fit(case.one, case.printed.term) is case.one.with_effects:
        yield "judged with entity and time effects"


def not_judged_with_effects(case: Case) -> Flags:
    why = case.one.unjudged.get(case.printed.term)
    if why is not None:
        yield f"not judged with effects: {why}"


def not_in_tables(case: Case) -> Flags:
    if case.at_tables and not case.constant and not case.one.view.entity_effects:
        yield from kind_of(case.one.view.kind).flags_at_tables


def not_reproduced(case: Case) -> Flags:
    if case.reproduced["within_rounding"] is False:
        estimate, text = case.reproduced["estimate"], case.printed.text["estimate"]
        yield f"not reproduced: {estimate:.6g} does not print as {text}"


def error_not_reproduced(case: Case) -> Flags:
    printed, error = case.printed, case.reproduced["std_error"]
    if printed.std_error and error_reproduced(error, printed) is False:
        given, source = f"{printed.std_error:.4g}", printed.std_error_source
        beside = f"printed {given}" if source == "printed" else f"{given} from the printed {source}"
        yield f"standard error not reproduced: {error:.4g}, {beside}"


def sample_differs(case: Case) -> Flags:
    design, printed = case.one.design, case.printed.n
    if case.reproduced["estimate"] is not None and design and printed not in (None, design.n):
        yield f"sample differs: {design.n} rows, printed {printed}"


def errors_not_as_modelled(case: Case) -> Flags:
    factor, clusters = case.interval.factor, case.interval.clusters
    if factor is None or clusters is None:
        return
    low, high = np.sqrt(stats.chi2.ppf(CHANCE, clusters - 1) / (clusters - 1))
    words = f"{factor:.2f} times the model's own"
    if factor > max(WIDER, high):
        yield f"judged interval widened: the cluster-robust standard error is {words}"
    elif factor < min(NARROWER, low):
        yield f"judged interval is the model's: the cluster-robust standard error is {words}"


def errors_correlated(case: Case) -> Flags:
    """Errors that persist, where the paper's own standard errors take the rows as independent."""
    if case.other_law is None or isinstance(case.one.view.spec.vcov, Cluster):
        return
    rho = case.other_law["parameters"]["rho_error"]
    sd = case.other_law["parameter_sds"]["rho_error"]
    if abs(rho) > CORRELATED_BY * sd:
        yield f"errors are correlated over time (ρ = {rho:.2f}, sd {sd:.2f}): printed as if independent"


def rests_on_the_law_of_errors(case: Case) -> Flags:
    """Two laws of the errors that disagree on the sign, or whose posteriors lie apart, also beyond chance."""
    if case.other_law is None:
        return
    ends, other = (case.interval.low, case.interval.high), case.other_law["judged"]
    mean, low, high, rho = case.other_law["mean"], other["q2.5"], other["q97.5"], case.other_law["parameters"]
    beside = f"with AR(1) errors ({_over_time(rho)}) {mean:.3g} [{low:.3g}, {high:.3g}]"
    if settled_sign(*ends) != settled_sign(low, high):
        yield f"rests on the law of errors: {case.judged.mean:.3g} with independent errors, {beside}"
    elif abs(mean - case.judged.mean) > APART * (ends[1] - ends[0]):
        yield f"moves with the law of errors: {case.judged.mean:.3g} with independent errors, {beside}"
    contrast = case.other_law.get("contrast")
    if contrast is not None and contrast["q2.5"] * contrast["q97.5"] > 0:
        low, high = contrast["q2.5"], contrast["q97.5"]
        yield f"laws of errors disagree beyond chance: by {contrast['mean']:.3g} [{low:.3g}, {high:.3g}]"


def _over_time(parameters: dict[str, float]) -> str:
    """The correlation of errors over time; where there are two equations, also that of the other one."""
    others = [
        f", {value:.2f} in the equation of the {name.removeprefix('rho_error_')}"
        for name, value in parameters.items()
        if name != "rho_error"
    ]
    return f"ρ = {parameters['rho_error']:.2f}{''.join(others)}"


def few_clusters(case: Case) -> Flags:
    file, spec = case.one.view.file, case.one.view.spec
    df = degrees_of_freedom(file, spec, case.printed) if case.at_tables else _cluster_df(case.one)
    if df is not None and df <= FEW_CLUSTERS_DF:
        yield f"few clusters: t with {df:g} degrees of freedom"


def _cluster_df(one: SpecFit) -> float | None:
    if one.design is None or one.design.clusters is None or one.least_squares is None:
        return None
    return one.least_squares.df


def number_of_clusters_unknown(case: Case) -> Flags:
    file, spec = case.one.view.file, case.one.view.spec
    if case.at_tables and clusters_unknown(file, spec, case.printed):
        yield "number of clusters not known: t read on rows less coefficients; give [tables] df"


def rests_on_an_assumption(case: Case) -> Flags:
    yield from case.one.assumption_flags.get(case.printed.term, ())


def only_if_exact(case: Case) -> Flags:
    ends = case.interval.low, case.interval.high
    if case.exact not in (None, by_laws(case.claim, ends, case.other_law)):
        yield f"{case.exact} only if {kind_of(case.one.view.kind).assumption}"


def precise_null(case: Case) -> Flags:
    ends = case.interval
    if not case.claim.effect and ends.low <= 0 <= ends.high and precise(ends.low, ends.high, case.plain_unit):
        yield f"precisely: within {EQUIVALENCE:g} standard deviations of the outcome for one of the regressor"


def constant(case: Case) -> Flags:
    if case.constant:
        yield "constant: its normalisation is a convention"


def flat_prior(case: Case) -> Flags:
    if not case.constant and case.unit is None and case.at_tables:
        yield "flat prior: no printed standard deviations to scale it"


def prior_driven(case: Case) -> Flags:
    """By the verdicts under other priors where there are any, else by the posterior sd over the prior's."""
    if case.constant or case.unit is None:
        return
    priors = case.fit.robustness.get(case.one.id, {}).get("priors") or {}
    tried = priors.get("terms", {}).get(case.printed.term)
    spread = case.unit * float(case.one.priors["slope"].frozen().std())
    if tried is not None:
        if tried["prior_driven"]:
            yield "prior-driven: see robustness to priors"
    elif math.isfinite(spread) and case.judged.sd > PRIOR_DRIVEN * spread:
        yield f"prior-driven: posterior sd is {case.judged.sd / spread:.0%} of the prior's"


def bayes_factor_for_zero(case: Case) -> Flags:
    """An effect by its interval, against which its Bayes factor speaks: a wide prior makes the two part."""
    factor = case.judged.bayes_factor_10
    if case.interval.low * case.interval.high > 0 and factor is not None and factor < EVEN:
        yield f"Bayes factor for no effect: {factor:.2g}, under the prior whose interval excludes 0"


def moved_by_the_prior(case: Case) -> Flags:
    """The judged posterior mean against generalised least squares under the same law and effects."""
    widening = judged_fit(case.one, case.printed.term).widening.get(case.printed.term)
    if widening is not None and abs(widening.prior_shift) > MOVED:
        shift = f"{abs(widening.prior_shift):.1f}"
        yield f"prior moves the estimate by {shift} standard errors: see robustness to priors"


def stars_unknown(case: Case) -> Flags:
    if case.printed.stars == "unknown":
        yield "stars unknown: lost in the scan"


def error_from_another_number(case: Case) -> Flags:
    if case.printed.std_error_source in ("t-value", "interval"):
        yield f"standard error from {case.printed.std_error_source}"


def synthetic_panel(case: Case) -> Flags:
    if case.fit.synthetic:
        yield "SYNTHETIC panel"


FLAGS: tuple[Callable[[Case], Flags], ...] = (
    judged_with_effects,
    not_judged_with_effects,
    not_in_tables,
    not_reproduced,
    error_not_reproduced,
    sample_differs,
    errors_not_as_modelled,
    errors_correlated,
    rests_on_the_law_of_errors,
    few_clusters,
    number_of_clusters_unknown,
    only_if_exact,
    precise_null,
    rests_on_an_assumption,
    constant,
    flat_prior,
    prior_driven,
    bayes_factor_for_zero,
    moved_by_the_prior,
    stars_unknown,
    error_from_another_number,
    synthetic_panel,
)
