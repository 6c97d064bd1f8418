"""The part of a page about the winner's curse: inference given print, shrinkage, type S and type M errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ...analyses.judge.winners_curse import beta_p_of, field_of
from ...analyses.run.fits import Fit
from ...models.printed.tables import PrintedEstimate
from ..drawing.figure_files import Section
from ..page.templating import rendered
from ..rows import NOTHING, Row, evidence_label, number, plural, probability
from .print_probabilities import GivenPrint, given_print, places_of
from .tipping_priors import convinces, fragile_sentence

ID, TITLE = "winners-curse", "The winner's curse"
MOST_OPEN = 24


@dataclass(frozen=True)
class Line:
    """One coefficient of the table, its row, and what is told of it at each place of the slider."""

    row: Row
    printed: PrintedEstimate
    places: tuple[GivenPrint, ...]

    @property
    def curse(self) -> dict[str, Any]:
        found: dict[str, Any] = self.row.record["winners_curse"]
        return found

    @property
    def convinces(self) -> bool:
        """Whether a prior that reaches no further than the print leaves the sign clear."""
        return convinces(self.printed)

    @property
    def z(self) -> str:
        return f"{number(self.curse['z'], 1)}\N{NO-BREAK SPACE}({_degrees(self.curse['df'])})"

    def cells(self, at: int) -> tuple[str, str]:
        """The posterior given print and the median-unbiased estimate, with their 95% intervals."""
        one = self.places[at]
        return self._interval(one.posterior), self._interval(one.unbiased)

    @property
    def field(self) -> str:
        of = self.curse["field"]
        return self._interval((of["mean"], of["q2.5"], of["q97.5"]))

    @property
    def kept(self) -> str:
        share = self.curse["field"]["shrinkage"]
        return NOTHING if share is None else f"{share:.0%}"

    @property
    def errors(self) -> tuple[str, str, str]:
        return error_cells(self.curse["field"])

    @property
    def hypothetical(self) -> list[tuple[str, tuple[str, str, str]]]:
        return [
            (f"{self.row.number(one['effect'])}, {one['what']}", error_cells(one))
            for one in self.curse["hypothetical"]
        ]

    def _interval(self, values: tuple[float, float, float]) -> str:
        mean, low, high = map(self.row.number, values)
        return f"{mean} [{low},\N{NO-BREAK SPACE}{high}]"


def section(fit: Fit, rows: list[Row]) -> Section | None:
    """The part of the page; None at other evidence, and where no coefficient has a printed error."""
    lines, places = lines_of(fit, rows)
    if not lines:
        return None
    used = at_used(fit, places)
    significant = significant_of(lines)
    fragile = [line.row.id for line in significant if not line.convinces]
    body = rendered(
        "printed/winners_curse.html",
        lines=[*significant, *(line for line in lines if not line.curse["significant"])],
        significant=len(significant),
        kept=[surviving(significant, at) for at in range(len(places))],
        places=[place_in_words(place) for place in places],
        used=used,
        fragile=fragile_sentence(fragile, len(significant)) if significant else "",
        field=field_of(next(iter(fit.specs.values()))),
        data=_embedded(lines, places, significant, used),
        label=evidence_label(fit),
        most_open=MOST_OPEN,
    )
    return Section(ID, TITLE, body, headline=headline(significant, used))


def lines_of(fit: Fit, rows: list[Row]) -> tuple[list[Line], tuple[float, ...]]:
    """The coefficients of which the winner's curse is told, and the places of the slider."""
    places = places_of([*fit.specs.values()])
    lines = []
    for row in rows:
        if row.record["winners_curse"] is not None:
            one = fit.specs[row.spec_id]
            printed = one.inputs[row.term]
            lines.append(Line(row, printed, given_print(printed, one.priors["slope"], places)))
    return lines, places


def significant_of(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.curse["significant"]]


def at_used(fit: Fit, places: tuple[float, ...]) -> int:
    """The place of the slider that comparison.json is at."""
    return places.index(beta_p_of(next(iter(fit.specs.values()))))


def surviving(significant: list[Line], at: int) -> int:
    """How many have, given print, both 95% intervals on one side of 0."""
    return sum(line.places[at].excludes_zero for line in significant)


def headline(significant: list[Line], used: int) -> str:
    """What the first screen says of it."""
    if not significant:
        return ""
    shares = sorted(line.curse["field"]["shrinkage"] for line in significant)
    return (
        f"The winner's curse: of {plural(len(significant), 'coefficient')} printed significant at 5%,"
        f" {surviving(significant, used)} exclude 0 once it is allowed for that significance favours print;"
        f" by the spread of z-values in {significant[0].curse['field']['name']}, the middle one keeps"
        f" {shares[len(shares) // 2]:.0%} of its printed size."
    )


def place_in_words(place: float) -> str:
    """A relative probability of print, as a fraction where it is small."""
    return f"1 in {1 / place:.3g}" if place < 1 else "1: print does not select"


def error_cells(found: dict[str, Any]) -> tuple[str, str, str]:
    """Power, type S and type M error."""
    size = found["type_m"]
    return (
        probability(found["power"]),
        probability(found["type_s"]),
        NOTHING if size is None else f"{size:.1f}" if size < 100 else "> 100",
    )


def _degrees(df: float) -> str:
    return f"{df:g}" if df < 1e5 else "∞"


def _embedded(lines: list[Line], places: tuple[float, ...], significant: list[Line], used: int) -> Markup:
    """What the slider shows at each place, as JSON in which no text can end its HTML element."""
    body = {
        "places": [place_in_words(place) for place in places],
        "used": used,
        "surviving": [surviving(significant, at) for at in range(len(places))],
        "rows": {line.row.id: [line.cells(at) for at in range(len(places))] for line in lines},
    }
    text = json.dumps(body, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
