"""One coefficient under every convention by which its indices could have been computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ...data.indices.composite import Convention, Distance, Scope, Score, Standard
from ...data.indices.gaps import Fill
from ...data.indices.indicators import Table
from ...data.study.spec import Form
from ...models.engine.sampling import Sampler
from ..view import SpecView
from .index import effects_over_draws, index

Array = NDArray[np.float64]


def conventions() -> list[tuple[Convention, bool]]:
    """Every convention in use, and whether it can be defended.

    Not: entropy divided by the logarithm of the number of years, which turns weights upside down.
    """
    standards: tuple[Standard, ...] = ("minmax", "z")
    scopes: tuple[Scope, ...] = ("pooled", "within")
    scores: tuple[tuple[Score, Distance], ...] = (("sum", "none"), ("topsis", "none"), ("topsis", "vector"))
    found = []
    for standard, scope in product(standards, scopes):
        base = Convention(standard=standard, scope=scope)
        for score, distance in scores:
            scored = replace(base, score=score, distance=distance)
            found += [(replace(scored, offset=offset), True) for offset in (0.0, 0.0001, 0.01)]
            found.append((replace(scored, weighting="equal"), True))
            found.append((replace(scored, constant="years"), False))
        if standard == "z":
            found.append((replace(base, weighting="pca"), True))
    return found


@dataclass(frozen=True)
class Curve:
    """One coefficient under each convention, in standard deviations of outcome and regressor.

    Attributes
    ----------
    conventions, defensible : (C,)
    mean, low, high : (C,) posterior mean and 95% interval
    """

    spec_id: str
    term: str
    conventions: tuple[Convention, ...]
    defensible: tuple[bool, ...]
    mean: Array
    low: Array
    high: Array


def multiverse(
    view: SpecView,
    table: Table,
    term: str,
    how: Fill = "none",
    form: Form | None = None,
    seed: int = Sampler.seed,
) -> Curve:
    """A specification's coefficient when all its indices are computed by each convention in turn."""
    listed = conventions()
    indexed = [index(table, convention, how, 1, seed) for convention, _ in listed]
    panels = [one.panel() for one in indexed]
    fit = effects_over_draws(view, panels[0], panels, form, 1000, seed)
    terms = [str(t) for t in view.spec.parsed.terms]
    slope = fit.draws["slope"][:, :, terms.index(term)]
    low, high = np.quantile(slope, [0.025, 0.975], axis=1)
    return Curve(
        view.id, term, tuple(c for c, _ in listed), tuple(d for _, d in listed), slope.mean(axis=1), low, high
    )
