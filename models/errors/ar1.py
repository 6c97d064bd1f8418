"""Errors of an entity that are correlated from one time to the next: AR(1), exact with gaps.

The error given the one before it, g times earlier, is N(rho^g e_before, sigma^2 (1 - rho^(2 g))); the first
of an entity is N(0, sigma^2), so that the variance of every error is sigma^2. A row less r times the one
before it, over sqrt(1 - r^2) with r = rho^g, is therefore white, and sums over pairs of rows, by gap, are all
that is read.

`rho_error = normal(0, 1)`, cut to (-1, 1): correlation of an entity's errors from one time to the next; close
to flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import library_of
from ..engine.integrate import without_entities
from ..families import Prior, Priors
from ..parameters import CORRELATION, Parameter
from ..scale import Array
from .law import CrossProducts, Law, Rows, Whitening, sums_by
from .stationary import paths, powers, signed_power

if TYPE_CHECKING:
    from ...data.sample.design import Design

RHO = Parameter(
    "rho_error",
    Prior("normal", (0.0, 1.0)),
    CORRELATION,
    "correlation of an entity's errors from one time to the next, cut to (−1, 1)",
)


def observe(design: Design, y: Array, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add the outcome (n,) to the model on the context stack."""
    import pymc as pm

    rho = RHO.variable(priors)
    before, gap = predecessors(design)
    size = powers(rho, gap)
    mean = mean + size * (y[before] - mean[before])
    pm.Normal("y", mean, sigma * pm.math.sqrt(1 - size**2), observed=y, dims="row")


def predecessors(design: Design) -> tuple[Any, Any]:
    """(n,) The row before each in its entity, and how much earlier it is; itself and 0 for the first."""
    year = np.array(design.times)[design.time]
    order = np.lexsort((year, design.entity))
    before = np.arange(design.n)
    follows = design.entity[order][1:] == design.entity[order][:-1]
    before[order[1:][follows]] = order[:-1][follows]
    return before, year - year[before]


def simulate(design: Design, at: Mapping[str, float], rng: np.random.Generator) -> Array:
    """(n,) Errors."""
    path = paths(at["rho_error"], design.times, len(design.entities), rng)
    return at["sigma"] * path[design.time, design.entity]


def sums(rows: Rows) -> dict[str, Array]:
    """Sums over pairs of rows that follow each other in an entity, by the gap between their times.

    Class 0 holds the first row of each entity, whose predecessor counts as zero.
    """
    order, before, gap = _pairs(rows)
    M, entity = rows.M[order], rows.entity[order]
    size, gaps = int(entity.max()) + 1, np.unique(gap)
    parts: dict[str, list[Array]] = {
        name: [] for name in ("own", "past", "both", "own_sum", "past_sum", "count")
    }
    for g in gaps:
        at = gap == g
        now, last, who = M[at], before[at], entity[at]
        mixed = now.T @ last
        for name, value in (
            ("own", now.T @ now),
            ("past", last.T @ last),
            ("both", mixed + mixed.T),
            ("own_sum", sums_by(who, now, size)),
            ("past_sum", sums_by(who, last, size)),
            ("count", sums_by(who, np.ones(len(who)), size)),
        ):
            parts[name].append(value)
    found = {name: np.stack(values) for name, values in parts.items()}
    return {"gap": gaps.astype(float), **found, "n": np.array(float(len(M)))}


def whiten(rows: Rows, at: Mapping[str, float]) -> Array:
    """(n, P) Every row less r times the one before it in its entity, over sigma sqrt(1 - r^2)."""
    order, before, gap = _pairs(rows)
    r = np.where(gap > 0, np.sign(at["rho_error"]) ** gap * abs(at["rho_error"]) ** gap, 0.0)[:, None]
    found = np.empty_like(rows.M)
    found[order] = (rows.M[order] - r * before) / (at["sigma"] * np.sqrt(1 - r**2))
    return found


def _pairs(rows: Rows) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """The order by entity and time; the row before each, (n, P), zero for the first; and the gap to it."""
    order = np.lexsort((rows.year, rows.entity))
    M, entity, year = rows.M[order], rows.entity[order], rows.year[order]
    follows = np.append(False, entity[1:] == entity[:-1])
    gap = np.where(follows, np.diff(year, prepend=year[0]), 0)
    return order, np.where(follows[:, None], np.roll(M, 1, axis=0), 0.0), gap


def cross_products(
    values: Mapping[str, Any], data: Mapping[str, Any], entity_sd: Any | None
) -> CrossProducts:
    """Of the columns, in the metric of errors and entity effects; see `law.Whitening`."""
    xp = library_of(values["sigma"])
    gap = data["gap"]
    r = xp.where(gap > 0, signed_power(values["rho_error"][..., None], gap), 0.0)
    weight = 1 / (1 - r**2) / (values["sigma"] ** 2)[..., None]
    H = xp.tensordot(weight, data["own"], 1) + xp.tensordot(weight * r**2, data["past"], 1)
    H -= xp.tensordot(weight * r, data["both"], 1)
    log_determinant = -(data["count"].sum(axis=1) * xp.log(weight)).sum(-1)
    if entity_sd is not None:
        kept = weight * (1 - r)
        totals = xp.tensordot(kept, data["own_sum"], 1) - xp.tensordot(kept * r, data["past_sum"], 1)
        gram = (kept * (1 - r)) @ data["count"]
        H, more = without_entities(H, totals, gram, entity_sd[..., None])
        log_determinant = log_determinant + more
    return CrossProducts(H, log_determinant)


LAW = Law(
    name="ar1",
    label="AR(1)",
    meaning=(
        "Errors of an entity are correlated from one time to the next, "
        "with ρ to the power of the gap between them."
    ),
    equation=(
        r"\varepsilon_{it} = \rho\,\varepsilon_{i,t-1} + u_{it}, \quad \varepsilon_{it} \sim N(0, \sigma^2)"
    ),
    parameters=(RHO,),
    observe=observe,
    simulate=simulate,
    collapsed=Whitening(sums, cross_products),
    whiten=whiten,
)
