"""At tables evidence: the indirect effect of a mediation column, from the columns that print its paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ....data.errors import InputError
from ....models.printed.indirect_effect import indirect_effect
from ....models.printed.tables import PrintedEstimate
from ...run.key import Key, fingerprint
from ...run.results import Job, Request, SpecFit
from ...run.store import read_or_fit, seed_of
from ...run.tables import tables_inputs
from ...view import SpecView, views_of
from ..draws import described, laid_out
from .roles import roles

if TYPE_CHECKING:
    from xarray import DataTree

TRUST = "rests on rho = 0: not identified by the tables"


@dataclass(frozen=True)
class PrintedPaths:
    """The printed paths of one column, and where a and the total stand; what is not printed is None."""

    a: PrintedEstimate
    b: PrintedEstimate
    direct: PrintedEstimate | None
    total: PrintedEstimate | None
    a_from: str
    total_from: str | None


def paths_of(view: SpecView) -> PrintedPaths | None:
    """Find a, b, c' and the total effect among a study's columns; None where a or b is not printed.

    a is the treatment's coefficient in a column of the mediator on the same regressors without itself, the
    total that in such a column of the outcome; both with the same effects and steps.
    """
    try:
        treatment, mediator = roles(view)
    except InputError:
        return None  # the printed numbers can be read even where the study file cannot be fitted to a panel
    own = {p.term: p for p in tables_inputs(view)}
    a = _beside(view, mediator, treatment, mediator)
    if mediator not in own or a is None:
        return None
    total = _beside(view, str(view.spec.parsed.outcome), treatment, mediator)
    return PrintedPaths(
        a[1],
        own[mediator],
        own.get(treatment),
        total[1] if total else None,
        a[0],
        total[0] if total else None,
    )


def _beside(
    view: SpecView, outcome: str, treatment: str, mediator: str
) -> tuple[str, PrintedEstimate] | None:
    """The column, and its coefficient of the treatment, that regresses an outcome without the mediator.

    All other terms of the two columns are the same.
    """
    mine = view.spec.parsed
    terms = {t for t in mine.terms if str(t) != mediator}
    for other in views_of(view.file):
        theirs = other.spec.parsed
        if (
            str(theirs.outcome) == outcome
            and set(theirs.terms) == terms
            and not theirs.endogenous
            and set(theirs.effects) == set(mine.effects)
            and other.spec.steps == view.spec.steps
        ):
            for printed in tables_inputs(other):
                if printed.term == treatment:
                    return other.id, printed
    return None


def paths_job(view: SpecView, job: Job, request: Request) -> Job:
    """Fit a mediation column to its printed numbers, with the indirect effect where its paths are printed."""
    found = paths_of(view)
    if found is None:
        return lambda: replace(job(), assumption_flags=_on_trust(view))

    def both() -> SpecFit:
        one = job()
        sampler = replace(request.sampler, seed=seed_of(request.sampler.seed, f"{view.id} indirect"))

        def make() -> DataTree:
            import xarray as xr

            size = sampler.chains * sampler.draws
            drawn = indirect_effect(
                found.a, found.b, found.direct, found.total, one.priors["slope"], size, sampler.seed
            )
            values = {"indirect": drawn.independent}
            if drawn.with_total is not None and drawn.correlation is not None:
                values |= {"indirect_with_total": drawn.with_total, "correlation_ab": drawn.correlation[:, 0]}
            return xr.DataTree.from_dict({"posterior": laid_out(values, sampler)})

        key = Key(
            kind="indirect effect of printed paths",
            data=(fingerprint(found),),
            form=None,
            errors=None,
            priors=one.priors,
            sampler=sampler,
            engine=None,
            extra={},
        )
        tree, seconds, _ = read_or_fit(f"{view.id}-indirect", key, request, make)
        record = mechanism(view, found, tree)
        return replace(
            one, seconds=one.seconds + seconds, mechanism=record, assumption_flags=assumption_flags(record)
        )

    return both


def _on_trust(view: SpecView) -> dict[str, tuple[str, ...]]:
    """A flag for every path: printed numbers cannot test the assumption rho = 0."""
    terms = ("direct", "indirect", view.spec.treated, view.spec.mediator)
    return {term: (TRUST,) for term in terms if term}


def mechanism(view: SpecView, found: PrintedPaths, tree: DataTree) -> dict[str, Any]:
    """The indirect effect as a record for comparison.json and the report."""
    treatment, mediator = roles(view)
    draws = tree["posterior"].to_dataset()
    known = "indirect_with_total" in draws
    return {
        "kind": "printed paths",
        "treatment": treatment,
        "mediator": mediator,
        "a_from": f"{found.a_from}.{treatment}",
        "total_from": f"{found.total_from}.{treatment}" if found.total_from else None,
        "indirect": described(draws["indirect"]),
        "indirect_with_total": described(draws["indirect_with_total"]) if known else None,
        "correlation_ab": described(draws["correlation_ab"]) if known else None,
    }


def assumption_flags(record: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Flags: the indirect effect, and that printed numbers cannot test the assumption rho = 0."""
    part = record["indirect_with_total"] or record["indirect"]
    effect = (
        f"indirect effect {part['mean']:.3g} [{part['q2.5']:.3g}, {part['q97.5']:.3g}] with "
        f"{record['a_from']}"
    )
    return {record["treatment"]: (TRUST,), record["mediator"]: (effect, TRUST)}
