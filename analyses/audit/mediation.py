"""Printed direct, indirect and total effects, and printed intervals against printed standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...data.intervals import Interval
from ...data.published import NORMAL_95, Printed
from .columns import Column, Tables, printed
from .finding import Finding, listed, show

NEAR = 1.05


@dataclass(frozen=True)
class Path:
    """One mediation: x -> mediator (a), mediator -> y (b), x -> y beside it (direct), x -> y alone (total).

    `effects` are the printed direct and indirect effects themselves, where a table has them.
    """

    column: Column
    direct: Printed
    b: Printed | None
    a: Printed | None
    total: Printed | None
    effects: dict[str, Printed]


def paths(tables: Tables) -> list[Path]:
    """Every column that holds a mediator, with what else is printed of its paths."""
    found = []
    for column in tables.columns:
        mediator, treatment = column.spec.mediator, column.spec.treated
        if mediator is None or treatment is None:
            continue
        rest = set(column.terms) - {mediator}
        alike = [c for c in tables.columns if c.id != column.id and _like(c, column) and set(c.terms) == rest]
        a = _cell(alike, mediator, treatment)
        total = _cell(alike, column.outcome, treatment)
        effects = {n: c for n, c in column.cells.items() if n in ("direct", "indirect")}
        twin = next((c for c in tables.columns if _same(c, column) and treatment in c.cells), column)
        direct = twin.cells.get(treatment) or effects.get("direct")
        if direct is not None:
            found.append(Path(column, direct, twin.cells.get(mediator), a, total, effects))
    return found


def _like(one: Column, other: Column) -> bool:
    return one.spec.parsed.effects == other.spec.parsed.effects and repr(one.spec.steps) == repr(
        other.spec.steps
    )


def _same(one: Column, other: Column) -> bool:
    return _like(one, other) and one.outcome == other.outcome and set(one.terms) == set(other.terms)


def _cell(columns: list[Column], outcome: str, treatment: str) -> Printed | None:
    return next((c.cells[treatment] for c in columns if c.outcome == outcome and treatment in c.cells), None)


def sharpened(cell: Printed) -> Interval:
    """The estimate within its rounding, narrowed by the midpoint of its interval where the two agree."""
    own = printed(cell)
    if cell.text["ci_low"] and cell.text["ci_high"]:
        middle = (printed(cell, "ci_low") + printed(cell, "ci_high")) * 0.5
        return middle.meet(own) or own
    return own


def identities(tables: Tables) -> list[Finding]:
    """`mediation_identity`: total = direct + a·b, exact for least squares on the same rows and controls."""
    findings = []
    for path in paths(tables):
        direct = path.direct
        product = printed(path.a) * printed(path.b) if path.a and path.b else None
        product_words = f"{path.a.text['estimate']}·{path.b.text['estimate']}" if path.a and path.b else ""
        indirect = path.effects.get("indirect")
        if indirect is not None and product is not None and path.a and path.b:
            good = sharpened(indirect).meets(product)
            findings.append(
                Finding(
                    "mediation_identity", (indirect.id, path.a.id, path.b.id),
                    "consistent" if good else "only_if",
                    f"{path.column.id}: the indirect effect is {'' if good else 'not '}the product of its "
                    f"two paths{'' if good else ': only if it comes from other regressions'}.",
                    f"{product_words} = {show(product)}; printed {indirect.text['estimate']}", product.middle,
                )
            )  # fmt: skip
        if "direct" in path.effects and path.effects["direct"] is not direct:
            findings.append(_same_number(path.effects["direct"], direct))
        parts = sharpened(indirect) if indirect is not None else product
        if parts is None or path.total is None:
            continue
        straight = sharpened(path.effects.get("direct", direct))
        whole = straight + parts
        good = whole.meets(printed(path.total))
        words = (
            f"{direct.text['estimate']} + {indirect.text['estimate'] if indirect else product_words} = "
            f"{show(whole)}; total {path.total.text['estimate']}"
        )
        ids = tuple(c.id for c in (direct, indirect or path.a, indirect or path.b, path.total) if c)
        findings.append(
            Finding(
                "mediation_identity", tuple(dict.fromkeys(ids)), "consistent" if good else "impossible",
                f"{path.column.id}: direct and indirect effect {'add' if good else 'do not add'} up to the "
                f"total in {path.total.spec_id}.", words, whole.middle,
            )
        )  # fmt: skip
        if good:
            findings += _share(path, parts, straight)
    return findings


def _same_number(effect: Printed, direct: Printed) -> Finding:
    good = sharpened(effect).meets(printed(direct))
    return Finding(
        "mediation_identity", (effect.id, direct.id), "consistent" if good else "only_if",
        f"{effect.id} is {'' if good else 'not '}the coefficient of "
        f"{direct.id}{'' if good else ': only if it comes from another regression'}.",
        f"{effect.text['estimate']}; {direct.text['estimate']}", effect.estimate,
    )  # fmt: skip


def _share(path: Path, indirect: Interval, direct: Interval) -> list[Finding]:
    """A share outside 0 to 1: direct and indirect effect have opposite signs."""
    total = path.total
    if total is None or printed(total).low <= 0 <= printed(total).high:
        return []
    share = indirect / printed(total)
    if share.high >= 0 and share.low <= 1:
        return []
    words = f"{show(indirect)} over {total.text['estimate']} = {show(share)}; direct {show(direct)}"
    statement = (
        f"{path.column.id}: the indirect effect is {share.middle:.0%} of the total and the direct "
        "effect has the other sign: it is a mediated share only if the direct effect counts as zero."
    )
    return [
        Finding("mediation_identity", (path.direct.id, total.id), "only_if", statement, words, share.middle)
    ]


def intervals(tables: Tables) -> list[Finding]:
    """`interval`: midpoints, implied standard errors and stars of printed 95% intervals."""
    findings, centred = [], []
    for p in tables.file.published:
        if not (p.text["ci_low"] and p.text["ci_high"]):
            continue
        low, high, own = printed(p, "ci_low"), printed(p, "ci_high"), printed(p)
        words = (
            f"({p.text['ci_low']} + {p.text['ci_high']})/2 = {show(((low + high) * 0.5).middle)}; "
            f"printed {p.text['estimate']}"
        )
        if own.high < low.low or own.low > high.high:
            findings.append(
                Finding("interval", (p.id,), "impossible", f"{p.id} lies outside its own interval.", words)
            )
        elif ((low + high) * 0.5).meets(own):
            centred.append((p, words))
        else:
            statement = (
                f"{p.id} is not the middle of its interval: only if that is not a normal one (of "
                "bootstrap quantiles, say)."
            )
            findings.append(Finding("interval", (p.id,), "only_if", statement, words))
        findings += _interval_stars(p)
    if len(centred) > 1:
        tables_of = listed(dict.fromkeys(p.table for p, _ in centred))
        statement = (
            f"{tables_of}: {len(centred)} intervals are centred on their estimates, as normal ones "
            "are; quantiles of a bootstrap need not be."
        )
        findings.append(
            Finding(
                "interval",
                tuple(p.id for p, _ in centred),
                "consistent",
                statement,
                "; ".join(w for _, w in centred[:3]),
                len(centred),
            )
        )
    return findings + _against_errors(tables)


def _interval_stars(p: Printed) -> list[Finding]:
    if p.stars not in ("none", "*", "**", "***"):
        return []
    low, high = printed(p, "ci_low"), printed(p, "ci_high")
    covers = low.high < 0 < high.low
    apart = low.low > 0 or high.high < 0
    if (covers and p.stars in ("**", "***")) or (apart and p.stars in ("none", "*")):
        statement = (
            f"{p.id} has stars {p.stars} and a 95% interval that "
            f"{'holds' if covers else 'does not hold'} zero: only if the two are of different tests."
        )
        return [
            Finding("interval", (p.id,), "only_if", statement, f"{p.text['ci_low']} to {p.text['ci_high']}")
        ]
    return []


def _against_errors(tables: Tables) -> list[Finding]:
    """Standard errors that intervals imply over the printed ones of the same coefficient, and that of a·b."""
    findings: list[Finding] = []
    widths: list[tuple[float, Printed, Printed]] = []
    for path in paths(tables):
        effect = path.effects.get("direct")
        if effect is not None and effect is not path.direct and path.direct.text["std_error"]:
            implied = _implied(effect)
            ratio = implied / printed(path.direct, "std_error") if implied else None
            if ratio and (ratio.low > NEAR or ratio.high < 1 / NEAR):
                widths.append((ratio.middle, effect, path.direct))
            if effect.stars != path.direct.stars and {effect.stars, path.direct.stars}.isdisjoint(
                {"", "unknown"}
            ):
                statement = (
                    f"{effect.id} and {path.direct.id} are one coefficient with different stars "
                    f"({effect.stars} and {path.direct.stars}): only if their errors or reference "
                    "distributions differ."
                )
                words = (
                    f"se {show(_implied(effect) or Interval(0, 0), 3)} of the interval; printed "
                    f"{path.direct.text['std_error']}"
                )
                findings.append(Finding("interval", (effect.id, path.direct.id), "only_if", statement, words))
        findings += _product_error(path)
    if widths:
        low, high = min(w[0] for w in widths), max(w[0] for w in widths)
        words = "; ".join(
            f"{e.id} ({e.text['ci_high']} - {e.text['ci_low']})/(2·1.96) = "
            f"{show((_implied(e) or Interval(0, 0)).middle, 3)} over {d.text['std_error']} = {r:.2f}"
            for r, e, d in widths
        )
        statement = (
            f"{listed(dict.fromkeys(e.table for _, e, _ in widths))}: the intervals imply standard "
            f"errors {low:.1f} to {high:.1f} times those printed for the same coefficients in "
            f"{listed(dict.fromkeys(d.table for _, _, d in widths))}: only if the two are of different kinds."
        )
        findings.append(
            Finding(
                "interval",
                tuple(i for _, e, d in widths for i in (e.id, d.id)),
                "only_if",
                statement,
                words,
                high,
            )
        )
    return findings


def _implied(p: Printed) -> Interval | None:
    low, high = p.text["ci_low"], p.text["ci_high"]
    return (printed(p, "ci_high") - printed(p, "ci_low")) / (2 * NORMAL_95) if low and high else None


def _product_error(path: Path) -> list[Finding]:
    """The interval's standard error of a·b beside the delta method's (Sobel 1982, doi:10.2307/270723)."""
    effect, a, b = path.effects.get("indirect"), path.a, path.b
    implied = _implied(effect) if effect else None
    if effect is None or implied is None or a is None or b is None or not (a.std_error and b.std_error):
        return []
    delta = math.hypot(a.estimate * b.std_error, b.estimate * a.std_error)
    if not delta:
        return []
    within = implied / _delta(a, b)
    ratio = implied.middle / delta
    if within.low < 1.1 and within.high > 1 / 1.1:
        return []
    statement = (
        f"{effect.id}: its interval is {ratio:.2f} times as wide as the standard errors of its two "
        "paths make it: only if they are of different kinds."
    )
    words = (
        f"sqrt(({a.text['estimate']}·{b.std_error:g})² + ({b.text['estimate']}·{a.std_error:g})²) = "
        f"{show(delta, 3)}; interval {show(implied.middle, 3)}"
    )
    return [Finding("interval", (effect.id, a.id, b.id), "only_if", statement, words, ratio)]


def _delta(a: Printed, b: Printed) -> Interval:
    """The delta method's standard error of a·b, within rounding."""
    errors = Interval(*(a.std_error_interval() or (0, 0))), Interval(*(b.std_error_interval() or (0, 0)))
    return ((printed(a) * errors[1]).square() + (printed(b) * errors[0]).square()).sqrt()
