"""Posteriors from printed numbers alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...data.published import Printed
from ...models.engine.sampling import Sampler, nuts
from ...models.printed.tables import PrintedEstimate, exact_draws, tables_model
from ...models.priors import Prior, Priors
from ..judge.reference import degrees_of_freedom
from ..view import SpecView
from .agreement import Agreement, compared
from .key import Key, fingerprint
from .results import Engine, Job, Request, SpecFit
from .store import read_or_fit, seed_of

if TYPE_CHECKING:
    from xarray import DataTree


def tables_inputs(view: SpecView) -> list[PrintedEstimate]:
    """The printed estimates of a column that carry a standard error, a t-value or an interval."""
    inputs = []
    for printed in view.file.printed(view.id):
        interval = printed.std_error_interval()
        if interval is not None:
            df = degrees_of_freedom(view.file, view.spec, printed)
            inputs.append(
                PrintedEstimate(printed.term, printed.estimate, interval, df, unit_of(view, printed))
            )
    return inputs


def unit_of(view: SpecView, printed: Printed) -> float | None:
    """sd(outcome) / sd(regressor) from the study's printed descriptive statistics, if both are there."""
    table = view.file.study.descriptives
    variable = view.spec.regressor_of(printed.term)
    sd = {p.term: p.estimate for p in view.file.published if p.table == table and p.column == "sd"}
    outcome = printed.outcome or str(view.spec.parsed.outcome)
    if not sd.get(outcome) or not sd.get(variable):
        return None
    return sd[outcome] / sd[variable]


def fit_tables(inputs: list[PrintedEstimate], slope: Prior, sampler: Sampler, engine: str) -> DataTree:
    """Draws of every effect of a column: exact by default, NUTS on the same model where asked."""
    if engine == "nuts":
        return nuts(tables_model(inputs, slope), sampler)
    from arviz_base import from_dict

    seeds = np.random.SeedSequence(sampler.seed).generate_state(len(inputs))
    size = sampler.chains * sampler.draws
    draws = [exact_draws(p, slope, size, int(s)) for p, s in zip(inputs, seeds, strict=True)]
    coef = np.stack(draws, axis=-1).reshape(sampler.chains, sampler.draws, len(inputs))
    return from_dict(
        {"posterior": {"coef": coef}}, coords={"term": [p.term for p in inputs]}, dims={"coef": ["term"]}
    )


def tables_job(view: SpecView, inputs: list[PrintedEstimate], request: Request) -> Job:
    """The fit of a column to its printed numbers."""
    engine: Engine = request.engine or "collapsed"

    def job() -> SpecFit:
        priors = view.priors(request.priors)
        tree, seconds, resumed = _posterior(view.id, inputs, priors, engine, request)
        names = {p.term for p in inputs}
        printed = tuple(p for p in view.file.printed(view.id) if p.term in names)
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
    key = Key(
        kind="tables",
        data=(fingerprint(inputs),),
        form=None,
        errors=None,
        priors=priors,
        sampler=sampler,
        engine=engine,
        extra={},
    )
    return read_or_fit(name, key, request, lambda: fit_tables(inputs, priors["slope"], sampler, engine))
