"""The columns of the threshold model as cross-products, under independent or correlated errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.sample.within import split
from ...data.study.spec import Form
from ..engine.statistics import statistics_of_design
from ..errors.inference.problem import plan_and_priors, rows_of
from ..errors.law import Law, Whitening
from ..priors import Priors
from ..scale import scale_of
from .marginal_likelihood import Blocks
from .metrics import Strata, Whitened
from .regimes import Array, Regimes


def columns_above(found: Regimes) -> Array:
    """(n, m) x 1(q > gamma) for every candidate."""
    return np.where(found.q[:, None] > found.candidates, found.x[:, None], 0.0)


def standardised(found: Regimes, columns: Array, form: Form) -> Array:
    """(n, m) Columns in standard units of x; in `fixed` and `mundlak` their within part."""
    design = found.design
    h = columns / scale_of(design).x_sd[found.term]
    if form == "random":
        return h - h.mean(axis=0)
    return split(h, design.entity, design.time, design.entity_effects, design.time_effects).within


def blocks_of(found: Regimes, above: Array, priors: Priors, form: Form, law: Law) -> Blocks:
    """The cross-products of the model's columns, of columns h (n, m) in units of x, and of the outcome."""
    return (
        _of_strata(found, above, priors, form) if law.additive else _of_law(found, above, priors, form, law)
    )


def _of_law(found: Regimes, above: Array, priors: Priors, form: Form, law: Law) -> Blocks:
    """From the law's own sums over the rows."""
    assert isinstance(law.collapsed, Whitening)
    rows, sizes = rows_of(found.design, form)
    _, data = plan_and_priors(found.design, priors, form, law, sizes)
    location, spread = data["location"], data["spread"]
    k, between, times = sizes
    columns, y = rows.M[:, : k + between + times], rows.M[:, -1] - location[-1]
    M = np.column_stack([np.ones(len(y)), columns, standardised(found, above, form), y])
    by_time = np.repeat([0.0, 1.0], [k + between, times])
    metric = Whitened(
        law.collapsed,
        law.collapsed.sums(rows._replace(M=M)),
        float(data["constant_variance"]),
        M.shape[1] - 1,
        rows.entity_effects,
    )
    return Blocks(metric, location[:-1], np.where(by_time > 0, 1.0, spread), by_time, k)


def _of_strata(found: Regimes, above: Array, priors: Priors, form: Form) -> Blocks:
    """From the statistics of one large design.

    In `fixed` and `mundlak` h has no part between entities or periods, so that one stratum is all.
    """
    design = found.design
    k, m = design.k, above.shape[1]
    large = replace(
        design,
        terms=(*design.terms, *(f"above {j}" for j in range(m))),
        X=np.hstack([design.X, above]),
        varying=None,
    )
    statistics = statistics_of_design(large, "random" if form == "random" else "fixed")
    strata, b = statistics.strata, statistics.n_time
    slope, level = priors["slope"].arguments, priors["intercept"].arguments
    own = np.ones(statistics.strata.cross.shape[1])
    own[k : k + m] = statistics.scale.x_sd[k:] / statistics.scale.x_sd[found.term]
    cross = strata.cross * np.outer(own, own)
    h = np.arange(k, k + m)
    if form == "random":
        c = np.concatenate([np.arange(k), np.arange(k + m, k + m + b + 1)])
        by_time = np.concatenate([np.zeros(k), np.ones(b), [0.0]])
        location = np.concatenate([np.full(k, slope[0]), np.zeros(b), [level[0]]])
        prior_sd = np.concatenate([np.full(k, slope[1]), np.ones(b), [level[1]]])
        strata_used = slice(None)
    else:
        c, by_time = np.arange(k), np.zeros(k)
        location, prior_sd = np.full(k, slope[0]), np.full(k, slope[1])
        strata_used = slice(0, 1)
    order = np.concatenate([c, h, [len(own) - 1]])
    metric = Strata(
        cross[strata_used][:, order[:, None], order],
        strata.per_entity[strata_used],
        strata.per_time[strata_used],
    )
    return Blocks(metric, location, prior_sd, by_time, k)
