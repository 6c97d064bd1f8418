"""A page of running text in matplotlib: words are measured and wrapped, the cursor moves down."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from ..rows import width_of
from .figures import INK, QUIET, RULE

Weight = Literal["normal", "bold"]
Style = Literal["normal", "italic"]

WIDTH, HEIGHT, MARGIN = 8.27, 11.69, 0.85
LEADING = 1.32


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(100, 100, 720)


@cache
def width(text: str, size: float, weight: Weight, style: Style, family: tuple[str, ...]) -> float:
    """Inches that a text takes."""
    font = FontProperties(family=list(family), size=size, weight=weight, style=style)
    return float(_renderer().get_text_width_height_descent(text, font, ismath=False)[0]) / 720


def pieces(text: str) -> list[str]:
    """Where a line may break: at blanks, which stay with what precedes them, and beside wide characters."""
    parts: list[str] = [""]
    for c in " ".join("".join(c if c.isprintable() else " " for c in text).split()):
        wide = width_of(c) == 2
        if wide or (parts[-1] and (parts[-1][-1] == " " or width_of(parts[-1][-1]) == 2) and c != " "):
            parts.append("")
        parts[-1] += c
    return [part for part in parts if part]


class TextPage:
    """One A4 page laid out in inches from its upper left corner, then magnified.

    `y` is the height at which the next line is written, `last` the height at which text ends.
    """

    def __init__(self, family: tuple[str, ...], scale: float = 1.0) -> None:
        self.scale, self.width, self.height = scale, WIDTH / scale, HEIGHT / scale
        self.last = self.height - 0.75
        self.figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.family = family
        self.y = MARGIN

    def wrapped(
        self, text: str, room: float, size: float, weight: Weight = "normal", style: Style = "normal"
    ) -> list[str]:
        """Lines no wider than the room; a word wider than that is cut."""
        lines, line, taken = [], "", 0.0
        for piece in pieces(text):
            for part in [piece] if self.measure(piece.rstrip(), size, weight, style) <= room else piece:
                if line and taken + self.measure(part.rstrip(), size, weight, style) > room:
                    lines.append(line.rstrip())
                    line, taken = "", 0.0
                line += part
                taken += self.measure(part, size, weight, style)
        return [*lines, line.rstrip()] if line.strip() else lines

    def measure(self, text: str, size: float, weight: Weight = "normal", style: Style = "normal") -> float:
        return width(text, size, weight, style, self.family)

    def fitted(self, text: str, room: float, size: float, weight: Weight = "normal") -> str:
        """The text, cut with an ellipsis where it is wider than the room."""
        if self.measure(text, size, weight) <= room:
            return text
        while text and self.measure(f"{text}…", size, weight) > room:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def write(self, x: float, y: float, text: str, size: float, **style: Any) -> None:
        """One line with its top at y, inches from the upper left corner."""
        self.figure.text(
            x / self.width, 1 - y / self.height, text, fontsize=size * self.scale, parse_math=False,
            **{"va": "top", "color": INK, "family": list(self.family), **style},
        )  # fmt: skip

    def paragraph(
        self,
        text: str,
        size: float = 9.5,
        *,
        left: float = MARGIN,
        right: float = MARGIN,
        weight: Weight = "normal",
        style: Style = "normal",
        colour: str = INK,
        after: float = 0.06,
        most: int | None = None,
    ) -> None:
        """Wrapped text at the cursor; no more than `most` lines of it."""
        lines = self.wrapped(text, self.width - left - right, size, weight, style)
        if most is not None and len(lines) > most:
            lines = [
                *lines[: most - 1],
                self.fitted(f"{lines[most - 1]} …", self.width - left - right, size, weight),
            ]
        for line in lines:
            self.write(left, self.y, line, size, weight=weight, style=style, color=colour)
            self.y += size / 72 * LEADING
        self.y += after

    def bullet(self, text: str, size: float = 9.5, most: int | None = None) -> None:
        self.write(MARGIN, self.y, "•", size, color=QUIET)
        self.paragraph(text, size, left=MARGIN + 0.16, after=0.03, most=most)

    def heading(self, text: str) -> None:
        self.y += 0.1
        self.rule()
        self.y += 0.07
        self.write(MARGIN, self.y, text, 10.5, weight="bold")
        self.y += 0.24

    def rule(self, colour: str = RULE, thick: float = 0.7) -> None:
        at = 1 - self.y / self.height
        ends = [MARGIN / self.width, 1 - MARGIN / self.width]
        self.figure.add_artist(Line2D(ends, [at, at], color=colour, linewidth=thick))

    def chip(self, x: float, text: str, colours: tuple[str, str, str], size: float = 9) -> float:
        """Draw a rounded label at the cursor; return where the next may stand."""
        ink, face, edge = colours
        wide = self.measure(text, size, "bold")
        shape = FancyBboxPatch(
            (x / self.width, 1 - (self.y + 0.2) / self.height),
            (wide + 0.2) / self.width,
            0.2 / self.height,
            boxstyle="round,pad=0,rounding_size=0.008",
            mutation_aspect=WIDTH / HEIGHT,
            facecolor=face,
            edgecolor=edge,
            linewidth=0.6,
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(shape)
        self.write(x + 0.1, self.y + 0.105, text, size, weight="bold", color=ink, va="center_baseline")
        return x + wide + 0.34

    def bar(self, top: float, bottom: float, colour: str) -> None:
        """A vertical bar beside what stands between two heights."""
        box = (
            (MARGIN / self.width, 1 - bottom / self.height),
            0.035 / self.width,
            (bottom - top) / self.height,
        )
        self.figure.add_artist(Rectangle(*box, color=colour, linewidth=0, transform=self.figure.transFigure))
