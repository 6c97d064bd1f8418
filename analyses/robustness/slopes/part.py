"""Slopes that differ by group, partially pooled in one model, beside a separate regression of each group.

As in separate regressions, the slopes of all regressors differ by group; here each is a common slope plus a
deviation whose standard deviation is estimated. In a second model only the slope in question differs. A
column without entity effects keeps, as separate regressions do, a constant for each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....data.panel.panel import Panel
from ....data.sample.both_effects import with_both_effects
from ....data.sample.design import Design, VaryingSlopes, subset
from ....data.study.spec import Cluster
from ....models.engine.collapsed import collapsible
from ....models.engine.statistics import Statistics, statistics_of_design
from ....models.errors import LAWS
from ....models.priors import Priors
from ....models.slopes.multiverse import draw_many, rescaled, widened
from ...run.results import Request, SpecFit
from ...run.store import seed_of
from ...view import SpecView
from ..choices import estimable, focal_terms, plain, rounded, width
from .separate_regressions import Way, between, difference, least_squares_of, regressions, summary

Array = NDArray[np.float64]
Records = dict[str, Any]

TWINS, DRAWS, FEWEST = 10, 2000, 200
MOST_GROUPS, MOST_ENTITIES, PAIRED = 12, 100, 4
SPREADS = (0.25, 1.0, 4.0)  # multiples of the prior scale of the differences between groups
OTHER = "the others"


def part(one: SpecFit, panels: Sequence[Panel], request: Request) -> Records | None:
    """Slopes by group and by entity on panels; at tables evidence, differences of printed sub-samples."""
    if not collapsible(one.priors):
        return None
    if not panels:
        from .printed_subsamples import subsample_differences

        found = subsample_differences(one, request)
        return {"halves": found} if found else None
    if not LAWS[one.view.errors].additive:
        return None
    panels = panels[:TWINS]
    designs = [plain(one.view.design(panel)) for panel in panels]
    within = designs if one.view.entity_effects else [with_both_effects(design) for design in designs]
    groupings = groupings_of(one.view, panels, designs)
    seed = seed_of(request.sampler.seed, "slopes")
    terms = []
    for term in focal_terms(one.view):
        groups = [
            {
                "by": by,
                "way": way.label,
                **compared(
                    within if way.entity else designs,
                    codes,
                    names,
                    way,
                    term,
                    one.priors,
                    width(one.view),
                    seed,
                ),
            }
            for by, (names, codes) in groupings.items()
            for way in ways(one, designs[0], request)
            if not (way.entity and term in one.unjudged)
        ]
        terms.append(
            {"term": term, "groups": groups, "entities": by_entity(within, one, term, request, seed)}
        )
    return {"panels": len(panels), "terms": terms} if terms else None


def ways(one: SpecFit, design: Design, request: Request) -> list[Way]:
    """As published, and for a column pooled across entities also with effects."""
    form = request.form or one.view.form
    own = form if one.view.spec.parsed.effects else None
    published = Way("as published", own, design.entity_effects, design.time_effects)
    both = Way(f"with {design.entity_name} and {design.time_name} effects", form, True, True)
    return [published, *([both] if one.with_effects else [])]


def groupings_of(
    view: SpecView, panels: Sequence[Panel], designs: Sequence[Design]
) -> dict[str, tuple[tuple[str, ...], list[NDArray[np.int64]]]]:
    """Groups of entities that the study or its standard errors name.

    By name of the grouping: the labels, and the codes (N,) of the entities of each panel.
    """
    named = [view.spec.varying.by] if view.spec.varying else []
    named += [
        *view.file.groups,
        *([view.spec.vcov.cluster] if isinstance(view.spec.vcov, Cluster) else []),
    ]
    found = {}
    for by in dict.fromkeys(named):
        of = [_group_of(view, by, panel, design) for panel, design in zip(panels, designs, strict=True)]
        labels = tuple(sorted({name for names in of for name in names or ()}))
        if all(set(names or ()) == set(labels) for names in of) and 2 <= len(labels) <= MOST_GROUPS:
            found[by] = labels, [np.array([labels.index(n) for n in names or ()]) for names in of]
    return found


def _group_of(view: SpecView, by: str, panel: Panel, design: Design) -> list[str] | None:
    """The group of each entity; None where the panel has no such groups or an entity changes its own."""
    frame = panel.with_groups(view.file.groups).frame
    if by not in frame.columns or by == panel.entity:
        return None
    of = frame.groupby(panel.entity)[by]
    if (of.nunique() > 1).any():
        return None
    first = of.first().rename(index=str).reindex(design.entities)
    return [OTHER if name is None or name != name else str(name) for name in first]


def compared(
    designs: Sequence[Design],
    codes: Sequence[NDArray[np.int64]],
    names: tuple[str, ...],
    way: Way,
    term: str,
    priors: Priors,
    widest: int,
    seed: int,
) -> Records:
    """Partially pooled models beside separate regressions, mixed over panels."""
    column, k = designs[0].terms.index(term), designs[0].k
    draws = max(FEWEST, DRAWS // len(designs))

    def model(columns: tuple[int, ...]) -> tuple[Array, int]:
        """(spreads, panels m, G + 1)"""
        whole = [_varying(d, c, names, way, columns) for d, c in zip(designs, codes, strict=True)]
        stats = [statistics_of_design(one, way.form if way.entity else "fixed") for one in whole]
        stats = [widened(s, widest) for s in stats]
        made, doubtful = draw_many(
            [(s, rescaled(priors, "sd_slope", factor)) for factor in SPREADS for s in stats],
            lambda s, theta: _slopes(s, theta, column, columns.index(column)),
            draws,
            seed,
        )
        return made.reshape(len(SPREADS), -1, len(names) + 1), doubtful

    by_spread, doubtful = model(tuple(range(k)))
    alone, more = (by_spread, 0) if k == 1 else model((column,))
    pooled, only = by_spread[SPREADS.index(1.0)], alone[SPREADS.index(1.0)]
    parts = [
        [
            plain(subset(replace(d, entity_effects=way.entity, time_effects=way.time), c[d.entity] == g))
            for g in range(len(names))
        ]
        for d, c in zip(designs, codes, strict=True)
    ]
    usable = [all(estimable(of[g]) for of in parts) for g in range(len(names))]
    separate, most = regressions(parts, usable, way, column, priors, widest, draws, seed)
    least = least_squares_of(parts, usable, column)
    means = pooled[:, :-1].mean(axis=0)
    pairs = list(combinations(range(len(names)), 2))
    if len(names) > PAIRED:
        pairs = [(int(means.argmax()), int(means.argmin()))]
    sd_separate = np.std([a.mean() for a in separate if a is not None]) if all(usable) else 0.0
    return {
        "names": list(names),
        "sizes": [len(of.entities) for of in parts[0]],
        "pooled": [summary(pooled[:, g]) for g in range(len(names))],
        "common": summary(pooled[:, -1]),
        "only": [summary(only[:, g]) for g in range(len(names))],
        "apart": [None if a is None else summary(a) for a in separate],
        "least_squares": least,
        "shrinkage": rounded(1 - means.std() / sd_separate) if sd_separate else None,
        "differences": [
            {
                "of": [names[a], names[b]],
                "pooled": summary(pooled[:, a] - pooled[:, b]),
                "only": summary(only[:, a] - only[:, b]),
                "apart": between(separate[a], separate[b]),
                "least_squares": difference(least[a], least[b]),
                "by_spread": [summary(by[:, a] - by[:, b]) for by in by_spread],
            }
            for a, b in pairs
        ],
        "spreads": list(SPREADS),
        "doubtful": doubtful + more + most,
    }


def by_entity(
    designs: Sequence[Design], one: SpecFit, term: str, request: Request, seed: int
) -> Records | None:
    """The slope of every entity; over twins, whose entities have no names, the slope of every rank."""
    first, form = designs[0], request.form or one.view.form
    within = one.view.entity_effects or (one.with_effects is not None and term not in one.unjudged)
    if not 3 <= len(first.entities) <= MOST_ENTITIES or not within:
        return None
    way = Way("", form, True, first.time_effects)
    column = first.terms.index(term)
    codes = [np.arange(len(d.entities)) for d in designs]
    stats = [
        widened(statistics_of_design(_varying(d, c, d.entities, way, (column,)), form), width(one.view))
        for d, c in zip(designs, codes, strict=True)
    ]
    draws, doubtful = draw_many(
        [(s, one.priors) for s in stats],
        lambda s, theta: _slopes(s, theta, column, 0),
        max(FEWEST, DRAWS // len(designs)),
        seed,
    )
    slopes = draws[..., :-1]
    low, high = np.quantile(slopes, [0.025, 0.975], axis=1)
    each = np.stack([slopes.mean(axis=1), low, high], axis=-1)  # (panels, entities, 3)
    ranked = np.stack([of[of[:, 0].argsort()] for of in each]).mean(axis=0)
    order = each[0, :, 0].argsort()
    return {
        "names": [first.entities[i] for i in order] if len(designs) == 1 else None,
        "rows": [[rounded(v) for v in row] for row in ranked],
        "common": summary(draws[..., -1].ravel()),
        "sd": summary(slopes.std(axis=-1).ravel())[:3],
        "doubtful": doubtful,
    }


def _varying(
    design: Design, codes: NDArray[np.int64], names: tuple[str, ...], way: Way, columns: tuple[int, ...]
) -> Design:
    design = replace(design, entity_effects=way.entity, time_effects=way.time)
    if not way.entity:  # the constants of the groups
        design = replace(design, entity=codes[design.entity], entities=names, entity_effects=True)
        codes = np.arange(len(names))
    return replace(design, varying=VaryingSlopes(columns, codes, names))


def _slopes(statistics: Statistics, theta: Array, column: int, place: int) -> Array:
    """(m, G + 1) Slopes of the groups, and their common mean, on the paper's scale."""
    groups = len(statistics.groups)
    start = statistics.n_slope + statistics.n_between + place * groups
    common = theta[:, [column]]
    return np.hstack([common + theta[:, start : start + groups], common]) * statistics.scale.unit[column]
