"""Are posteriors calibrated: simulation-based calibration and coverage of a study's models, or of a model by name.

Truths are drawn from the prior (Talts et al. 2018, arXiv:1804.06788), or from the posterior of the panel
(Säilynoja et al. 2025, arXiv:2502.03279), data from the model at the panel's own rows, regressors and gaps; the
truth must rank uniformly among the draws of the fit to them. Coverage is that of 95% intervals at one truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...data.errors import InputError
from ...data.panel.panel import Panel
from ...data.sample.design import Design
from ...data.study.spec import Errors
from ...models.printed.tables import PrintedEstimate
from ...models.priors import DEFAULTS, Prior
from ...models.thresholds.regimes import Regimes, regimes
from ..kinds.effects.calibration import effects_subject
from ..kinds.instrument.calibration import instrument_subject
from ..kinds.mediation.calibration import mediation_subject
from ..kinds.threshold.calibration import threshold_subject
from ..run.results import Request
from ..run.store import seed_of, stored_records
from ..study import SpecView, Study
from .errors import NOISE, errors_subject
from .nuts import expanded_subject, transition_subject
from .panels import declared_panel, standard_design
from .ranks import LEVEL, adjusted, summary
from .subject import QUESTIONS, Question, Subject
from .tables import tables_subject

Record = dict[str, Any]
TESTS = ("chi2_p", "ks_p")
HEAVY = {**DEFAULTS, "slope": Prior("student_t", (3.0, 0.0, 0.5))}
PRINTED = [
    PrintedEstimate("few clusters", 0.4, (0.195, 0.205), 3.0, 1.0),
    PrintedEstimate("many rows", 0.4, (0.195, 0.205), 300.0, 1.0),
    PrintedEstimate("coarse rounding", 0.4, (0.05, 0.15), 30.0, 0.2),
]


def _small(clusters: bool = False) -> Design:
    """A panel for models that take seconds on each."""
    return standard_design(2, clusters=clusters, entities=12, times=6)


def _regimes(design: Design) -> Regimes:
    q = np.random.default_rng(2).normal(size=design.n)
    return regimes(design, q, "x1", "q", grid=60, thresholds=2)


def _with_errors(errors: Errors) -> Subject:
    return errors_subject(f"errors-{errors}", _small(errors == "cluster"), errors)


MODELS: dict[str, Callable[[], Subject]] = {
    "pooled": lambda: effects_subject("pooled", standard_design(), None),
    "effects-fixed": lambda: effects_subject("effects-fixed", standard_design(), "fixed"),
    "effects-random": lambda: effects_subject("effects-random", standard_design(), "random"),
    "effects-mundlak": lambda: effects_subject("effects-mundlak", standard_design(), "mundlak"),
    "slopes-varying": lambda: effects_subject("slopes-varying", standard_design(varying=True), "mundlak"),
    "slopes-heavy": lambda: effects_subject("slopes-heavy", standard_design(), "mundlak", HEAVY),
    "tables": lambda: tables_subject("tables", PRINTED),
    "instrument": lambda: instrument_subject("instrument", standard_design(4), 2),
    "instrument-exclusion": lambda: instrument_subject(
        "instrument-exclusion", standard_design(4), 2, exclusion=True
    ),
    "mediation": lambda: mediation_subject("mediation", standard_design(), "x1", "x3"),
    "threshold": lambda: threshold_subject("threshold", _regimes(standard_design(2))),
    **{f"errors-{errors}": partial(_with_errors, errors) for errors in NOISE},
    "effects-expanded": lambda: expanded_subject("effects-expanded", _small(), "mundlak"),
    "transition": lambda: transition_subject("transition", _regimes(_small())),
}


def subjects_of(
    study: Study, panel: Panel | None, only: list[str] | None, priors: dict[str, str]
) -> list[Subject]:
    """Every column of a study on its panel; without one on SYNTHETIC regressors, and at its printed numbers."""
    from ..run.tables import tables_inputs

    found = []
    for view in study.specs(only):
        found.append(_on_panel(view, panel or declared_panel(view), priors))
        if panel is None:
            printed = [one for one in tables_inputs(view) if one.unit is not None]
            if printed:
                found.append(tables_subject(f"{view.id} tables", printed, view.priors(priors)))
    return found


def _on_panel(view: SpecView, panel: Panel, overrides: dict[str, str]) -> Subject:
    view = replace(
        view, spec=view.spec.model_copy(update={"vcov": "iid"})
    )  # clusters have no part in a posterior
    priors, name = view.priors(overrides), view.id
    if view.kind == "threshold":
        from ..kinds.threshold.fit import regimes_of

        most = view.spec.thresholds or view.spec.max_thresholds or 1
        return threshold_subject(name, regimes_of(view, panel), most, view.form, priors)
    if view.kind == "instrument":
        from ..kinds.instrument.fit import data_of

        data = data_of(view, panel)
        if len(data.endogenous) > 1:
            raise InputError(
                f"{name}: calibration covers one endogenous regressor; leave this column out with --only."
            )
        return instrument_subject(name, data.design, len(data.instruments), priors)
    design = view.design(panel)
    form = view.form if view.spec.parsed.effects else None
    if view.kind == "mediation":
        from ..kinds.mediation.fit import roles

        return mediation_subject(name, design, *roles(view), form, priors)
    if view.errors != "gaussian":
        if form is None or view.errors == "cluster":
            raise InputError(
                f"{name}: calibration of a study does not cover errors = {view.errors!r} here; leave this column out "
                f"with --only, or calibrate the model errors-{view.errors}."
            )
        return errors_subject(name, design, view.errors, form, priors)
    return effects_subject(name, design, form, priors)


def calibrate(
    subjects: Sequence[Subject],
    simulations: int,
    request: Request,
    questions: Sequence[Question] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Record:
    """Ask every subject what can be asked of it, batch by batch; finished batches are stored.

    Returns
    -------
    `{"simulations", "checks": [{"subject", "engine", "question", "synthetic", "left_out", "quantities": [...]}],
    "tests", "smallest_adjusted_p"}`; what a quantity holds says `calibrations.ranks.summary`. `adjusted_p` is
    Holm's over both tests of all quantities whose ranks must be uniform, that is of prior and posterior.
    """
    plan = [(s, q) for s in subjects for q in s.questions if not questions or q in questions]
    sizes = {s.name: -(-simulations // s.batch) for s in subjects}
    total = sum(sizes[s.name] for s, _ in plan)
    done, checks = 0, []
    for subject, question in plan:
        ranks, trusted = [], []
        for number in range(sizes[subject.name]):
            progress(f"{subject.name} {question}", done, total)
            count = min(subject.batch, simulations - number * subject.batch)
            batch = _batch(subject, question, number, count, request)
            ranks += batch["ranks"]
            trusted += batch["trusted"]
            done += 1
        checks.append(_check(subject, question, np.array(ranks, float), np.array(trusted)))
    progress("", total, total)
    return adjust(checks, simulations)


def adjust(checks: list[Record], simulations: int) -> Record:
    """The record of `calibrate` from its checks, with p-values adjusted over all of them."""
    tests = [q for c in checks if c["question"] != "coverage" for q in c["quantities"]]
    p_values = adjusted(np.array([q[name] for q in tests for name in TESTS]))
    for record, both in zip(tests, p_values.reshape(-1, len(TESTS)), strict=True):
        record["adjusted_p"] = float(both.min())
    smallest = min((q["adjusted_p"] for q in tests), default=None)
    return {
        "simulations": simulations,
        "checks": checks,
        "tests": len(p_values),
        "smallest_adjusted_p": smallest,
    }


def _batch(subject: Subject, question: Question, number: int, count: int, request: Request) -> Record:
    name = f"{subject.name}-{question}-{number:04d}"
    seed = seed_of(request.sampler.seed, name)

    def make() -> Record:
        found = subject.ask(question, count, seed)
        ranks = [[round(r, 6) if r == r else None for r in row] for row in found.ranks.tolist()]
        return {"ranks": ranks, "trusted": found.trusted.tolist()}

    identity = {"calibration": subject.identity, "question": question, "count": count, "seed": seed}
    found = stored_records(name.replace(" ", "-"), identity, request, make)
    assert found is not None
    return found


def _check(subject: Subject, question: Question, ranks: Any, trusted: Any) -> Record:
    kept = ranks[trusted]
    if not len(kept):
        raise InputError(f"{subject.name}: no simulation could be fitted; ask for more --simulations.")
    return {
        "subject": subject.name,
        "engine": subject.engine,
        "question": question,
        "meaning": QUESTIONS[question],
        "synthetic": subject.synthetic,
        "left_out": int((~trusted).sum()),
        "note": subject.note,
        "quantities": [summary(n, column) for n, column in zip(subject.quantities, kept.T, strict=True)],
    }


def simulated(checks: Sequence[Record]) -> str:
    """How many simulations the ranks are of, such as `200 to 1000 simulations`; questions without ranks do not count."""
    counts = [q["simulations"] for c in checks if c["question"] != "coverage" for q in c["quantities"]]
    fewest, most = min(counts), max(counts)
    return f"{most} simulations" if fewest == most else f"{fewest} to {most} simulations"


def verdict(record: Record) -> str:
    """One sentence on a calibration."""
    smallest = record["smallest_adjusted_p"]
    if smallest is None:
        return "Coverage only; no ranks were tested."
    bad = [
        f"{c['subject']} {q['quantity']} ({c['question']})"
        for c in record["checks"]
        for q in c["quantities"]
        if q.get("adjusted_p", 1) < LEVEL
    ]
    tests = f"{record['tests']} tests of ranks, {simulated(record['checks'])} each"
    if bad:
        return f"Not calibrated: {', '.join(bad[:5])}; {tests}, smallest adjusted p {smallest:.2g}."
    return f"No miscalibration found: {tests}, none below 0.01 once adjusted for their number (smallest {smallest:.2g})."
