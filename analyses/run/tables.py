"""Posteriors from printed numbers alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...data.published import Printed
from ...data.study.spec import Cluster
from ...models.engine.sampling import Sampler, nuts
from ...models.printed.tables import PrintedEstimate, exact_draws, tables_model
from ...models.priors import Prior, Priors
from ..study import SpecView
from .agreement import compared
from .results import Agreement, Engine, Job, Request, SpecFit
from .store import seed_of, stored, texts

if TYPE_CHECKING:
    from xarray import DataTree

NORMAL_DF = 1e6


def tables_inputs(view: SpecView) -> list[PrintedEstimate]:
    """The printed estimates of a column that carry a standard error, a t-value or an interval."""
    inputs = []
    for printed in view.study.file.printed(view.id):
        interval = printed.std_error_interval()
        if interval is not None and interval[1] > 0:
            df = degrees_of_freedom(view, printed)
            inputs.append(
                PrintedEstimate(printed.term, printed.estimate, interval, df, unit_of(view, printed))
            )
    return inputs


def degrees_of_freedom(view: SpecView, printed: Printed) -> float:
    """Of the printed t: the specification's, else the study's, else clusters - 1 or n - k; an interval is normal."""
    if printed.std_error_source == "interval":
        return NORMAL_DF
    stated = view.spec.df or view.study.file.tables.df
    if stated is not None:
        return stated
    sizes = _sizes(view)
    vcov = view.spec.vcov
    if isinstance(vcov, Cluster) and sizes.get(vcov.cluster, 0) > 1:
        return float(sizes[vcov.cluster] - 1)
    if printed.n is None:
        return NORMAL_DF
    formula = view.spec.parsed
    absorbed = sum(sizes.get(name, 0) for name in formula.effects)
    return float(max(1, printed.n - len(formula.terms) - max(1, absorbed - (len(formula.effects) - 1))))


def clusters_unknown(view: SpecView, printed: Printed) -> bool:
    """Whether a printed t is read on n - k for want of the number of clusters."""
    vcov = view.spec.vcov
    stated = view.spec.df or view.study.file.tables.df
    return (
        isinstance(vcov, Cluster)
        and stated is None
        and printed.std_error_source != "interval"
        and _sizes(view).get(vcov.cluster, 0) < 2
    )


def _sizes(view: SpecView) -> dict[str, int]:
    """How many entities, times and members of each grouping the study file tells of; 0 where it does not."""
    file, header = view.study.file, view.study.file.study
    periods = header.periods[1] - header.periods[0] + 1 if header.periods else 0
    groups = {name: len(members) for name, members in file.groups.items()}
    return groups | {header.entity: header.entities or 0, header.time: periods}


def unit_of(view: SpecView, printed: Printed) -> float | None:
    """sd(outcome) / sd(regressor) from the study's printed descriptive statistics, if both are there."""
    table = view.study.file.study.descriptives
    variable = view.spec.regressor_of(printed.term)
    sd = {p.term: p.estimate for p in view.study.file.published if p.table == table and p.column == "sd"}
    outcome = printed.outcome or str(view.spec.parsed.outcome)
    if not sd.get(outcome) or not sd.get(variable):
        return None
    return sd[outcome] / sd[variable]


def fit_tables(inputs: list[PrintedEstimate], slope: Prior, sampler: Sampler, engine: str) -> DataTree:
    """Draws of every effect of a column: exact by default, NUTS on the same model where asked."""
    if engine == "nuts":
        return nuts(tables_model(inputs, slope), sampler)
    import arviz as az

    seeds = np.random.SeedSequence(sampler.seed).generate_state(len(inputs))
    size = sampler.chains * sampler.draws
    draws = [exact_draws(p, slope, size, int(s)) for p, s in zip(inputs, seeds, strict=True)]
    coef = np.stack(draws, axis=-1).reshape(sampler.chains, sampler.draws, len(inputs))
    return az.from_dict(
        {"posterior": {"coef": coef}}, coords={"term": [p.term for p in inputs]}, dims={"coef": ["term"]}
    )


def tables_job(view: SpecView, inputs: list[PrintedEstimate], request: Request) -> Job:
    """The fit of a column to its printed numbers."""
    engine: Engine = request.engine or "collapsed"

    def job() -> SpecFit:
        priors = view.priors(request.priors)
        tree, seconds, resumed = _posterior(view.id, inputs, priors, engine, request)
        names = {p.term for p in inputs}
        printed = tuple(p for p in view.study.file.printed(view.id) if p.term in names)
        units = {p.term: p.unit for p in inputs}
        return SpecFit(
            view,
            tree,
            priors,
            printed,
            engine,
            seconds,
            resumed,
            units=units,
            inputs={p.term: p for p in inputs},
        )

    return job


def tables_agreement(fits: dict[str, SpecFit], request: Request) -> Agreement | None:
    """Sample the column with the most estimates again by NUTS on its PyMC model."""
    usable = [one for one in fits.values() if one.engine == "collapsed"]
    if not usable:
        return None
    one = max(usable, key=lambda fit: len(fit.inputs))
    name = f"{one.id}-expanded"
    expanded = _posterior(name, list(one.inputs.values()), one.priors, "nuts", request)
    return compared(one.id, one.tree, expanded[0], (one.seconds, expanded[1]))


def _posterior(
    name: str, inputs: list[PrintedEstimate], priors: Priors, engine: Engine, request: Request
) -> tuple[DataTree, float, bool]:
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, name))
    parts = {
        "data": inputs,
        "priors": texts(priors),
        "sampler": sampler,
        "engine": engine,
        "evidence": "tables",
    }
    return stored(name, parts, request, lambda: fit_tables(inputs, priors["slope"], sampler, engine))
