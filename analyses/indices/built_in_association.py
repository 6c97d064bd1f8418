"""The coefficient that arises only because indices share indicators.

Indices are computed from simulated indicators that are unrelated to one another, and are regressed as in the
paper: a coefficient other than 0 then comes from the indicators that outcome and regressor have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.errors import InputError
from ...data.indices.composite import Convention, composite
from ...data.indices.indicators import System
from ...data.study.file import Shared
from ...data.study.formula import Term
from ...models.engine.sampling import Sampler
from ..study import Study
from ..view import SpecView
from .index import Indexed
from .unlinked_panels import ASSUMED, Assumptions, Shuffle, Tie

Array = NDArray[np.float64]
BLOCK = 100
ENTROPY, TOPSIS = Convention(), Convention(score="topsis")
SUFFIX = "_topsis"


@dataclass(frozen=True, eq=False)
class BuiltInAssociation:
    """The coefficient of one index in one column of a paper, over simulations without any link.

    Attributes
    ----------
    shared : (S,) coefficients where shared indicators are shared
    unshared : (S,) the same where every occurrence of an indicator is drawn independently
    shared_slope, unshared_slope : (S,) both in standard deviations of outcome and regressor
    names : what outcome and regressors share
    how : the assumptions, in a sentence or two
    published, std_error : the printed numbers, or None; also where the outcome is no index, so that its
        units are unknown
    """

    spec_id: str
    term: str
    outcome: str
    shared: Array
    unshared: Array
    shared_slope: Array
    unshared_slope: Array
    names: tuple[str, ...]
    published: float | None
    std_error: float | None
    how: str

    @property
    def share_at_least(self) -> float | None:
        """The share of simulations whose coefficient is at least the printed one in size, of its sign."""
        if self.published is None:
            return None
        return float((self.shared * np.sign(self.published) >= abs(self.published)).mean())


def built_in_associations(
    view: SpecView,
    systems: dict[str, System],
    shared: list[Shared],
    source: Assumptions | Shuffle = ASSUMED,
    simulations: int = 2000,
    seed: int = Sampler.seed,
) -> list[BuiltInAssociation]:
    """Simulate a column of a paper: one result for each of its indices on the right-hand side.

    Series come from assumptions, in balanced panels of the study's numbers of entities and periods, or
    from a real panel whose entities are shuffled. A column of kind mediation is its outcome equation by
    least squares. Steps of the specification are left out.

    Raises
    ------
    InputError
        For columns of other kinds, without an index among the regressors, or studies that do not say how
        many entities and periods there are.
    """
    header = view.file.study
    if isinstance(source, Shuffle):
        size = source.size
    elif header.entities is None or header.periods is None:
        raise InputError(f"{view.file.path}: give study.entities and study.periods, the size of its panel.")
    else:
        size = (header.entities, header.periods[1] - header.periods[0] + 1)
    parts = _parts(systems)
    formula = view.spec.parsed
    focal = [str(t) for t in formula.terms if t.variable in parts]
    if not _by_least_squares(view) or not focal:
        raise InputError(
            f"{view.id}: no index among the regressors of a least-squares column; choose another."
        )
    world = _World(parts, shared, source, size)
    wanted = (formula.outcome, *formula.terms)
    effects = (header.entity in formula.effects, header.time in formula.effects)
    results = {}
    for together in (True, False):
        rng = np.random.default_rng(seed)
        fits = [
            _ols(columns, size, effects) for columns in world.simulate(wanted, together, simulations, rng)
        ]
        results[together] = [np.concatenate(values) for values in zip(*fits, strict=True)]
    printed = {p.term: p for p in view.file.printed(view.id)}
    terms = [str(t) for t in formula.terms]
    found = []
    for term in focal:
        j = terms.index(term)
        number = printed.get(term) if formula.outcome.variable in parts else None
        found.append(
            BuiltInAssociation(
                view.id,
                term,
                str(formula.outcome),
                results[True][0][:, j],
                results[False][0][:, j],
                results[True][1][:, j],
                results[False][1][:, j],
                world.overlap(wanted),
                number.estimate if number else None,
                number.std_error if number else None,
                f"{source.sentence}{world.guesses(wanted)}",
            )
        )
    return found


def _by_least_squares(view: SpecView) -> bool:
    """Whether the column's formula is estimated by least squares, without instruments or regimes."""
    spec = view.spec
    return not spec.parsed.endogenous and spec.regime_dependent is None and not spec.rules.between


def simulable(study: Study, systems: dict[str, System], only: list[str] | None = None) -> list[SpecView]:
    """The columns that `built_in_associations` can simulate and whose terms share something."""
    world = _World(_parts(systems), study.file.shared, ASSUMED, (1, 1))
    return [
        view
        for view in study.specs(only)
        if _by_least_squares(view)
        and any(t.variable in world.parts for t in view.spec.parsed.terms)
        and world.overlap((view.spec.parsed.outcome, *view.spec.parsed.terms))
    ]


def source_of(
    view: SpecView, systems: dict[str, System], indexed: Indexed | None
) -> Assumptions | Shuffle | None:
    """Where the simulated series of a column come from; None where neither source is possible.

    The panel with its entities shuffled, if it is balanced and has all variables of the column; otherwise
    series by assumption, if the study gives the size of its panel.
    """
    header, parts = view.file.study, _parts(systems)
    needed = {c for v in view.spec.parsed.variables for c in (parts[v].columns if v in parts else (v,))}
    if indexed is not None and indexed.table.panel.balanced:
        table, panel = indexed.table, indexed.table.panel
        shape = (panel.n_entities, panel.n_times)
        columns = {c: indexed.filled.values[:, j].reshape(shape) for j, c in enumerate(table.columns)}
        others = needed & set(table.unused)
        columns |= {c: panel.numeric(c).to_numpy(float).reshape(shape) for c in others}
        if needed <= columns.keys() and not any(np.isnan(columns[c]).any() for c in needed):
            return Shuffle(columns, panel.entity)
    return ASSUMED if header.entities and header.periods else None


def _parts(systems: dict[str, System]) -> dict[str, System]:
    """Indices and their dimensions, and each of them by TOPSIS, by the names that formulas use."""
    parts = {part.index: part for system in systems.values() for part in system.with_parts()}
    return parts | {f"{name}{SUFFIX}": system for name, system in parts.items()}


class _World:
    """Names of simulated series: indicators and variables, and which of them hang together."""

    def __init__(
        self,
        parts: dict[str, System],
        shared: list[Shared],
        source: Assumptions | Shuffle,
        size: tuple[int, int],
    ) -> None:
        self.parts, self.source, self.size = parts, source, size
        self.indicators = {column for system in parts.values() for column in system.columns}
        # each declared name but the first hangs on the first that is an indicator
        self.ties: dict[str, Tie] = {}
        for group in shared:
            first = next((t for t in group.terms if t.variable in self.indicators), group.terms[0])
            for other in group.terms:
                if other != first:
                    self.ties[other.variable] = Tie(other, first, group.alike)

    def reads(self, term: Term) -> tuple[str, ...]:
        """The series behind a term, shared ones by the name that they share."""
        columns = self.parts[term.variable].columns if term.variable in self.parts else (term.variable,)
        return tuple(self.ties[c].first.variable if c in self.ties else c for c in columns)

    def overlap(self, wanted: tuple[Term, ...]) -> tuple[str, ...]:
        """The indicators that more than one of the terms is made of."""
        seen = [name for term in wanted for name in dict.fromkeys(self.reads(term))]
        return tuple(dict.fromkeys(name for name in seen if seen.count(name) > 1))

    def guesses(self, wanted: tuple[Term, ...]) -> str:
        """The correlations that are assumed for near-duplicates among what the terms read, in words."""
        if isinstance(self.source, Shuffle):
            return ""
        read = {
            c
            for t in wanted
            for c in (self.parts[t.variable].columns if t.variable in self.parts else (t.variable,))
        }
        ties = [self.ties[name] for name in sorted(read & self.ties.keys()) if self.ties[name].alike < 1]
        return "".join(f" A guess: {tie.mine} and {tie.first} correlate {tie.alike:g}." for tie in ties)

    def simulate(
        self, wanted: tuple[Term, ...], together: bool, simulations: int, rng: np.random.Generator
    ) -> Iterator[Array]:
        """Blocks (S, n, p) of columns; a shared indicator is one series, or one for each occurrence."""
        times = np.tile(np.arange(self.size[1]), self.size[0])
        for start in range(0, simulations, BLOCK):
            count = min(BLOCK, simulations - start)
            seen: dict[str, Any] = {}
            columns = []
            for term in wanted:
                if not together:
                    seen = {}
                if term.variable in self.parts:
                    system = self.parts[term.variable]
                    X = np.stack([self._draw(c, seen, count, rng) for c in system.columns], axis=-1)
                    convention = TOPSIS if term.variable.endswith(SUFFIX) else ENTROPY
                    values = composite(X, system.negative, convention, times).values
                else:
                    values = self._draw(term.variable, seen, count, rng)
                columns.append(np.log(values) if term.log else values)
            yield np.stack(columns, axis=-1)

    def _draw(self, name: str, seen: dict[str, Any], count: int, rng: np.random.Generator) -> Array:
        return self.source.draw(name, self.ties.get(name), self.size, seen, count, rng)


def _ols(columns: Array, size: tuple[int, int], effects: tuple[bool, bool]) -> tuple[Array, Array]:
    """Slopes (S, k) of the first column on the others, and the same in standard deviations.

    The panels are balanced, so that effects are removed by subtracting means.
    """
    grid = columns.reshape(len(columns), *size, columns.shape[-1])
    sd = grid.std(axis=(1, 2))
    grid = grid - grid.mean(axis=(1, 2), keepdims=True)
    if effects[0]:
        grid = grid - grid.mean(axis=2, keepdims=True)
    if effects[1]:
        grid = grid - grid.mean(axis=1, keepdims=True)
    flat = grid.reshape(columns.shape)
    gram = np.swapaxes(flat, 1, 2) @ flat
    coef = np.linalg.solve(gram[:, 1:, 1:], gram[:, 1:, :1])[..., 0]
    return coef, coef * sd[:, 1:] / sd[:, :1]
