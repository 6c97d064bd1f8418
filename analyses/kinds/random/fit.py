"""Fitting a random-effects column: its own form, and beside it the within and between slopes apart."""

from __future__ import annotations

from dataclasses import replace

from ....data.panel.panel import Panel
from ....data.published import Printed, within_rounding
from ....data.sample.design import Design
from ....data.study.estimators import ESTIMATORS
from ....models.frequentist.random_effects import check_random, hausman, random_effects
from ....models.kinds.random import contrasts
from ...run.results import Job, Request, SpecFit
from ...view import SpecView
from ..linear import errors_of, fit_form
from ..printed_terms import check_terms
from .record import flags_of, record_of

BESIDE = "mundlak"  # the suffix under which the posterior of within and between slopes is stored


def random_job(view: SpecView, panel: Panel, request: Request) -> Job:
    """Reproduce the column by its own estimator, fit it with random effects, and fit the contrasts."""
    design, printed = view.design(panel), view.file.printed(view.id)
    check_terms(view, printed, design.terms)
    check_random(design, f"{panel.source}, {view.id}: ")
    return lambda: _fit(view, design, printed, request)


def _fit(view: SpecView, design: Design, printed: tuple[Printed, ...], request: Request) -> SpecFit:
    spec = view.spec
    estimates = {name: random_effects(design, name, spec.vcov) for name in ESTIMATORS}
    own = estimates[str(spec.estimator)]
    one = fit_form(view, design, printed, request, "random", own.least_squares)
    apart = contrasts(design)
    beside = fit_form(
        view, apart.design, printed, replace(request, other_law=False), "random", suffix=f"-{BESIDE}"
    )
    errors = errors_of(apart.design, beside.tree, beside.priors, "random", view.errors)
    prints = {
        name: sum(
            within_rounding(at[0], p.text["estimate"])
            for p in printed
            if (at := found.least_squares.at(p.term)) is not None
        )
        for name, found in estimates.items()
    }
    record = record_of(one, beside, apart, errors, own, hausman(design, own), prints)
    return replace(
        one,
        seconds=one.seconds + beside.seconds,
        resumed=one.resumed and beside.resumed,
        mechanism=record,
        assumption_flags=flags_of(record, [p.term for p in printed]),
    )
