"""Twins: an ensemble of synthetic panels, each reproducing what the tables of a study print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.errors import InputError
from ..run.store import seed_of
from ..run.workers import Each, in_turn
from ..study import Study
from .identities import Identity, identities
from .plan import plan_of
from .targets import Plan

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .match import Match
    from .program import Program
    from .setting import Setting

TRIES, STRICT, WAITING = 40, 20, 3  # starts of a twin; those that may put off no column; how many others may
PILOTS = 3


@dataclass(frozen=True, eq=False)
class Twin:
    """One synthetic panel.

    Attributes
    ----------
    frame : one row an entity-year; columns named as the study's variables, its groups and clusters
    setting : of the generative prior that it started from
    weights : of the variables that are sums of others
    tries : starts that were drawn until one fitted
    """

    frame: pd.DataFrame
    setting: dict[str, float]
    weights: dict[str, dict[str, float]]
    tries: int


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Synthetic panels that reproduce the same printed numbers.

    Attributes
    ----------
    twins : the panels
    satisfied : printed numbers that every twin reproduces within rounding, `T4.2.NqP (std_error)` and so on
    left_out : printed numbers that no twin is held to, and why
    identities : variables that are weighted sums of two others, inferred from the printed numbers
    """

    study: Study
    twins: tuple[Twin, ...]
    satisfied: tuple[str, ...]
    left_out: dict[str, str]
    identities: tuple[Identity, ...]

    @property
    def frames(self) -> list[pd.DataFrame]:
        return [twin.frame for twin in self.twins]

    @property
    def settings(self) -> list[dict[str, float]]:
        return [twin.setting for twin in self.twins]


@dataclass(frozen=True, eq=False)
class Workshop:
    """What all twins of a study share.

    Attributes
    ----------
    whole : every printed number that is a statistic of a panel
    sums : variables that are weighted sums of two others
    dropped : the numbers of `whole` that cannot hold with the others, and why
    """

    study: Study
    whole: Plan
    sums: tuple[Identity, ...]
    dropped: dict[str, str]

    @cached_property
    def plan(self) -> Plan:
        return self.whole.without(self.dropped)


def twins(
    study: Study,
    n: int = 20,
    seed: int = 20250101,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Ensemble:
    """Make an ensemble of `n` twins; twin number i depends on the seed and i only.

    Raises
    ------
    InputError
        Where the study prints too little to make a panel, or no panel is found.

    Examples
    --------
    >>> import posterity as po
    >>> ensemble = po.twins(po.load("munnell-1990"), n=1)
    >>> len(ensemble.satisfied), ensemble.satisfied[:2]
    (24, ('T1.1.log_pcap', 'T1.1.log_pcap (std_error)'))
    >>> ensemble.frames[0]["state"].iloc[0]
    'SYNTHETIC state 01'
    """
    shop = open_workshop(study, seed, progress)
    made = tuple(twin for _, twin in make(shop, seed, range(n), progress))
    return Ensemble(study, made, satisfied(shop.plan), shop.plan.left_out, shop.sums)


def satisfied(plan: Plan) -> tuple[str, ...]:
    return (*plan.counted, *(t.name for t in plan.targets))


def open_workshop(
    study: Study,
    seed: int,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    each: Each | None = None,
) -> Workshop:
    """Plan; then try a few starts, to find the numbers that cannot hold with the others.

    Columns are added one after another (see `match`); what most starts miss is left out by name, single
    numbers before whole columns.
    """
    plan = plan_of(study.file)
    if not plan.targets:
        raise InputError(
            f"{study.name}: no printed number maps to a statistic of a panel; nothing to make twins of."
        )
    from .marginals import contradicted

    found: list[list[str]] = []
    impossible = contradicted(plan)
    progress("what can hold together", 0, PILOTS)
    shop = Workshop(study, plan, tuple(identities(study.file)), impossible)
    tasks = [(shop, seed, number) for number in range(PILOTS)]
    for done, (_, missed) in enumerate((each or in_turn)(_pilot, tasks)):
        progress("what can hold together", done + 1, PILOTS)
        found.append(missed)
        if not missed:
            break
    often: list[str] = []
    if all(found):
        counts = Counter(name for missed in found for name in missed)
        often = sorted(name for name, times in counts.items() if 2 * times > PILOTS)
    why = f"no panel was found that has it beside the others, in most of {PILOTS} starts"
    return replace(shop, dropped=impossible | dict.fromkeys(often, why))


def _pilot(shop: Workshop, seed: int, number: int) -> list[str]:
    """The printed numbers that one start misses."""
    rng = np.random.default_rng([seed_of(seed, shop.study.name), 0, number])
    return [*_attempt(shop, rng, None)[0].missed]


def make(
    shop: Workshop,
    seed: int,
    numbers: range | list[int],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    each: Each | None = None,
) -> Iterator[tuple[int, Twin]]:
    """Twins with their numbers: one after another, or as other processes finish them."""
    made = (each or in_turn)(_one, [(shop, seed, number) for number in numbers])
    progress("twins", 0, len(numbers))
    for done, (at, twin) in enumerate(made):
        progress(f"twin {numbers[at]:03d}", done + 1, len(numbers))
        yield numbers[at], twin


def _one(shop: Workshop, seed: int, number: int) -> Twin:
    rng = np.random.default_rng([seed_of(seed, shop.study.name), 1, number])
    tries = 1
    found, setting, weights = _attempt(shop, rng, 0)
    while found.missed:
        if tries == TRIES:
            raise InputError(
                f"{shop.study.name}: no panel was found for twin {number} in {TRIES} starts; "
                "choose another --seed."
            )
        tries += 1
        found, setting, weights = _attempt(shop, rng, 0 if tries <= STRICT else WAITING)
    values = np.tensordot(weights, found.free, axes=1)
    named = {
        one.total: dict(
            zip(one.parts, weights[shop.plan.variables.index(one.total)][_free_of(shop, one)], strict=True)
        )
        for one in shop.sums
    }
    return Twin(_frame(shop, values, found.clusters), asdict(setting), named, tries)


_COMPILED: list[tuple[Plan, Program]] = []


def _program(shop: Workshop) -> Program:
    """The program of a plan, compiled once in a process for the plan as it is, to the last printed digit."""
    from .program import narrowed, program

    found = next((made for plan, made in [*_COMPILED] if plan == shop.whole), None)
    if found is None:
        found = program(shop.whole)
        _COMPILED[:] = [(shop.whole, found)]
    return narrowed(found, shop.plan)


def _attempt(
    shop: Workshop, rng: np.random.Generator, most: int | None
) -> tuple[Match, Setting, NDArray[np.float64]]:
    from threadpoolctl import threadpool_limits

    from .match import match
    from .mixing import mixed, whole_sample
    from .prior import ranks_of, start_panel
    from .setting import draw_setting

    plan, program = shop.plan, _program(shop)
    totals = [plan.variables.index(one.total) for one in shop.sums]
    free = tuple(v for v in range(len(plan.variables)) if v not in totals)
    weights = np.zeros((len(plan.variables), len(free)))
    weights[list(free), range(len(free))] = 1.0
    for one in shop.sums:
        row = plan.variables.index(one.total)
        weights[row, _free_of(shop, one)] = rng.dirichlet(np.ones(len(one.corners))) @ one.corners
    setting = draw_setting(rng)
    start = start_panel(plan, weights, free, shop.study.file.variables, setting, rng)
    chosen = whole_sample(plan, program)
    ranks, of_variable = ranks_of(plan, weights, free)
    asked = program.asked(of_variable)
    with threadpool_limits(1, "blas"):  # the matrices are small: threads only wait for each other
        if chosen.any():
            start, asked = mixed(plan, program, start, chosen), np.full(len(asked), -1)
        return match(program, start, ranks, asked, most), setting, weights


def _free_of(shop: Workshop, one: Identity) -> list[int]:
    totals = {other.total for other in shop.sums}
    free = [name for name in shop.plan.variables if name not in totals]
    return [free.index(part) for part in one.parts]


def _frame(shop: Workshop, values: Any, clusters: Any) -> pd.DataFrame:
    import pandas as pd

    plan, header = shop.plan, shop.study.file.study
    N, T = len(plan.entities), len(plan.times)
    columns: dict[str, Any] = {
        header.entity: np.repeat(np.array(plan.entities, dtype=object), T),
        header.time: np.tile(np.array(plan.times), N),
    }
    for name, of in plan.groups.items():
        columns[name] = np.repeat(np.array(of, dtype=object), T)
    if plan.cluster:
        labels = [f"SYNTHETIC {plan.cluster} {g + 1}" for g in clusters.argmax(axis=0)]
        columns[plan.cluster] = np.repeat(np.array(labels, dtype=object), T)
    columns |= {name: values[v].reshape(-1) for v, name in enumerate(plan.variables)}
    return pd.DataFrame(columns)
