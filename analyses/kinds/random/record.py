"""What a random-effects column says beyond its coefficients: variances, Hausman's test, and its posterior."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....models.errors.inference.robust_errors import RobustErrors
from ....models.frequentist.random_effects import Hausman, RandomEffects
from ....models.kinds.random import Contrasts
from ...judge.diagnostics import converged
from ...judge.interval import degrees, widened
from ...run.results import SpecFit, Widening
from ..draws import described
from ..kind import Flags

if TYPE_CHECKING:
    from xarray import DataArray

KIND = "random effects"


def record_of(
    one: SpecFit,
    beside: SpecFit,
    apart: Contrasts,
    errors: RobustErrors | None,
    own: RandomEffects,
    test: Hausman | None,
    prints: Mapping[str, int],
) -> dict[str, Any]:
    """The `mechanisms` entry of a column in comparison.json.

    Parameters
    ----------
    one, beside : the fit of the column, and that of `apart`, in which within and between slopes are apart
    errors : covariances of the slopes of `beside`, None where its law of errors states none
    own, test : the paper's own estimator, and Hausman's test of it
    prints : by estimator, how many of the column's printed coefficients it reproduces
    """
    spec = one.view.spec
    design = one.design
    assert design is not None
    length = np.bincount(design.entity)
    parts = _Slopes(beside, apart, errors)
    return {
        "kind": KIND,
        "estimator": spec.estimator,
        "prints": dict(prints),
        "balanced": bool(length.min() == length.max() == len(design.times)),
        "sigma_u": own.sigma_u,
        "sigma_e": own.sigma_e,
        "rho": own.sigma_u**2 / (own.sigma_u**2 + own.sigma_e**2),
        "theta": {"min": float(own.theta.min()), "max": float(own.theta.max())},
        "hausman": None if test is None else {**test._asdict(), "df": len(test.terms)},
        "terms": {
            term: {
                "random": _slope(one, term),
                "within": parts.of({within: 1.0}),
                "between": parts.of({between: 1.0}),
                "contrast": parts.of({between: 1.0, within: -1.0}),
            }
            for term, (within, between) in apart.pairs.items()
        },
        "without_contrast": [term for term in design.terms if term not in apart.pairs],
        "diagnostics": {
            name: value if math.isfinite(value) else None for name, value in converged(beside.tree).items()
        },
    }


def flags_of(record: Mapping[str, Any], terms: Sequence[str]) -> Flags:
    """By term: slopes within and between entities that differ, and another estimator that prints more."""
    found: dict[str, tuple[str, ...]] = {}
    best = max(record["prints"], key=lambda name: record["prints"][name])
    fewer = record["prints"][record["estimator"]] < record["prints"][best]
    for term in terms:
        words = []
        contrast = (record["terms"].get(term) or {}).get("contrast")
        if contrast is not None and not contrast["judged"]["q2.5"] <= 0 <= contrast["judged"]["q97.5"]:
            words.append(
                f"random effects mix two slopes: between less within entities {contrast['mean']:.3g} "
                f"[{contrast['judged']['q2.5']:.3g}, {contrast['judged']['q97.5']:.3g}]"
            )
        if fewer:
            words.append(
                f"estimator = {best!r} prints {record['prints'][best]} of this column's coefficients, "
                f"{record['estimator']!r} {record['prints'][record['estimator']]}"
            )
        if words:
            found[term] = tuple(words)
    return found


class _Slopes:
    """Posteriors of combinations of the slopes of a fit, each with its judged interval."""

    def __init__(self, fit: SpecFit, apart: Contrasts, errors: RobustErrors | None) -> None:
        self.coef = fit.tree["posterior"]["coef"]
        self.terms, self.errors = apart.design.terms, errors
        self.unit = np.array([fit.units[term] for term in self.terms], float)

    def of(self, weights: Mapping[int, float]) -> dict[str, Any]:
        draws = sum(w * self.coef.sel(term=self.terms[at]) for at, w in weights.items())
        whole = np.zeros(len(self.terms))
        whole[list(weights)] = list(weights.values())
        if self.errors is None:
            return _described(draws, None)
        return _described(draws, Widening(*self.errors.of(whole * self.unit), self.errors.clusters))


def _slope(fit: SpecFit, term: str) -> dict[str, Any]:
    return _described(fit.tree["posterior"]["coef"].sel(term=term), fit.widening.get(term))


def _described(draws: DataArray | Any, widening: Widening | None) -> dict[str, Any]:
    """Mean, own interval, probability of being positive, and the interval that verdicts would look at."""
    part = described(draws)
    sd = float(np.std(draws.to_numpy(), ddof=1))
    low, high = widened(part["mean"], sd, part["q2.5"], part["q97.5"], widening)
    judged = {
        "q2.5": low,
        "q97.5": high,
        "factor": None if widening is None else widening.factor,
        "df": degrees(widening),
    }
    return {**part, "sd": sd, "judged": judged}
