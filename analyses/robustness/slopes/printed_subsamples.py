"""The difference of a coefficient between two columns on separate sub-samples, from printed numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....data.sample.steps.select import kept_group
from ...run.results import Request, SpecFit
from ...run.store import seed_of
from ...run.tables import fit_tables, tables_inputs
from ...view import SpecView, views_of


def later_subsamples(view: SpecView) -> list[tuple[SpecView, str, str, str]]:
    """Later columns of the same formula that use another group of the same grouping.

    For each: the column, the grouping, this column's group and the other column's group.
    """
    kept = kept_group(view.spec.steps)
    if kept is None:
        return []
    found = []
    listed = views_of(view.file)
    for other in listed[[o.id for o in listed].index(view.id) + 1 :]:
        theirs = kept_group(other.spec.steps)
        if (
            theirs
            and other.spec.formula == view.spec.formula
            and theirs[0] == kept[0]
            and theirs[1] != kept[1]
        ):
            found.append((other, kept[0], kept[1], theirs[1]))
    return found


def published_subsamples(view: SpecView, by: str) -> dict[str, SpecView]:
    """Columns of the same formula that the paper confines to one group, by group."""
    found = {}
    for other in views_of(view.file):
        kept = kept_group(other.spec.steps)
        if (
            kept
            and kept[0] == by
            and other.spec.formula == view.spec.formula
            and other.spec.steps[:-1] == view.spec.steps
        ):
            found[kept[1]] = other
    return found


def subsample_differences(one: SpecFit, request: Request) -> list[dict[str, Any]]:
    """The posterior of each difference, the two samples being independent."""
    found = []
    for other, by, mine, theirs in later_subsamples(one.view):
        draws = []
        for view in (one.view, other):
            inputs = tables_inputs(view)
            sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, f"{view.id} half"))
            coef = fit_tables(inputs, one.priors["slope"], sampler, "collapsed")["posterior"]["coef"]
            draws.append({p.term: coef.sel(term=p.term).to_numpy().ravel() for p in inputs})
        for term in [t for t in draws[0] if t in draws[1] and t != "_cons"]:
            difference = draws[0][term] - draws[1][term]
            low, high = np.quantile(difference, [0.025, 0.975])
            found.append(
                {
                    "term": term,
                    "by": by,
                    "columns": [one.id, other.id],
                    "groups": [mine, theirs],
                    "means": [float(d[term].mean()) for d in draws],
                    "difference": [float(v) for v in (difference.mean(), low, high, (difference > 0).mean())],
                }
            )
    return found
