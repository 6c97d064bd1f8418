"""The figures of a report, drawn once and used by the page and by the folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from ...analyses.run.fits import Fit
from ..rows import Row, by_table, evidence_label, focal, plural, synthetic
from .figures import drawn, forest, overview

OVERVIEW = "overview"
FORMS = ("svg", "png", "pdf")


@dataclass(frozen=True)
class FigureFile:
    """One figure: its file name without suffix, the table it belongs to, and its bytes in three forms."""

    name: str
    table: str | None
    title: str
    alt: str
    svg: bytes
    png: bytes
    pdf: bytes = b""

    @classmethod
    def of(
        cls,
        name: str,
        table: str | None,
        title: str,
        alt: str,
        make: Callable[[], Figure],
        forms: tuple[str, ...] = FORMS,
    ) -> FigureFile:
        """A figure in all of `FORMS`, or in the first two, which the page shows."""
        return cls(name, table, title, alt, *(drawn(make, form) for form in forms))

    @property
    def files(self) -> dict[str, bytes]:
        """What the folder keeps of it."""
        forms = {"png": self.png, "svg": self.svg, "pdf": self.pdf}
        return {f"figures/{self.name}.{form}": content for form, content in forms.items() if content}


@dataclass(frozen=True)
class Section:
    """A further part of the page: its anchor, its heading, its HTML, and figures that the folder keeps too.

    `headline` is what the first screen says of it; the words before its first colon lead to the part.
    """

    id: str
    title: str
    body: Markup
    figure_files: tuple[FigureFile, ...] = ()
    headline: str = ""


def forest_plots(fit: Fit, rows: list[Row], forms: tuple[str, ...] = FORMS) -> list[FigureFile]:
    """A forest plot for each table, and first one of the focal term across tables, if there is one.

    `forms` are all of `FORMS`, or the first two, which the page shows.
    """
    made = []
    tables = by_table(rows)
    term = focal(rows)
    if term is not None:
        name = OVERVIEW if OVERVIEW not in tables else f"{OVERVIEW}.all"
        made.append(
            _figure_file(fit, [r for r in rows if r.term == term], name, None, f"{term} across tables", forms)
        )
    for table, mine in tables.items():
        made.append(_figure_file(fit, mine, table, table, f"table {table}", forms))
    return made


def _figure_file(
    fit: Fit, rows: list[Row], name: str, table: str | None, what: str, forms: tuple[str, ...]
) -> FigureFile:
    title, label, simulated = f"{fit.study.name}: {what}", evidence_label(fit), synthetic(fit)
    draw = overview if table is None else forest

    def make() -> Figure:
        return draw(rows, title, label, simulated)

    columns = plural(len({r.spec_id for r in rows}), "column")
    alt = (
        f"Forest plot, {what}: published and posterior estimates with 95% intervals, "
        f"{plural(len(rows), 'coefficient')} in {columns}. {label}. "
        "Its numbers are in the tables of this page."
    )
    return FigureFile.of(name, table, what, alt, make, forms)
