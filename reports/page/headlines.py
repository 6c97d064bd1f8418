"""Plain sentences on what a reanalysis changed: intervals, pooled columns, verdicts by term, and stars."""

from __future__ import annotations

from ...analyses.run.fits import Fit
from ..rows import STOPPED, Row, focal, plural, shorten
from .widening import sentence as widening
from .words import COUNTED, OUTCOMES

MOST = 6
RESTS_ON_LAW, BEYOND_CHANCE = "rests on the law of errors", "laws of errors disagree beyond chance"
DEPARTS = ("uncertain", "reverses", "shrinks", "grows", "emerges")


def headlines(fit: Fit, rows: list[Row]) -> list[str]:
    """Plain sentences on what changed: pooled columns given effects, and stars whose interval contains 0."""
    wider = widening(rows)
    found = [*_pooled(fit, rows), *_only_if_exact(rows), *_changed(rows)]
    found += [*_focal(rows), *_stars(rows), *_gate(rows)]
    found = [*_laws(rows), *found]
    return [wider, *found] if wider else found


def _laws(rows: list[Row]) -> list[str]:
    """Coefficients whose sign rests on the law of errors, and those that it moves by more than chance."""
    found = []
    if settled := _flagged(rows, RESTS_ON_LAW):
        found.append(
            "Independent errors and errors correlated over time (AR(1)) disagree on whether the interval of"
            f" {plural(len(settled), 'coefficient')} excludes 0, so that its sign is not settled:"
            f" {_listed(settled)}."
        )
    if apart := _flagged(rows, BEYOND_CHANCE):
        found.append(
            "The two laws of errors estimate one slope if regressors are strictly exogenous. For"
            f" {plural(len(apart), 'coefficient')} they differ by more than chance: {_listed(apart)}."
            " The model lacks something: dynamics, feedback from the outcome, or error in the regressor."
        )
    return found


def _flagged(rows: list[Row], start: str) -> list[Row]:
    return [r for r in rows if any(flag.startswith(start) for flag in r.record["flags"])]


def _listed(rows: list[Row]) -> str:
    names = ", ".join(f"{shorten(r.term, 60)} ({r.spec_id})" for r in rows[:MOST])
    return f"{names} and {len(rows) - MOST} more" if len(rows) > MOST else names


def _pooled(fit: Fit, rows: list[Row]) -> list[str]:
    changed = [r for r in rows if r.record["with_effects"] and r.verdict in DEPARTS]
    header = fit.study.file.study
    what = f"{header.entity} and {header.time} effects"
    sentences = [_pooled_sentence(r, what) for r in changed[:MOST]]
    if len(changed) > MOST:
        more = plural(len(changed) - MOST, "pooled coefficient")
        sentences.append(f"Changed by {what} as well: {more}; see the tables.")
    kept = [
        f"{shorten(r.term, 60)} ({r.spec_id})"
        for r in rows
        if r.record["with_effects"] and r.verdict == "holds"
    ]
    if kept:
        more = f" and {len(kept) - MOST} more" if len(kept) > MOST else ""
        sentences.append(
            f"With {what},"
            f" {'this pooled coefficient holds' if len(kept) == 1 else 'these pooled coefficients hold'}:"
            f" {', '.join(kept[:MOST])}{more}."
        )
    return sentences


def _pooled_sentence(row: Row, what: str) -> str:
    before = row.record["posterior"]
    twins = row.record["twins"]
    if row.verdict == "uncertain" and twins is not None:
        does = f"may or may not hold under {what}, by its tables: over {twins['n']} twins"
    elif row.verdict == "uncertain" and before["q2.5"] <= 0 <= before["q97.5"]:
        does = f"is uncertain without {what}, and with them"
    elif row.verdict == "uncertain" and _clear_of_zero(row):
        does = f"is uncertain under {what} only because its interval was widened"
    else:
        does = {
            "uncertain": f"becomes uncertain under {what}",
            "reverses": f"changes sign under {what}",
            "shrinks": f"shrinks under {what}",
            "grows": f"grows under {what}",
            "emerges": f"emerges under {what}",
        }[row.verdict]
    colon = "" if twins is not None and row.verdict == "uncertain" else ":"
    return (
        f"Pooled {shorten(row.term, 60)} {row.printed} ({row.spec_id}) {does}{colon} posterior"
        f" {row.interval('with_effects')}."
    )


def _clear_of_zero(row: Row) -> bool:
    """Whether the judged posterior's own interval excludes 0."""
    span = row.span(row.judged)
    return span is not None and span.ends is not None and span.ends[0] * span.ends[1] > 0


def _only_if_exact(rows: list[Row]) -> list[str]:
    """Which coefficients have their verdict only if an assumption that data cannot test is exact."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        exact = row.record["exact"]
        if exact and f"{exact['verdict']} only if {exact['assumption']}" in row.record["flags"]:
            found.setdefault((exact["verdict"], exact["assumption"]), []).append(row)
    sentences = []
    for (verdict, assumption), mine in found.items():
        listed = ", ".join(f"{shorten(r.term, 60)} ({r.spec_id})" for r in mine[:MOST])
        more = f" and {len(mine) - MOST} more" if len(mine) > MOST else ""
        sentences.append(
            f"{COUNTED[verdict][len(mine) > 1].capitalize()} only if {assumption}: {listed}{more}."
        )
    return sentences


def _changed(rows: list[Row]) -> list[str]:
    """Columns whose own posterior departs from print."""
    changed = [
        r
        for r in rows
        if not r.record["with_effects"]
        and not r.constant
        and r.verdict in DEPARTS
        and r.verdict != "uncertain"
    ]
    sentences = [
        f"{shorten(r.term, 60)} {r.printed} ({r.spec_id}) {r.verdict}: posterior {r.interval(r.judged)}."
        for r in changed[:MOST]
    ]
    if len(changed) > MOST:
        sentences.append(
            f"Departing from print as well: {plural(len(changed) - MOST, 'coefficient')}; see the tables."
        )
    return sentences


def _focal(rows: list[Row]) -> list[str]:
    """How many columns of the focal term have each verdict."""
    term = focal(rows)
    if term is None:
        return []
    mine = [r for r in rows if r.term == term]
    parts = []
    for name in OUTCOMES:
        ids = [r.spec_id for r in mine if r.verdict == name]
        if ids:
            listed = (
                f" ({', '.join(ids[:MOST])}{' and more' if len(ids) > MOST else ''})"
                if name != "holds"
                else ""
            )
            parts.append(f"{len(ids)} {COUNTED[name][len(ids) > 1]}{listed}")
    return [f"{shorten(term, 60)} is in {len(mine)} columns: {', '.join(parts)}."]


def _stars(rows: list[Row]) -> list[str]:
    printed = [r for r in rows if r.stars and not r.constant]
    judged = [r for r in printed if r.verdict not in ("not reproduced", STOPPED)]
    starred = [r for r in judged if not r.record["with_effects"]]
    if not starred:
        return []
    open_ = [f"{shorten(r.id, 60)} ({r.stars})" for r in starred if r.verdict in ("uncertain", "null stands")]
    other = "the other " if len(judged) > len(starred) else ""
    noun = "coefficient" if len(judged) == len(printed) else "judged coefficient"
    total = f"{other}{plural(len(starred), noun)} printed with stars"
    if not open_:
        return [f"None of {total} has a 95% interval that contains 0."]
    listed = ", ".join(open_[:MOST]) + (f" and {len(open_) - MOST} more" if len(open_) > MOST else "")
    return [
        f"Of {total}, {len(open_)} {'has' if len(open_) == 1 else 'have'} a 95% interval that contains 0:"
        f" {listed}."
    ]


def _gate(rows: list[Row]) -> list[str]:
    tried = [r for r in rows if r.record["reproduced"]["within_rounding"] is not None]
    if not tried:
        return []
    failed = [r for r in tried if not r.record["reproduced"]["within_rounding"]]
    if failed:
        listed = ", ".join(shorten(r.id, 60) for r in failed[:MOST]) + (
            " and more" if len(failed) > MOST else ""
        )
        why = " (all constants, whose normalisation is a convention)" * all(r.constant for r in failed)
        return [
            f"{len(failed)} of {len(tried)} printed estimates do not reproduce within their rounding{why}:"
            f" {listed}."
        ]
    return [f"All {len(tried)} printed estimates reproduce within their rounding."]
