"""Claims about sizes: values, extremes, ratios, signs, orders, differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ....data.intervals import Interval, total
from ....data.published import Printed
from ..columns import Tables, printed
from ..finding import Finding, Status, listed, show
from ..sample import difference
from ..stars import Group

Answer = tuple[Status, str, str]
QUOTED = "so printed."


@dataclass(frozen=True)
class Context:
    """What claims are checked against."""

    tables: Tables
    groups: tuple[Group, ...]

    def group(self, cell: Printed) -> Group | None:
        return next((g for g in self.groups if any(c.printed is cell for c in g.cells)), None)


def text_of(cell: Printed) -> str:
    return f"{cell.id} {cell.text['estimate']}"


def texts_of(cells: list[Printed], most: int = 6) -> str:
    return "; ".join(map(text_of, cells[:most])) + ("; …" if len(cells) > most else "")


def all_or_some(cells: list[Printed], wrong: list[Printed], good: str, bad: str, words: str) -> Answer:
    if not wrong:
        return "consistent", good, words
    if len(wrong) < len(cells):
        return "only_if", f"{bad}: only if {'that is' if len(wrong) == 1 else 'those are'} left out.", words
    return "impossible", f"{bad}.", words


def quoted_value(_: Context, cells: list[Printed], value: str) -> Answer:
    wrong = [c for c in cells if not printed(c).meets(Interval.printed(value))]
    if wrong:
        return (
            "impossible",
            f"the tables print another number at {listed(c.id for c in wrong)}.",
            f"said {value}; {texts_of(wrong)}",
        )
    return "consistent", QUOTED, texts_of(cells)


def extreme(pick: Callable[..., Any], name: str) -> Callable[[Context, list[Printed], str], Answer]:
    def check(context: Context, cells: list[Printed], value: str) -> Answer:
        boxes = [printed(c) for c in cells]
        found = Interval(pick(b.low for b in boxes), pick(b.high for b in boxes))
        at: Printed = pick(cells, key=lambda c: c.estimate)
        words = f"{name} of {len(cells)}: {text_of(at)}; said {value}"
        if found.meets(Interval.printed(value)):
            return "consistent", "so it is.", words
        table = cells[0].table
        other = [
            p.id
            for p in context.tables.file.published
            if p.table == table and printed(p).meets(Interval.printed(value))
        ]
        hint = f" {value} is {listed(other)}." if other else ""
        return "impossible", f"the {name} is {at.text['estimate']} ({at.id}).{hint}", words

    return check


def mean_of(_: Context, cells: list[Printed], value: str) -> Answer:
    found = total(printed(c) for c in cells) * (1 / len(cells))
    good = found.meets(Interval.printed(value))
    return (
        ("consistent" if good else "impossible"),
        f"the mean is {show(found.middle)}.",
        f"mean of {texts_of(cells)} = {show(found)}; said {value}",
    )


def ratio_of(_: Context, cells: list[Printed], value: str) -> Answer:
    found = printed(cells[0]) / printed(cells[1])
    good = found.meets(Interval.printed(value))
    words = f"{cells[0].text['estimate']}/{cells[1].text['estimate']} = {show(found)}; said {value}"
    if not cells[1].estimate:
        return "only_if", f"{cells[1].id} is printed as zero, so that the ratio can be any number.", words
    return (
        ("consistent" if good else "impossible"),
        f"the ratio is {show(cells[0].estimate / cells[1].estimate)}.",
        words,
    )


def per_deviation(tables: Tables, cells: list[Printed]) -> list[Finding]:
    """The ratio of two slopes depends on units: that per standard deviation of the regressors is another."""
    one, other = cells[:2]
    if not other.estimate:
        return []
    a, b = (tables.described.get(c.term) for c in (one, other))
    column = tables.column(one.spec_id)
    if column is None or one.spec_id != other.spec_id or one.term == other.term or not a or not b:
        return []
    if not (one.term in column.slopes and other.term in column.slopes and "sd" in a and "sd" in b):
        return []
    found = (printed(one) * a["sd"]) / (printed(other) * b["sd"])
    slope, sd, other_slope, other_sd = (
        cell.text["estimate"] for cell in (one, a.cells["sd"], other, b.cells["sd"])
    )
    words = f"({slope}·{sd})/({other_slope}·{other_sd}) = {show(found)}"
    statement = (
        f"{one.id} over {other.id} is {show(one.estimate / other.estimate, 3)} only if one unit of "
        f"{one.term} is set beside one unit of {other.term}; per standard deviation it is "
        f"{show(found.middle, 3)}."
    )
    return [
        Finding(
            "standardised_ratio",
            (one.id, other.id, a.cells["sd"].id, b.cells["sd"].id),
            "only_if",
            statement,
            words,
            found.middle,
        )
    ]


def beyond(sign: int) -> Callable[[Context, list[Printed], str], Answer]:
    def check(_: Context, cells: list[Printed], value: str) -> Answer:
        wrong = [c for c in cells if (c.estimate - float(value)) * sign <= 0]
        words = f"{texts_of(wrong or cells)}; {'above' if sign > 0 else 'below'} {value}"
        return all_or_some(cells, wrong, "so they are.", f"not so at {listed(c.id for c in wrong)}", words)

    return check


def sign_of(_: Context, cells: list[Printed], value: str) -> Answer:
    wrong = [c for c in cells if (printed(c).high < 0 if value == "+" else printed(c).low > 0)]
    return all_or_some(
        cells,
        wrong,
        "so they are.",
        f"the sign is another at {listed(c.id for c in wrong)}",
        texts_of(wrong or cells),
    )


def increasing(_: Context, cells: list[Printed], __: str) -> Answer:
    words = " < ".join(c.text["estimate"] for c in cells)
    if _grows(cells):
        return "consistent", "they grow in this order.", words
    mends = [c for c in cells[1:-1] if _grows([d for d in cells if d is not c])]
    if mends:
        return (
            "only_if",
            f"they grow only if {mends[0].id} is left out.",
            words + " fails",
        )
    return "impossible", "they do not grow in this order.", words + " fails"


def _grows(cells: list[Printed]) -> bool:
    return all(printed(b).high > printed(a).low for a, b in pairwise(cells))


def attributed(_: Context, cells: list[Printed], __: str) -> Answer:
    first, then, last = (c.estimate for c in cells[:3])
    if last == first:
        return (
            "only_if",
            "the first number and the third are printed alike: only if rounding hides a rise.",
            texts_of(cells),
        )
    share = (then - first) / (last - first)
    words = (
        f"({cells[1].text['estimate']} - {cells[0].text['estimate']})/({cells[2].text['estimate']} - "
        f"{cells[0].text['estimate']}) = {share:.2f}"
    )
    if share >= 0.5:
        return "consistent", f"{share:.0%} of the rise comes there.", words
    return (
        "only_if",
        f"{share:.0%} of the rise comes there, the rest with what joins later: only if that counts too.",
        words,
    )


def differ(context: Context, cells: list[Printed], __: str) -> Answer:
    a, b = cells[:2]
    one, other = context.tables.column(a.spec_id), context.tables.column(b.spec_id)
    if one is None or other is None or not a.std_error or not b.std_error:
        return "only_if", "no standard errors are printed to judge it by.", texts_of(cells)
    apart = one.spec.steps != other.spec.steps
    found = difference(one, other, a.term) if apart and a.term == b.term else None
    gap, error, p = found or (a.estimate - b.estimate, max(a.std_error, b.std_error), math.nan)
    size = abs(gap) / error
    words = (
        f"|{a.text['estimate']} - {b.text['estimate']}| = {abs(gap):.3f}; standard error "
        f"sqrt({a.std_error:.3f}² + {b.std_error:.3f}²) = {error:.3f}; z {size:.2f}, p {p:.2f}"
        if found
        else f"|{a.text['estimate']} - {b.text['estimate']}| = {abs(gap):.3f}; larger standard error "
        f"{error:.3f}; {size:.2f} of it"
    )
    if size >= 1.96:
        return "consistent", f"the two differ by {size:.1f} standard errors.", words
    return (
        "only_if",
        f"the two differ by {size:.1f} standard errors: a difference only if chance counts as one.",
        words,
    )
