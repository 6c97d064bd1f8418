"""Twins: an ensemble of synthetic panels, each reproducing what the tables of a study print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.errors import InputError
from .cluster import Each
from .store import seed_of
from .study import Study
from .twins.identities import Identity, identities
from .twins.plan import plan_of
from .twins.targets import Plan

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .twins.match import Match
    from .twins.prior import Setting
    from .twins.program import Program

TRIES = 40
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
    """What all twins of a study share: the plan, its compiled program, the sums among its variables."""

    study: Study
    plan: Plan
    program: Program
    sums: tuple[Identity, ...]


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
) -> Workshop:
    """Plan and compile; then try a few starts, to find the numbers that cannot hold with the others.

    Columns are added one after another (see `match`); what most starts miss is left out by name, single numbers
    before whole columns.
    """
    from .twins.program import program

    plan = plan_of(study.file)
    if not plan.targets:
        raise InputError(
            f"{study.name}: no printed number maps to a statistic of a panel; nothing to make twins of."
        )
    sums = tuple(identities(study.file))
    shop = Workshop(study, plan, program(plan), sums)
    missed: Counter[str] = Counter()
    for number in range(PILOTS):
        progress("what can hold together", number, PILOTS)
        rng = np.random.default_rng([seed_of(seed, study.name), 0, number])
        found = _attempt(shop, rng, spare=True)[0].missed
        if not found:
            return shop
        missed.update(found.keys())
    often = sorted(name for name, times in missed.items() if 2 * times > PILOTS)
    dropped = dict.fromkeys(
        often, f"no panel was found that has it beside the others, in most of {PILOTS} starts"
    )
    kept = plan.without(dropped)
    return Workshop(study, kept, program(kept), sums)


def make(
    shop: Workshop,
    seed: int,
    numbers: range | list[int],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    each: Each | None = None,
) -> Iterator[tuple[int, Twin]]:
    """Twins with their numbers: one after another, or as other processes finish them."""
    shared = (shop.study, shop.plan, shop.sums, seed)
    if each is None:
        made: Iterator[tuple[int, Twin]] = enumerate(_one(shop, seed, number) for number in numbers)
    else:
        made = each(_elsewhere, [(*shared, number) for number in numbers])
    progress("twins", 0, len(numbers))
    for done, (at, twin) in enumerate(made):
        progress(f"twin {numbers[at]:03d}", done + 1, len(numbers))
        yield numbers[at], twin


def _one(shop: Workshop, seed: int, number: int) -> Twin:
    rng = np.random.default_rng([seed_of(seed, shop.study.name), 1, number])
    tries = 1
    found, setting, weights = _attempt(shop, rng)
    while found.missed:
        if tries == TRIES:
            raise InputError(
                f"{shop.study.name}: no panel was found for twin {number} in {TRIES} starts; choose another --seed."
            )
        tries += 1
        found, setting, weights = _attempt(shop, rng)
    values = np.tensordot(weights, found.free, axes=1)
    named = {
        one.total: dict(
            zip(one.parts, weights[shop.plan.variables.index(one.total)][_free_of(shop, one)], strict=True)
        )
        for one in shop.sums
    }
    return Twin(_frame(shop, values, found.clusters), asdict(setting), named, tries)


_SHOPS: dict[str, Workshop] = {}


def _elsewhere(study: Study, plan: Plan, sums: tuple[Identity, ...], seed: int, number: int) -> Twin:
    """A twin made by a worker, which compiles the plan once."""
    from .twins.program import program

    key = f"{study.name} {seed} {satisfied(plan)}"
    if key not in _SHOPS:
        _SHOPS.clear()
        _SHOPS[key] = Workshop(study, plan, program(plan), sums)
    return _one(_SHOPS[key], seed, number)


def _attempt(
    shop: Workshop, rng: np.random.Generator, spare: bool = False
) -> tuple[Match, Setting, NDArray[np.float64]]:
    from threadpoolctl import threadpool_limits

    from .twins.match import match
    from .twins.mixing import mixed, whole_sample
    from .twins.prior import draw_setting, ranks_of, start_panel

    plan = shop.plan
    totals = [plan.variables.index(one.total) for one in shop.sums]
    free = tuple(v for v in range(len(plan.variables)) if v not in totals)
    weights = np.zeros((len(plan.variables), len(free)))
    weights[list(free), range(len(free))] = 1.0
    for one in shop.sums:
        row = plan.variables.index(one.total)
        weights[row, _free_of(shop, one)] = rng.dirichlet(np.ones(len(one.corners))) @ one.corners
    setting = draw_setting(rng)
    start = start_panel(plan, weights, free, shop.study.file.variables, setting, rng)
    chosen = whole_sample(plan, shop.program)
    ranks, of_variable = ranks_of(plan, weights, free)
    asked = shop.program.asked(of_variable)
    with threadpool_limits(1, "blas"):  # the matrices are small: threads only wait for each other
        if chosen.any():
            start, asked = mixed(plan, shop.program, start, chosen), np.full(len(asked), -1)
        return match(shop.program, start, ranks, asked, spare), setting, weights


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
