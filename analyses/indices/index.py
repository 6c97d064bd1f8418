"""Composite indices with their uncertainty, and models over draws of their data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.errors import InputError
from ...data.indices.composite import Convention, composite
from ...data.indices.gaps import HOW, OBSERVED, EmptySeriesError, Fill, Filled, fill
from ...data.indices.indicators import System, Table
from ...data.panel.panel import Panel
from ...data.sample.build import build_design
from ...data.study.spec import Form
from ...models.engine.sampling import Sampler
from ..study import Study
from ..view import SpecView

Array = NDArray[np.float64]

IMPUTATIONS = 20
PLAIN = Convention()


@dataclass(frozen=True, eq=False)
class Indexed:
    """The indices of a table, and draws of them.

    Attributes
    ----------
    systems : each index and its dimensions, by name
    filled : the indicators, complete, with the flags of what was filled
    weights, values : (k,), (n,) of each name, as a paper would compute them
    weight_draws, value_draws : (D, k), (D, n); draw d of every name comes from the same bootstrap draw
    """

    table: Table
    convention: Convention
    systems: dict[str, System]
    filled: Filled
    weights: dict[str, Array]
    values: dict[str, Array]
    weight_draws: dict[str, Array]
    value_draws: dict[str, Array]

    @property
    def draws(self) -> int:
        return len(next(iter(self.value_draws.values())))

    def panel(self, draw: int | None = None) -> Panel:
        """The table's panel with a column for each index: as computed, or one draw of them."""
        values = {n: v if draw is None else self.value_draws[n][draw] for n, v in self.values.items()}
        frame = self.table.panel.frame
        return self.table.panel.with_columns(
            {name: pd.Series(value, index=frame.index) for name, value in values.items()}
        )

    def panels(self, draws: int) -> Iterator[Panel]:
        """So many draws of the panel."""
        return (self.panel(d) for d in np.linspace(0, self.draws - 1, draws).astype(int))


def complete(table: Table, how: Fill, draws: int = 0, seed: int = Sampler.seed) -> Filled:
    """The indicators of a table without gaps.

    Raises
    ------
    InputError
        Where there are gaps and nothing is to be filled, or an entity has no value of an indicator.
    """
    gaps = np.isnan(table.X)
    frame, panel = table.panel.frame, table.panel
    if how == "none" and gaps.any():
        row, column = np.argwhere(gaps)[0]
        raise InputError(
            f"{panel.source}, row {frame.index[row]}, column {table.columns[column]!r} is blank, as are "
            f"{int(gaps.sum())} of {gaps.size} cells of indicators; fill them with --fill "
            "linear or --fill multiple."
        )
    try:
        return fill(table.X, table.entity, table.years, draws if how == "multiple" else 0, seed)
    except EmptySeriesError as error:
        entity = np.unique(frame[panel.entity])[error.entity]
        raise InputError(
            f"{panel.source}: {entity!r} has no value of {table.columns[error.column]!r} in "
            f"any year; leave out this {panel.entity} or this indicator."
        ) from None


def entity_mass(entity: NDArray[np.int64], draws: int, seed: int = Sampler.seed) -> Array:
    """(draws, n) Masses of rows from a Bayesian bootstrap over entities (Rubin 1981,
    doi:10.1214/aos/1176345338): a flat Dirichlet draw over entities, each row with its entity's."""
    drawn = np.random.default_rng(seed).standard_exponential((draws, int(entity.max()) + 1))
    mass = drawn[:, entity]
    return mass * (len(entity) / mass.sum(axis=1, keepdims=True))


def index(
    table: Table,
    convention: Convention = PLAIN,
    how: Fill = "none",
    draws: int = 1000,
    seed: int = Sampler.seed,
) -> Indexed:
    """Compute every index of a table and its dimensions, and draws of them.

    Draws combine a Bayesian bootstrap over entities, which moves the weights, with multiple imputation
    of gaps where `how` says so. Ranges of minmax are those of the sample in every draw.
    """
    filled = complete(table, how, min(IMPUTATIONS, draws), seed)
    mass = entity_mass(table.entity, draws, seed)
    systems = {part.index: part for system in table.systems.values() for part in system.with_parts()}
    clash = [name for name in systems if name in table.panel.frame.columns]
    if clash:
        raise InputError(
            f"{table.panel.source} has already a column {clash[0]!r}, the name of an index; "
            "rename or drop it."
        )
    plain, drawn = {}, {}
    for name, system in systems.items():
        where = table.where(system)
        X = filled.values[:, where]
        try:
            plain[name] = composite(X, system.negative, convention, table.times)
        except InputError as error:
            raise InputError(f"{table.panel.source}, index {name}: {error}") from None
        blocks = [X]
        if len(filled.draws) and (filled.flags[:, where] != OBSERVED).any():
            blocks = list(filled.draws[:, :, where])
        parts = [
            composite(block, system.negative, convention, table.times, part)
            for block, part in zip(blocks, np.array_split(mass, len(blocks)), strict=True)
        ]
        drawn[name] = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return Indexed(
        table,
        convention,
        systems,
        filled,
        {name: one.weights for name, one in plain.items()},
        {name: one.values for name, one in plain.items()},
        {name: values[0] for name, values in drawn.items()},
        {name: values[1] for name, values in drawn.items()},
    )


def weights_table(indexed: Indexed) -> pd.DataFrame:
    """One row an indicator of an index: weight, standard deviation and 95% interval over the draws."""
    rows = []
    for name, system in indexed.systems.items():
        draws = indexed.weight_draws[name]
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        for j, one in enumerate(system.indicators):
            rows.append(
                {
                    "index": name,
                    "dimension": one.dimension,
                    "indicator": one.name,
                    "column": one.column,
                    "direction": "-" if one.negative else "+",
                    "weight": indexed.weights[name][j],
                    "sd": draws[:, j].std(ddof=1),
                    "q2.5": low[j],
                    "q97.5": high[j],
                }
            )
    return pd.DataFrame(rows)


def filled_cells(indexed: Indexed) -> pd.DataFrame:
    """One row a filled cell: where, how, its value, and the 95% interval of its imputations."""
    table, filled = indexed.table, indexed.filled
    frame, panel = table.panel.frame, table.panel
    at, column = np.nonzero(filled.flags)
    cells = pd.DataFrame(
        {
            panel.entity: frame[panel.entity].to_numpy()[at],
            panel.time: frame[panel.time].to_numpy()[at],
            "indicator": np.array(table.columns, dtype=object)[column],
            "how": [HOW[flag] for flag in filled.flags[at, column]],
            "value": filled.values[at, column],
        }
    )
    if len(filled.draws):
        low, high = np.quantile(filled.draws[:, at, column], [0.025, 0.975], axis=0)
        cells = cells.assign(**{"q2.5": low, "q97.5": high})
    return cells


@dataclass(frozen=True, eq=False)
class Mixture:
    """Posteriors over draws of the data, with equal weight.

    Attributes
    ----------
    draws : by name, (D, m, ...): m posterior draws at each of D draws of the data
    plain : by name, (m, ...): the posterior at the data as computed
    """

    draws: Mapping[str, Array]
    plain: Mapping[str, Array]

    def pooled(self, name: str) -> Array:
        """(D m, ...) Draws of the mixture."""
        values = self.draws[name]
        return values.reshape(-1, *values.shape[2:])

    def share(self, name: str) -> Array:
        """The share of the mixture's variance that lies between draws of the data."""
        between = self.draws[name].mean(axis=1).var(axis=0)
        return between / self.pooled(name).var(axis=0)


def over_draws[Data](
    fit_one: Callable[[Data], Mapping[str, Array]], plain: Data, draws: Iterable[Data]
) -> Mixture:
    """Fit a model to the data and to each draw of it, and mix the posteriors.

    The outcome does not speak back to the index: draws of the data keep equal weight whatever their
    marginal likelihood (a cut posterior: Plummer 2015, doi:10.1007/s11222-014-9503-z).

    Parameters
    ----------
    fit_one : data -> posterior draws by name, each (m, ...), with the same m every time
    """
    parts = [fit_one(data) for data in draws]
    return Mixture({name: np.stack([part[name] for part in parts]) for name in parts[0]}, fit_one(plain))


def effects_over_draws(
    view: SpecView,
    plain: Panel,
    draws: Sequence[Panel],
    form: Form | None = None,
    size: int = 200,
    seed: int = Sampler.seed,
) -> Mixture:
    """Fit a specification of kind `effects` or `pooled` to draws of its panel, in one batch.

    Returns
    -------
    Mixture of `coef`, (.., k) on the paper's scale, terms in the formula's order, and `slope`, in
    standard deviations.
    """
    from ...models.engine.posterior import batch
    from ...models.engine.statistics import padded, statistics_of_design

    form = (form or view.form) if view.spec.parsed.effects else None
    spec = view.spec.model_copy(update={"vcov": "iid"})  # posteriors read no clusters: a panel may lack them
    groups = view.file.groups
    designs = [build_design(panel.with_groups(groups), spec, view.id) for panel in (plain, *draws)]
    each = [padded(statistics_of_design(design, form)) for design in designs]
    posterior = batch(each, [view.priors()] * len(each), size, seed)
    if not posterior.direct.trusted.all():
        raise InputError(
            f"{view.id}: importance sampling fails at {int((~posterior.direct.trusted).sum())} of "
            f"{len(each)} draws of the data; fit them by NUTS through over_draws."
        )
    coef = posterior.theta[:, :, : each[0].n_slope] * np.stack([s.scale.unit for s in each])[:, None]
    slope = coef * np.stack([design.X.std(axis=0) / design.y.std() for design in designs])[:, None]
    return Mixture({"coef": coef[1:], "slope": slope[1:]}, {"coef": coef[0], "slope": slope[0]})


def usable(study: Study, panel: Panel, names: Iterable[str]) -> list[SpecView]:
    """The specifications that read an index and find all their columns in the panel.

    Those of kind `effects` come first, then those of kind `pooled`.
    """
    indices, columns = set(names), set(panel.frame.columns)
    views = [
        view
        for view in study.specs()
        if view.spec.rules.one_equation
        and view.spec.varying is None
        and indices & set(view.spec.parsed.variables)
        and columns.issuperset(view.spec.parsed.variables)
    ]
    return sorted(views, key=lambda view: not view.spec.parsed.effects)
