"""The posterior of a column without each entity, each time and each named group of entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....data.errors import InputError
from ....data.sample.design import Design, subset
from ....data.sample.estimable import check_estimable
from ....data.sample.within import split
from ....data.study.spec import Form
from ....models.engine.importance import MAX_K_HAT
from ....models.engine.posterior import batch
from ....models.engine.statistics import Statistics, padded, statistics_of_design
from ....models.priors import Priors
from ...judge.interval import widened
from ...judge.verdict import Claim, verdict
from ...run.results import Widening

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
Groups = dict[str, dict[str, list[str]]]

MOST = 60
DRAWS, DRAWS_OF_TWIN = 4000, 250
LARGEST = 20_000_000


@dataclass(frozen=True)
class Unit:
    """What is left out: an entity, a time, or a unit of a grouping with its entities.

    `kind` is `entity`, `time` or the name of the grouping.
    """

    kind: str
    name: str
    members: tuple[str, ...] = ()

    def rows(self, design: Design) -> Rows:
        """(n,)"""
        if self.members:
            return np.isin(np.array(design.entities), self.members)[design.entity]
        if self.kind == "entity":
            return design.entity == design.entities.index(self.name)
        return design.time == design.times.index(int(self.name))


def influence(
    designs: Sequence[Design],
    form: Form | None,
    priors: Priors,
    claims: Mapping[str, Claim],
    groups: Groups,
    seed: int,
    widening: Mapping[str, Widening] = MappingProxyType({}),
) -> dict[str, Any] | None:
    """Records of every unit left out, by exact refits of the collapsed model in one batch.

    Rows are left out of the sample as estimated, after the steps of the specification. Shifts are in
    posterior standard deviations of the whole sample. Over twins, intervals are those of the mixture and
    shifts means; `kinds` hold the median over twins of the largest shift, and in how many of them some
    unit's loss changes the verdict. None where nothing can be left out.

    Parameters
    ----------
    designs : one, or those of an ensemble of twins, whose posteriors are mixed evenly
    claims : printed coefficients, by term
    widening : by term, how much wider than the posterior's the judged interval of the whole sample is
    """
    first, draws = designs[0], DRAWS if len(designs) == 1 else DRAWS_OF_TWIN
    terms = [term for term in first.terms if term in claims]
    units, screened = _screened(first, _units(first, groups), terms[0])
    kept, refused = [], []
    for unit in units:
        try:
            check_estimable(subset(first, ~unit.rows(first)))
            kept.append(unit)
        except InputError as error:
            refused.append({"kind": unit.kind, "name": unit.name, "why": str(error)})
    units = kept
    if not units:
        return None
    problems = []
    for design in designs:
        problems.append(statistics_of_design(design, form))
        problems += [statistics_of_design(subset(design, ~unit.rows(design)), form) for unit in units]
    coefficients, k_hat = _posteriors(problems, priors, draws, seed)
    columns = [first.terms.index(term) for term in terms]
    # (twins, 1 + units, draws, terms), the whole sample first
    found = coefficients[:, :, columns].reshape(len(designs), 1 + len(units), draws, len(terms))
    k_hat = k_hat.reshape(len(designs), -1).max(axis=0)
    printed = [claims[term] for term in terms]
    wider = [widening.get(term) for term in terms]
    shift, changed = _moves(found, printed, wider)
    kinds: dict[str, list[int]] = {}
    for at, unit in enumerate(units):
        kinds.setdefault(unit.kind, []).append(at)
    return {
        "terms": terms,
        "published": [claim.published for claim in printed],
        "whole": _summary(found[:, 0], printed, wider),
        "units": [
            {
                "kind": unit.kind,
                "name": unit.name,
                "rows": int(unit.rows(first).sum()),
                "trusted": bool(k_hat[1 + at] <= MAX_K_HAT),
                "shift": shift[:, at].mean(axis=0).tolist(),
                **_summary(found[:, 1 + at], printed, wider),
            }
            for at, unit in enumerate(units)
        ],
        "kinds": [
            {
                "kind": kind,
                "largest_shift": np.median(np.abs(shift[:, of]).max(axis=1), axis=0).tolist(),
                "panels_that_change": changed[:, of].any(axis=1).sum(axis=0).tolist(),
            }
            for kind, of in kinds.items()
        ],
        "screened": screened,
        "refused": refused,
        "draws": draws,
    }


def _units(design: Design, groups: Groups) -> dict[str, list[Unit]]:
    """By kind."""
    found = {
        "entity": [Unit("entity", name) for name in design.entities],
        "time": [Unit("time", str(time)) for time in design.times],
    }
    for kind, members in groups.items():
        each = [Unit(kind, name, tuple(entities)) for name, entities in members.items()]
        found[kind] = [unit for unit in each if 0 < unit.rows(design).sum() < design.n]
    return found


def _screened(design: Design, units: dict[str, list[Unit]], term: str) -> tuple[list[Unit], dict[str, int]]:
    """The units that are left out, and how many there were.

    All of them; of a kind with more than `MOST`, those that change least squares most.
    """
    many = {kind: len(found) for kind, found in units.items() if len(found) > MOST}
    if many:
        both = np.column_stack([design.X, design.y])
        swept = split(both, design.entity, design.time, design.entity_effects, design.time_effects).within
        X, y = swept[:, :-1], swept[:, -1]
        errors = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        moves = (X * errors[:, None]) @ np.linalg.pinv(X.T @ X)[:, design.terms.index(term)]
        for kind in many:
            if kind in ("entity", "time"):
                of = np.bincount(design.entity if kind == "entity" else design.time, moves)
            else:
                of = np.array([moves[unit.rows(design)].sum() for unit in units[kind]])
            units[kind] = [units[kind][at] for at in np.argsort(-np.abs(of))[:MOST]]
    return [unit for found in units.values() for unit in found], many


def _posteriors(problems: Sequence[Statistics], priors: Priors, draws: int, seed: int) -> tuple[Array, Array]:
    """Coefficients (D, draws, k) on the paper's scale, and k-hat (D,).

    Problems of one shape share a compiled program.
    """
    problems = [padded(statistics) for statistics in problems]
    shapes: dict[tuple[int, ...], list[int]] = {}
    for number, s in enumerate(problems):
        shapes.setdefault((*s.strata.cross.shape, s.explicit_time, len(s.groups)), []).append(number)
    coefficients = np.empty((len(problems), draws, problems[0].n_slope))
    k_hat = np.empty(len(problems))
    for members in shapes.values():
        step = max(1, LARGEST // (draws * problems[members[0]].strata.cross.shape[1]))
        for start in range(0, len(members), step):
            at = members[start : start + step]
            drawn = batch([problems[i] for i in at], [priors] * len(at), draws, seed)
            units = np.stack([problems[i].scale.unit for i in at])
            coefficients[at] = drawn.theta[:, :, : problems[0].n_slope] * units[:, None]
            k_hat[at] = drawn.direct.k_hat
    return coefficients, k_hat


def _moves(
    found: Array, claims: Sequence[Claim], wider: Sequence[Widening | None]
) -> tuple[Array, NDArray[np.bool_]]:
    """Shift in posterior standard deviations, and whether the verdict changes; (twins, units, terms) each."""
    mean = found.mean(axis=2)
    shift = (mean[:, 1:] - mean[:, :1]) / found[:, :1].std(axis=2, ddof=1)
    low, high = np.quantile(found, [0.025, 0.975], axis=2)
    ends = _judged(mean, found.std(axis=2, ddof=1), low, high, wider)
    each = [
        np.vectorize(partial(verdict, claim))(*(e[..., j] for e in ends)) for j, claim in enumerate(claims)
    ]
    verdicts = np.stack(each, axis=-1)
    return shift, verdicts[:, 1:] != verdicts[:, :1]


def _judged(
    mean: Array, sd: Array, low: Array, high: Array, wider: Sequence[Widening | None]
) -> tuple[Array, Array]:
    """The ends (..., terms) as a verdict looks at them, each term widened as in the whole sample."""
    pairs = [widened(mean[..., j], sd[..., j], low[..., j], high[..., j], one) for j, one in enumerate(wider)]
    return np.stack([a for a, _ in pairs], axis=-1), np.stack([b for _, b in pairs], axis=-1)


def _summary(drawn: Array, claims: Sequence[Claim], wider: Sequence[Widening | None]) -> dict[str, Any]:
    """Mean, 95% interval and verdict of each term over all twins, from (twins, draws, terms)."""
    flat = drawn.reshape(-1, drawn.shape[-1])
    low, high = np.quantile(flat, [0.025, 0.975], axis=0)
    ends = _judged(flat.mean(axis=0), flat.std(axis=0, ddof=1), low, high, wider)
    return {
        "mean": flat.mean(axis=0).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "verdict": [verdict(*one) for one in zip(claims, *ends, strict=True)],
    }
