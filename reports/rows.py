"""What every table and figure shows of one printed estimate, and how its numbers are written."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from scipy import stats

from ..analyses.judge.claim import reference_df
from ..analyses.judge.interval import Part, judged_part
from ..analyses.judge.records import estimates
from ..analyses.judge.verdict import Claim
from ..analyses.run.fits import Fit
from ..analyses.run.results import SpecFit
from ..data.study.spec import Cluster

STOPPED = "stopped"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
SIGN = re.compile(r"(?<![^\s(\[,:=~])-(?=\.?\d)|(?<=\de)-(?=\d)")
WIDTHS = {0.5: "½×", 2.0: "2×", 10.0: "10×"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # of a cell that a spreadsheet would run


class Span(NamedTuple):
    """A point with the ends of its 95% interval, or None where nothing gives them."""

    mean: float
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """One printed estimate with all that stands beside it.

    Attributes
    ----------
    record : one of `analyses.judge.records.estimates`
    text : the digits as printed, by column of published.csv
    df : degrees of freedom of the printed t
    label : what the study file calls the column
    meaning : what the study file says of the term
    outcome : the column's left-hand variable
    note : what published.csv doubts about the number
    cluster : what the rows of the column are clustered by
    """

    record: dict[str, Any]
    text: dict[str, str]
    df: float
    label: str = ""
    meaning: str = ""
    outcome: str = ""
    note: str = ""
    cluster: str = ""

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def table(self) -> str:
        return str(self.record["table"])

    @property
    def spec_id(self) -> str:
        return f"{self.record['table']}.{self.record['column']}"

    @property
    def term(self) -> str:
        return str(self.record["term"])

    @property
    def constant(self) -> bool:
        return self.term == "_cons"

    @property
    def claim(self) -> Claim:
        """Whether the paper claims an effect by this estimate."""
        return Claim(self.record["published"]["estimate"], self.record["claim"] == "effect")

    @property
    def verdict(self) -> str:
        """The verdict, or `stopped` where diagnostics withheld it."""
        return str(self.record["verdict"] or STOPPED)

    @property
    def judged(self) -> Part:
        """The part of the record that holds the interval which the verdict is of."""
        return judged_part(self.record)

    @property
    def widened(self) -> bool:
        """Whether the verdict looks at a wider interval than the posterior's own."""
        return self.record["judged"]["df"] is not None

    @property
    def judged_span(self) -> Span | None:
        """The mean of the judged posterior with the interval that the verdict looks at."""
        own, ends = self.span(self.judged), self.record["judged"]
        return Span(own.mean, (ends["q2.5"], ends["q97.5"])) if own and self.widened else own

    @property
    def widened_from(self) -> str:
        """The judged posterior's own interval in brackets where the judged one is wider, or nothing."""
        span = self.span(self.judged)
        return self._bracketed(span.ends) if self.widened and span and span.ends else ""

    @property
    def other_law(self) -> str:
        """The coefficient with errors correlated within entities, with its judged interval, or nothing."""
        return self.interval("other_law") if self.record["other_law"] else ""

    @property
    def stars(self) -> str:
        stars = self.record["published"]["stars"]
        return stars if stars and set(stars) == {"*"} else ""

    @property
    def decimals(self) -> int:
        """One more decimal than the printed estimate has."""
        return max(0, -int(Decimal(self.text["estimate"]).as_tuple().exponent)) + 1

    def span(self, which: str) -> Span | None:
        """`published`, `reproduced` or the name of a posterior as a point with its 95% interval."""
        part = self.record[which]
        if which == "other_law":
            return part and Span(part["mean"], (part["judged"]["q2.5"], part["judged"]["q97.5"]))
        if which in ("posterior", "with_effects", "under_prior"):
            finite = part and None not in (part["mean"], part["q2.5"], part["q97.5"])
            return Span(part["mean"], (part["q2.5"], part["q97.5"])) if finite else None
        if part["estimate"] is None:
            return None
        if part["std_error"] is None:
            return Span(part["estimate"])
        reach = float(stats.t.ppf(0.975, self.df)) * part["std_error"]
        return Span(part["estimate"], (part["estimate"] - reach, part["estimate"] + reach))

    def number(self, value: float) -> str:
        return number(value, self.decimals)

    def other_factors(self, which: str) -> list[tuple[str, str]]:
        """Bayes factors of `posterior` or `with_effects` under other prior widths, each with its width."""
        part = self.record if which == "posterior" else self.record[which]
        others = [w for w in part["bayes_factor_widths"] or [] if w["times"] != 1]
        return [(WIDTHS[w["times"]], factor(w["bayes_factor_10"])) for w in others]

    def interval(self, which: str) -> str:
        """`0.154 [0.121, 0.189]`, or a dash."""
        return " ".join(piece for piece in self.pieces(which) if piece)

    def pieces(self, which: str) -> tuple[str, str]:
        """The point, and its interval in brackets; of the judged posterior, the judged interval."""
        span = self.judged_span if which == self.judged else self.span(which)
        if span is None or span.ends is None:
            return (NOTHING if span is None else self.number(span.mean)), ""
        return self.number(span.mean), self._bracketed(span.ends)

    def _bracketed(self, ends: tuple[float, float]) -> str:
        return f"[{', '.join(map(self.number, ends))}]"

    @property
    def printed(self) -> str:
        """The estimate as printed, with a proper minus."""
        return self.text["estimate"].replace("-", MINUS)

    @property
    def printed_error(self) -> str:
        """What the paper prints beside it: (standard error), t or an interval."""
        if self.text["std_error"]:
            return f"({self.text['std_error']})"
        if self.text["t_value"]:
            return f"t {self.text['t_value']}".replace("-", MINUS)
        if self.text["ci_low"] and self.text["ci_high"]:
            return f"[{self.text['ci_low']}, {self.text['ci_high']}]".replace("-", MINUS)
        return ""

    @property
    def reproduced(self) -> tuple[str, str]:
        """The estimate on this panel and its standard error in parentheses, or a dash."""
        part = self.record["reproduced"]
        if part["estimate"] is None:
            return NOTHING, ""
        return self.number(part["estimate"]), f"({self.number(part['std_error'])})"


def rows_of(fit: Fit, records: list[dict[str, Any]] | None = None) -> list[Row]:
    """Every estimate of a fit, in the order of its study."""
    rows = []
    variables = fit.study.file.variables
    for record in estimates(fit) if records is None else records:
        one = fit.specs[f"{record['table']}.{record['column']}"]
        printed = next(p for p in one.printed if p.id == record["id"])
        outcome = printed.outcome or str(one.view.spec.parsed.outcome)
        rows.append(
            Row(
                record,
                printed.text,
                reference_df(one, printed),
                one.view.spec.label,
                variables.get(printed.term, ""),
                outcome,
                printed.note,
                _cluster(fit, one),
            )
        )
    return rows


def _cluster(fit: Fit, one: SpecFit) -> str:
    """What the paper clusters the column's standard errors by, else the entity."""
    vcov = one.view.spec.vcov
    return vcov.cluster if isinstance(vcov, Cluster) else fit.study.file.study.entity


def by_table(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows of each table of the paper, in order."""
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row)
    return tables


def focal(rows: list[Row]) -> str | None:
    """The term that occurs in most columns, if it joins at least two tables."""
    counts: dict[str, int] = {}
    for row in rows:
        if not row.constant:
            counts[row.term] = counts.get(row.term, 0) + 1
    term = max(counts, key=lambda t: counts[t], default=None)
    return term if len({row.table for row in rows if row.term == term}) > 1 else None


def synthetic(fit: Fit) -> bool:
    return fit.synthetic


def evidence_label(fit: Fit) -> str:
    """The line that every table, figure and page carries."""
    return fit.evidence_label


def number(value: float | None, decimals: int) -> str:
    """A number with a proper minus, without a minus on zero; a dash for what is missing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:z.{decimals}f}".replace("-", MINUS)


def minus(text: str) -> str:
    """A sentence with a proper minus before its negative numbers."""
    return SIGN.sub(MINUS, text)


def probability(value: float) -> str:
    """A probability to three decimals; 1 and 0 are shown as bounds, since draws cannot tell them apart."""
    if value >= 0.9995:
        return "> 0.999"
    return "< 0.001" if value <= 0.0005 else f"{value:.3f}"


def factor(value: float | None) -> str:
    """A Bayes factor to two significant digits; beyond a million only that."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value >= 1e6:
        return f"> {power(6)}"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def power(exponent: int) -> str:
    """10 to a power, as one writes it."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def plural(n: int, noun: str) -> str:
    """`1 column`, `2 columns`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def width_of(text: str) -> int:
    """Columns that a text takes: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, room: int) -> str:
    """The text on one line, cut with an ellipsis where it is wider than the room."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if width_of(text) <= room:
        return text
    while width_of(text) > room - 1:
        text = text[:-1]
    return text.rstrip() + "…"
