"""Fitting `threshold` specifications to a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ....data.errors import InputError, did_you_mean
from ....data.panel.panel import Panel
from ....data.published import Printed
from ....data.sample.steps import apply_steps
from ....data.study.spec import Errors
from ....models.frequentist.hansen import search
from ....models.frequentist.least_squares import LeastSquares, least_squares
from ....models.priors import Prior, Priors, parse_prior
from ....models.scale import scale_of
from ....models.thresholds.comparison import compare
from ....models.thresholds.regimes import Array, Regimes, regime_design, regimes, room
from ...run.key import Key, fingerprint
from ...run.results import Request, SpecFit
from ...run.store import read_or_fit, seed_of
from ...view import SpecView
from ..linear import correlation_known
from ..printed_terms import check_terms
from .endogeneity import warnings_of
from .record import mechanism, number_flags
from .tree import tree_of

if TYPE_CHECKING:
    from xarray import DataTree

TRIED = 3


def threshold_job(view: SpecView, panel: Panel, request: Request) -> Callable[[], SpecFit]:
    """The work of one column, its inputs checked."""
    found = regimes_of(view, panel)
    location_prior(view)
    printed = view.file.printed(view.id)
    check_terms(view, printed, (*found.design.terms, *regime_names(found, view.spec.thresholds or 0)))
    return lambda: _fit(view, found, printed, request)


def regimes_of(view: SpecView, panel: Panel) -> Regimes:
    """The column's design with its threshold variable.

    Raises
    ------
    InputError
        One sentence naming panel, column and variable.
    """
    spec, where = view.spec, f"{panel.source}, {view.id}: "
    design = view.design(panel)
    name, term = str(spec.variable), str(spec.regime_dependent)
    if term not in design.terms:
        raise InputError(
            f"{view.file.path}, {view.id}: regime_dependent {term!r} is not a regressor of the formula; "
            f"add it.{did_you_mean(term, design.terms)}"
        )
    formula = spec.parsed
    stepped, _ = apply_steps(panel, spec.steps, tuple(dict.fromkeys((*formula.variables, name))))
    columns = [stepped.term(t) for t in (formula.outcome, *formula.terms)]
    complete = pd.concat(columns, axis=1).notna().all(axis=1)
    q = stepped.numeric(name)[complete].to_numpy()
    try:
        return regimes(design, q, term, name, thresholds=spec.thresholds or spec.max_thresholds or 1)
    except InputError as error:
        raise InputError(f"{where}{error}") from None


def regime_names(found: Regimes, thresholds: int) -> tuple[str, ...]:
    """Terms of the slopes of a column with so many thresholds; none where the number is not given."""
    return tuple(f"{found.name}_regime{j + 1}" for j in range(thresholds + 1)) if thresholds else ()


def location_prior(view: SpecView) -> Prior | None:
    """The study's prior on where a threshold lies, on the paper's scale."""
    text = view.spec.location_prior
    try:
        return parse_prior(text) if text else None
    except InputError as error:
        raise InputError(f"{view.file.path}, {view.id}, location_prior: {error}") from None


def log_location(view: SpecView, found: Regimes) -> Array | None:
    """(m,) Its logarithm at the candidates."""
    prior = location_prior(view)
    return None if prior is None else prior.frozen().logpdf(found.candidates)


def laws_of(view: SpecView, found: Regimes, request: Request) -> tuple[Errors, ...]:
    """The law that the study file names; where it names none, independent errors and AR(1) ones.

    A correlation of errors can be told from an effect of the entity where some entity has three times.
    Columns of twins are fitted with independent errors alone (`Request.other_law`).
    """
    other = view.other_errors
    both = request.other_law and other is not None and correlation_known(found.design)
    return (view.errors, other) if both and other is not None else (view.errors,)


def _fit(view: SpecView, found: Regimes, printed: tuple[Printed, ...], request: Request) -> SpecFit:
    priors, form, spec = view.priors(request.priors), request.form or view.form, view.spec
    sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, view.id))
    given = spec.thresholds
    most = max(given or 0, min(spec.max_thresholds or TRIED, room(found)))
    laws = laws_of(view, found, request)

    def make() -> DataTree:
        compared = compare(found, laws, most, priors, form, location_prior(view), sampler.seed)
        return tree_of(found, compared, given, priors, form, sampler)

    key = Key(
        kind=view.kind,
        data=(found.design.sha256, fingerprint(found.q.tolist())),
        form=form,
        errors=view.errors,
        priors=priors,
        sampler=sampler,
        engine="collapsed",
        extra={
            "variable": [found.variable, found.name],
            "thresholds": [given, most, spec.location_prior],
            "laws": list(laws),
        },
    )
    tree, seconds, resumed = read_or_fit(view.id, key, request, make)
    beside = frequentist(view, found, given)
    warned = warnings_of(view)
    names = regime_names(found, given or 0) or (found.name,)
    record = mechanism(tree, found, given, names, warned)
    return SpecFit(
        view, tree, priors, printed, "collapsed", seconds, resumed, form,
        regime_design(found, beside[1]) if given else found.design,
        beside[0], units=_units(found, given, priors), mechanism=record,
        assumption_flags=dict.fromkeys(names, (*warned, *number_flags(record))),
    )  # fmt: skip


def frequentist(view: SpecView, found: Regimes, given: int | None) -> tuple[LeastSquares, Array]:
    """Least squares with Hansen's estimates of the thresholds, or without any where no number is given."""
    if not given:
        return least_squares(found.design, view.spec.vcov), np.empty(0)
    at = np.sort(search(found, given).thresholds[-1])
    return least_squares(regime_design(found, at), view.spec.vcov), at


def _units(found: Regimes, given: int | None, priors: Priors) -> dict[str, float | None]:
    """What one standardised slope is on the paper's scale.

    Larger for a regime above the lowest: the prior of its slope is that of the lowest slope plus the
    changes.
    """
    units = dict(zip(found.design.terms, scale_of(found.design).unit.tolist(), strict=True))
    base, scale = priors["slope"].frozen().var(), priors["difference"].frozen()
    second = scale.var() + scale.mean() ** 2
    for j, name in enumerate(regime_names(found, given or 0)):
        units[name] = units[found.name] * float(np.sqrt(1 + j * second / base))
    return dict(units)
