"""Are posteriors calibrated? Simulation-based calibration and coverage of a study's models.

True parameters are drawn from the prior (Talts et al. 2018, arXiv:1804.06788) or from the posterior of the
panel (Säilynoja et al. 2025, arXiv:2502.03279). Data are then simulated from the model with the panel's own
rows, regressors and gaps, and the model is fitted to them: if the posterior is right, the rank of the true
value among the draws is uniform. Coverage is the share of 95% intervals that contain one fixed true value. A
model can also be calibrated by its name, without a study.
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
from ...data.study.kinds import KINDS
from ...models.errors import LAWS
from ...models.errors.law import Law
from ...models.printed.tables import PrintedEstimate
from ..kinds import kind_of
from ..run.results import Request
from ..run.store import read_or_compute, seed_of
from ..study import Study
from .equation_errors import errors_subject
from .nuts import expanded_subject, transition_subject
from .panels import declared_panel, standard_design, standard_regimes
from .ranks import LEVEL, adjusted, summary
from .subject import QUESTIONS, Question, Subject
from .tables import tables_subject

Record = dict[str, Any]
TESTS = ("chi2_p", "ks_p")
PRINTED = [
    PrintedEstimate("few clusters", 0.4, (0.195, 0.205), 3.0, 1.0),
    PrintedEstimate("many rows", 0.4, (0.195, 0.205), 300.0, 1.0),
    PrintedEstimate("coarse rounding", 0.4, (0.05, 0.15), 30.0, 0.2),
]


def _small(clusters: bool = False) -> Design:
    """A panel for models that take seconds on each."""
    return standard_design(2, clusters=clusters, entities=12, times=6)


def _with_errors(law: Law) -> Subject:
    return errors_subject(f"errors-{law.name}", _small(law.clustered), law.name)


MODELS: dict[str, Callable[[], Subject]] = {
    "tables": lambda: tables_subject("tables", PRINTED),
    **{name: make for kind in KINDS for name, make in kind_of(kind).standard_subjects.items()},
    **{f"errors-{name}": partial(_with_errors, law) for name, law in LAWS.items() if not law.additive},
    "effects-expanded": lambda: expanded_subject("effects-expanded", _small(), "mundlak"),
    "transition": lambda: transition_subject("transition", standard_regimes(_small())),
}


def subjects_of(
    study: Study, panel: Panel | None, only: list[str] | None, priors: dict[str, str]
) -> list[Subject]:
    """What to calibrate: every column of a study on its panel.

    Without a panel: on SYNTHETIC regressors, and the posterior from its printed numbers.
    """
    from ..run.tables import tables_inputs

    found = []
    for view in study.specs(only):
        # clusters have no part in a posterior, and a SYNTHETIC panel has none
        plain = replace(view, spec=view.spec.model_copy(update={"vcov": "iid"}))
        on = kind_of(view.kind).subject
        found.append(on(plain, panel or declared_panel(view), view.priors(priors)))
        if panel is None:
            printed = [one for one in tables_inputs(view) if one.unit is not None]
            if printed:
                found.append(tables_subject(f"{view.id} tables", printed, view.priors(priors)))
    return found


def calibrate(
    subjects: Sequence[Subject],
    simulations: int,
    request: Request,
    questions: Sequence[Question] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Record:
    """Rank the truth for every subject and question, batch by batch; finished batches are kept on disk.

    Returns
    -------
    A dictionary with `simulations`, `checks`, `tests` and `smallest_adjusted_p`. Each of `checks` has
    `subject`, `engine`, `question`, `synthetic`, `left_out` and `quantities`; `calibration.ranks.summary`
    describes an entry of `quantities`. `adjusted_p` is Holm's p-value over both tests of all quantities
    whose ranks must be uniform, that is of the questions "prior" and "posterior".
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

    key = replace(
        subject.key,
        sampler=replace(subject.key.sampler, seed=seed),
        extra={**subject.key.extra, "question": question, "count": count},
    )
    found = read_or_compute(name.replace(" ", "-"), key, request, make)
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
    """The number of simulations behind the ranks, in words: `200 to 1000 simulations`.

    Questions without ranks do not count.
    """
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
    return (
        f"No miscalibration found: {tests}, none below 0.01 once adjusted for their number (smallest "
        f"{smallest:.2g})."
    )
