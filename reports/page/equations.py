"""Equations of the models as pictures, so that a page needs neither network nor scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from ...analyses.run.fits import Fit
from ..drawing.figures import INK, drawn
from ..kinds import model_of

TEXT = re.compile(r"\\text\{([^{}]*)\}")
SIZE = 15


@dataclass(frozen=True)
class Equation:
    """A model in LaTeX, in words, and the columns that use it."""

    name: str
    latex: str
    meaning: str
    columns: list[str]


def models_used(fit: Fit) -> list[Equation]:
    """The equations behind a fit, each once, in order of first use."""
    used: dict[str, Equation] = {}
    for one in fit.specs.values():
        for part in (one, one.with_effects):
            if part is not None:
                model = model_of(fit, part)
                empty = Equation(model.name, model.latex, model.meaning, [])
                used.setdefault(model.name, empty).columns.append(one.id)
    return list(used.values())


def equation_svg(latex: str) -> bytes:
    """A LaTeX equation drawn by matplotlib's mathtext.

    Raises
    ------
    ValueError
        If mathtext does not know a command of it.
    """
    text = mathtext(latex)
    width, height = _extent(text)

    def make() -> Figure:
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.patch.set_alpha(0)
        figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=SIZE, color=INK)
        return figure

    return drawn(make, "svg")


def mathtext(latex: str) -> str:
    """The subset that mathtext knows: upright text with its blanks kept."""
    upright = TEXT.sub(lambda m: r"\mathrm{" + m[1].replace(" ", r"\ ") + "}", latex)
    return f"${upright}$"


def _extent(text: str) -> tuple[float, float]:
    """Width and height in inches, with a little room."""
    from matplotlib.font_manager import FontProperties

    properties = FontProperties(size=SIZE, math_fontfamily="stix")
    box = MathTextParser("path").parse(text, 72, properties)
    return box.width / 72 + 0.15, (box.height + box.depth) / 72 + 0.15
