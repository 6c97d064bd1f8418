"""Few clusters: the published cluster-robust t, the wild cluster bootstrap, and models of clusters.

The cluster-robust t is compared with a t distribution with G - 1 degrees of freedom; with four clusters no
test by random signs can reach the 5% level. Two models stand beside it. In `shocks`, the rows of a cluster
share persistent shocks: this makes cluster-robust errors large where regressors persist. In `slopes`, the
slope differs by cluster and the coefficient is its mean over the population of clusters, which is what a t
with G - 1 degrees of freedom infers: this makes cluster-robust errors large where effects differ between
clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.sample.design import Design, VaryingSlopes
from ...data.study.spec import Cluster, Form
from ...models.engine.collapsed import collapsible
from ...models.errors.cluster import entity_clusters
from ...models.errors.inference.posteriors import ErrorDraws, error_posteriors
from ...models.frequentist.least_squares import least_squares
from ...models.frequentist.wild import FEW, Weights, wild_cluster
from ..run.results import Request, SpecFit
from ..run.store import seed_of
from .choices import focal_terms

Array = NDArray[np.float64]
Records = dict[str, Any]
DRAWS, FEWEST = 2000, 250  # over all panels, and of one panel


def clusters(one: SpecFit, panels: Sequence[Panel], request: Request) -> Records | None:
    """Tests and posteriors of the regressors in question of a column with cluster-robust errors.

    None for columns whose errors are of another kind.
    """
    if not isinstance(one.view.spec.vcov, Cluster):
        return None
    if not panels:
        return _printed(one)
    designs = [one.view.design(panel) for panel in panels]
    clustered = [design.clusters for design in designs if design.clusters is not None]
    terms = [t for t in focal_terms(one.view) if any(p.term == t and p.std_error for p in one.printed)]
    if not terms:
        return None
    seed = seed_of(request.sampler.seed, one.id)
    count = len(np.unique(clustered[0]))
    weights: Weights = "webb" if count < FEW else "rademacher"
    found = [_tests(design, one, terms, weights, seed) for design in designs]
    models = _models(designs, one, terms, seed) if collapsible(one.priors) else {}
    return {
        "cluster": one.view.spec.vcov.cluster,
        "clusters": count,
        "sizes": sorted(np.bincount(clustered[0]).tolist(), reverse=True),
        "df": count - 1,
        "weights": weights,
        "smallest": found[0][terms[0]]["smallest"],
        "smallest_by_signs": 2.0 ** (1 - count),
        "panels": len(designs),
        "synthetic": designs[0].synthetic,
        "terms": [
            {
                "term": term,
                "tests": {name: [each[term][name] for each in found] for name in ("t", "p_value", "wild")},
                "robust": _interval([each[term]["robust"] for each in found]),
                "wild": _interval([each[term]["interval"] for each in found]),
                "posterior": {name: posterior[term] for name, posterior in models.items()},
            }
            for term in terms
        ],
    }


def _printed(one: SpecFit) -> Records | None:
    """The printed t on its degrees of freedom, and on the normal distribution, which would be too narrow."""
    from scipy import stats

    terms = []
    for printed in one.printed:
        if printed.term in one.inputs and printed.std_error:
            df, t = one.inputs[printed.term].df, printed.estimate / printed.std_error
            p, normal = float(2 * stats.t.sf(abs(t), df)), float(2 * stats.norm.sf(abs(t)))
            terms.append(
                {"term": printed.term, "t": float(t), "df": float(df), "p_value": p, "normal": normal}
            )
    if not terms:
        return None
    assert isinstance(one.view.spec.vcov, Cluster)
    return {"cluster": one.view.spec.vcov.cluster, "panels": 0, "terms": terms}


def _tests(
    design: Design, one: SpecFit, terms: Sequence[str], weights: Weights, seed: int
) -> dict[str, Records]:
    """The cluster-robust t and the wild cluster bootstrap on one panel."""
    from scipy import stats

    fitted = least_squares(design, one.view.spec.vcov)
    found = {}
    for term in terms:
        estimate, error = fitted.coef[design.terms.index(term)], fitted.std_error[design.terms.index(term)]
        half = float(stats.t.ppf(0.975, fitted.df)) * error
        wild = wild_cluster(design, term, weights, seed=seed)
        found[term] = {
            "t": float(estimate / error),
            "p_value": float(2 * stats.t.sf(abs(estimate / error), fitted.df)),
            "robust": (float(estimate), float(estimate - half), float(estimate + half)),
            "wild": wild.p_value,
            "smallest": wild.smallest,
            "interval": (float(estimate), *wild.interval),
        }
    return found


def _interval(each: Sequence[tuple[float, float, float]]) -> list[float | None]:
    """Medians over panels of an estimate and the ends of its interval; None for an end that is not finite."""
    return [float(v) if np.isfinite(v) else None for v in np.median(np.array(each), axis=0)]


def _models(
    designs: list[Design], one: SpecFit, terms: Sequence[str], seed: int
) -> dict[str, dict[str, Any]]:
    """Posteriors of the coefficients by model, mixed over panels."""
    form, priors, draws = one.form, one.priors, max(FEWEST, DRAWS // len(designs))

    def summed(drawn: Sequence[ErrorDraws], term: str) -> Records:
        values = np.concatenate([draws.coef[:, draws.terms.index(term)] for draws in drawn])
        low, high = np.quantile(values, [0.025, 0.975])
        return {
            "mean": float(values.mean()),
            "sd": float(values.std()),
            "low": float(low),
            "high": float(high),
            "prob_positive": float((values > 0).mean()),
            "doubtful": sum(not draws.trusted for draws in drawn),
        }

    plain = [replace(design, varying=None) for design in designs]
    gaussian = error_posteriors(plain, priors, form, "gaussian", draws, seed)
    found = {"independent": {term: summed(gaussian, term) for term in terms}}
    try:
        for design in designs:
            entity_clusters(design.clusters, design.entity, True)
    except InputError:  # clusters that entities leave have no shocks of their own beside the effects
        return found
    shocks = error_posteriors(plain, priors, form, "cluster", draws, seed)
    found["shocks"] = {term: summed(shocks, term) | _shared(shocks) for term in terms}
    if form is not None and designs[0].entity_effects and _several(designs[0]):
        found["slopes"] = {
            term: summed(_with_slopes(plain, one, term, form, draws, seed), term) for term in terms
        }
    return found


def _shared(drawn: Sequence[ErrorDraws]) -> Records:
    """Mean size and persistence of the shocks, in standard deviations of the outcome."""
    return {n: float(np.mean([d.parameters[n].mean() for d in drawn])) for n in ("sd_cluster", "rho_cluster")}


def _several(design: Design) -> bool:
    """Whether clusters hold several entities, without which slopes by cluster are slopes by entity."""
    assert design.clusters is not None
    return len(np.unique(design.clusters)) < len(design.entities)


def _with_slopes(
    designs: Sequence[Design], one: SpecFit, term: str, form: Form, draws: int, seed: int
) -> list[ErrorDraws]:
    """The slope of one term varies by cluster, partially pooled."""
    varied = []
    for design in designs:
        assert design.clusters is not None
        of = design.clusters[np.unique(design.entity, return_index=True)[1]]
        names = tuple(str(g) for g in range(int(of.max()) + 1))
        slopes = VaryingSlopes((design.terms.index(term),), of, names)
        varied.append(replace(design, varying=slopes))
    return error_posteriors(varied, one.priors, form, "gaussian", draws, seed)
