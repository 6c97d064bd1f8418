"""Pictures of influence: each coefficient when one unit after another is left out."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....analyses.run.fits import Fit
from ...drawing.canvas import BLUE, GREY, ORANGE, beside, box, canvas, heading
from ...drawing.figure_files import FORMS, FigureFile
from ...drawing.figures import INK, QUIET, RULE, SIZE, WIDTH
from ...rows import plural, shorten, synthetic

LINE, ROW, NAME = 0.135, 0.2, 22
Records = dict[str, Any]


def unit_figure(fit: Fit, spec: str, records: Records, label: str) -> FigureFile:
    """The focal coefficient of one column without each entity, and without each time and group."""
    found = records["influence"]
    term, units = found["terms"][0], sorted(found["units"], key=lambda unit: -unit["mean"][0])
    parts = {
        records["entity"]: [unit for unit in units if unit["kind"] == "entity"],
        records["time"]: sorted((u for u in units if u["kind"] == "time"), key=lambda unit: unit["name"]),
    }
    for kind in dict.fromkeys(unit["kind"] for unit in units if unit["kind"] not in ("entity", "time")):
        parts[kind] = [unit for unit in units if unit["kind"] == kind]
    entity, *others = parts.items()

    def make() -> Figure:
        body = 0.5 + LINE * max(len(entity[1]), sum(len(part) + 3 for _, part in others))
        title = f"{fit.study.name} {spec}: {term} with units left out"
        figure = canvas(body, title, label, synthetic(fit))
        ends = [found["whole"]["low"][0], found["whole"]["high"][0], 0.0, found["published"][0]]
        ends += [unit[end][0] for unit in units for end in ("low", "high")]
        room = 0.04 * (max(ends) - min(ends))
        limits = (min(ends) - room, max(ends) + room)
        _units(box(figure, 1.5, 0, 2.3, LINE * len(entity[1])), found, *entity, limits)
        top = 0.0
        for kind, part in others:
            _units(box(figure, 4.9, top, 2.15, LINE * len(part)), found, kind, part, limits)
            top += LINE * len(part) + 0.62
        return figure

    alt = (
        f"The posterior of {term} in {spec} without each {records['entity']}, {records['time']} and group, as"
        f" points with 95% intervals, before the interval from all rows. {label}. The extremes are in the"
        " tables of this section."
    )
    return FigureFile.of(f"samples.{spec}", None, f"units left out of {spec}", alt, make, FORMS[:2])


def _units(axes: Axes, found: Records, kind: str, units: list[Records], limits: tuple[float, float]) -> None:
    whole = found["whole"]
    axes.axvspan(whole["low"][0], whole["high"][0], color=BLUE, alpha=0.13, linewidth=0, zorder=0)
    axes.axvline(whole["mean"][0], color=BLUE, linewidth=0.9, zorder=1)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.axvline(found["published"][0], color=INK, linewidth=0.8, linestyle=":", zorder=1)
    for at, unit in enumerate(units):
        changed = unit["verdict"][0] != whole["verdict"][0]
        colour, marker = (ORANGE, "s") if changed else (BLUE, "o")
        if not unit["trusted"]:
            colour, marker = GREY, "x"
        axes.plot([unit["low"][0], unit["high"][0]], [at, at], color=colour, linewidth=0.9, zorder=2)
        axes.plot(unit["mean"][0], at, marker, color=colour, markersize=3.4, zorder=3)
        beside(axes, -0.03, at, shorten(unit["name"], NAME), fontsize=SIZE - 1)
    axes.set_xlim(limits)
    axes.set_ylim(len(units) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    heading(axes, f"without one {kind}" if len(units) > 1 else f"without the {kind}", 34)


def overview(fit: Fit, found: dict[str, Records], label: str) -> FigureFile:
    """How far each unit moves the focal coefficient of each column, in posterior standard deviations."""

    def make() -> Figure:
        figure = canvas(0.35 + ROW * len(found), f"{fit.study.name}: units left out", label, synthetic(fit))
        axes = box(figure, 1.5, 0, WIDTH - 3.2, ROW * len(found))
        for at, (spec, records) in enumerate(found.items()):
            part = records["influence"]
            for unit in part["units"]:
                changed = unit["verdict"][0] != part["whole"]["verdict"][0]
                time = unit["kind"] == "time"
                colour = ORANGE if changed else (GREY if time else BLUE)
                axes.plot(unit["shift"][0], at, "|" if not changed else "s", color=colour,
                          markersize=8 if not changed else 4, alpha=0.8)  # fmt: skip
            most = max(part["units"], key=lambda unit: abs(unit["shift"][0]))
            beside(axes, -0.02, at, shorten(f"{spec} {part['terms'][0]}", 22))
            beside(axes, 1.02, at, shorten(most["name"], 24))
            axes.axhline(at + 0.5, color=RULE, linewidth=0.5, zorder=0)
        axes.axvline(0, color=QUIET, linewidth=0.8)
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.margins(x=0.06)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        heading(axes, "shift of the coefficient in posterior s.d.; right: the unit that moves it most", 90)
        return figure

    alt = (
        f"For {plural(len(found), 'column')}, how far the focal coefficient moves in posterior standard"
        f" deviations without each unit; squares where its verdict changes. {label}. The extremes are in the"
        " table below."
    )
    return FigureFile.of("samples", None, "units left out, all columns", alt, make, FORMS[:2])
