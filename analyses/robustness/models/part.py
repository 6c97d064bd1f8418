"""The model multiverse: one coefficient under every combination of effects, controls, prior and sample.

Models with Gaussian errors form a full factorial, which is drawn in batches of the collapsed engine. Other
laws of errors are slower: they are fitted only to the published model of the column with the most regressors
of each outcome, and only on the first panels. The decomposition of the variance assumes that they would
shift the mean by the same amount in every other cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....data.errors import InputError
from ....data.panel.panel import Panel
from ....data.sample.design import Design
from ....models.engine.collapsed import collapsible
from ....models.engine.statistics import Statistics, statistics_of_sums
from ....models.errors import LAWS
from ....models.errors.inference.posteriors import ErrorDraws, error_posteriors
from ....models.groups import sums_by_group
from ....models.priors import Priors
from ....models.slopes.multiverse import draw_many, rescaled, widened, without
from ...run.results import Request, SpecFit
from ...run.store import seed_of
from ..choices import (
    PRIOR_SCALES,
    Effects,
    control_choices,
    effects_choices,
    focal_terms,
    fullest,
    own_effects,
    rounded,
    sample_choices,
    variants_of,
    width,
)
from .variance_shares import variance_shares

Array = NDArray[np.float64]
Records = dict[str, Any]

DRAWS, FEWEST = 2000, 200  # of a member over all panels, and of one panel
ERROR_TWINS, ERROR_ROWS = 3, 20_000  # panels that other errors are tried on, and rows at most
TWINS = 10  # of an ensemble, the first
SHOWN = 120


@dataclass(frozen=True, eq=False)
class Multiverse:
    """One coefficient over all crossings; level 0 of every factor is the column's own choice.

    Attributes
    ----------
    levels : labels of the levels, by factor
    draws : (effects, controls, prior, sample, panels, m) on the paper's scale
    doubtful : members whose draws cannot be trusted
    """

    term: str
    levels: dict[str, tuple[str, ...]]
    draws: Array
    doubtful: int


def part(one: SpecFit, panels: Sequence[Panel], request: Request) -> Records | None:
    """Of an effects or pooled column on panels, the multiverse of each coefficient that leads a column."""
    if not panels or not collapsible(one.priors):
        return None
    variants = variants_of(one.view)
    samples = [sample_choices(one.view, panel, variants) for panel in panels[:TWINS]]
    kept = [name for name in samples[0] if all(name in of for of in samples)]
    designs = [{name: of[name] for name in kept} for of in samples]
    own = own_effects(one.view, designs[0]["own"], request.form)
    tried = [of["own"] for of in designs[:ERROR_TWINS]] if fullest(one.view) else []
    errors = other_errors(tried, one.priors, own, request)
    found = [
        summary(multiverse(designs, one.priors, own, term, width(one.view), request), errors)
        for term in focal_terms(one.view)
    ]
    return {"errors": one.view.errors, "terms": found} if found else None


def multiverse(
    designs: Sequence[dict[str, Design]],
    priors: Priors,
    own: Effects,
    term: str,
    widest: int,
    request: Request,
) -> Multiverse:
    """Draw every member.

    Parameters
    ----------
    designs : for each panel, the samples by label, the column's own first
    widest : regressors of the program that columns share
    """
    first = next(iter(designs[0].values()))
    effects = effects_choices(first, own)
    controls = control_choices(first.terms, term)
    scales = {name: rescaled(priors, "slope", factor) for name, factor in PRIOR_SCALES.items()}
    sums = [[sums_by_group(design) for design in of.values()] for of in designs]
    draws = max(FEWEST, DRAWS // len(designs))
    problems: list[tuple[Statistics, Priors]] = []
    for form, entity, time in effects.values():
        base = [[widened(statistics_of_sums(s, form, entity, time), widest) for s in of] for of in sums]
        for out in controls.values():
            less = [[without(s, out) for s in of] for of in base]
            for prior in scales.values():
                problems += [(of[i], prior) for i in range(len(designs[0])) for of in less]

    def focal(statistics: Statistics, theta: Array) -> Array:
        return theta[:, first.terms.index(term)] * statistics.scale.unit[first.terms.index(term)]

    seed = seed_of(request.sampler.seed, f"multiverse {term}")
    found, doubtful = draw_many(problems, focal, draws, seed)
    levels = {
        "effects": tuple(effects),
        "controls": tuple(controls),
        "prior": tuple(scales),
        "sample": tuple(designs[0]),
    }
    shape = (*map(len, levels.values()), len(designs), draws)
    return Multiverse(term, levels, found.reshape(shape), doubtful)


def other_errors(
    designs: Sequence[Design], priors: Priors, own: Effects, request: Request
) -> dict[str, list[ErrorDraws]]:
    """The column's own model with each of the other error models that its data allow, on each panel."""
    found: dict[str, list[ErrorDraws]] = {}
    other = [law for law in LAWS.values() if not law.additive]
    for law in other if designs and designs[0].n <= ERROR_ROWS else ():
        try:
            drawn = error_posteriors(
                designs, priors, own.form, law.name, DRAWS, request.sampler.seed, request.sampler.device
            )
        except InputError:  # the data lack what the law needs, for example clusters
            continue
        found[law.name] = drawn
    return found


def summary(universe: Multiverse, errors: dict[str, list[ErrorDraws]]) -> Records:
    """What is kept: the curve, how the conclusion fares, and where the spread comes from."""
    draws = universe.draws
    members = draws.reshape(*draws.shape[:4], -1)
    low, high = np.quantile(members, [0.025, 0.975], axis=-1)
    mean = members.mean(axis=-1)
    levels = {name: list(labels) for name, labels in universe.levels.items()}
    order = np.argsort(mean, axis=None, kind="stable")
    shown = _shown(order, mean.shape)
    twins = draws.shape[4]
    factors = [name for name, labels in levels.items() if len(labels) > 1]
    factors += ["twins"] * (twins > 1)
    cells = draws.mean(axis=-1)
    cells = cells.reshape(*(n for n in cells.shape[:4] if n > 1), *([twins] if twins > 1 else []))
    if errors:
        cells = cells[..., None] + _shifts(universe, errors)
        factors.append("errors")
    of = variance_shares(cells, factors)
    return {
        "term": universe.term,
        "count": int(mean.size),
        "panels": twins,
        "doubtful": universe.doubtful,
        "levels": levels,
        "own": [rounded(float(a.flat[0])) for a in (mean, low, high)],
        "members": [
            [*map(int, at), *(rounded(float(a[at])) for a in (mean, low, high))]
            for at in (np.unravel_index(i, mean.shape) for i in shown)
        ],
        "errors": [_of_errors(universe.term, name, drawn) for name, drawn in errors.items()],
        "error_panels": len(next(iter(errors.values()), [])),
        "above": float((low > 0).mean()),
        "below": float((high < 0).mean()),
        "positive": float((mean > 0).mean()),
        "by_level": {
            name: [
                {
                    "median": rounded(float(np.median(mean.take(i, axis)))),
                    "low": rounded(float(mean.take(i, axis).min())),
                    "high": rounded(float(mean.take(i, axis).max())),
                    "above": float((low.take(i, axis) > 0).mean()),
                    "below": float((high.take(i, axis) < 0).mean()),
                }
                for i in range(len(labels))
            ]
            for axis, (name, labels) in enumerate(levels.items())
        },
        "spread": {
            "sd": float(np.sqrt(of.variance)),
            "within": float(np.sqrt(draws.var(axis=-1).mean())),
            "alone": of.alone,
            "shapley": of.shapley,
            "interactions": of.interactions,
        },
    }


def _shifts(universe: Multiverse, errors: dict[str, list[ErrorDraws]]) -> Array:
    """How much each law of errors moves the posterior mean of the column's own model.

    Shape (panels, errors + 1), or (errors + 1,) for one panel. On panels that were not fitted it is the mean
    of those that were.
    """
    own = universe.draws[0, 0, 0, 0].mean(axis=-1)
    tried = np.array([[_coef(universe.term, one).mean() for one in drawn] for drawn in errors.values()]).T
    tried = tried - own[: len(tried), None]
    rest = np.broadcast_to(tried.mean(axis=0), (len(own) - len(tried), tried.shape[1]))
    shifts = np.hstack([np.zeros((len(own), 1)), np.vstack([tried, rest])])
    return shifts if len(own) > 1 else shifts[0]


def _coef(term: str, drawn: ErrorDraws) -> Array:
    return drawn.coef[:, drawn.terms.index(term)]


def _of_errors(term: str, name: str, drawn: Sequence[ErrorDraws]) -> Records:
    values = np.concatenate([_coef(term, one) for one in drawn])
    low, high = np.quantile(values, [0.025, 0.975])
    return {
        "name": name,
        "at": [rounded(float(v)) for v in (values.mean(), low, high)],
        "trusted": all(one.trusted for one in drawn),
    }


def _shown(order: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Members of the curve, evenly by rank; always the column's own and those one choice away from it."""
    even = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).round().astype(int))]
    near = [np.ravel_multi_index(at, shape) for at in np.ndindex(shape) if np.count_nonzero(at) <= 1]
    wanted = np.union1d(even, near)
    return order[np.isin(order, wanted)]
