"""One booktabs table for each table of the paper; the preamble needs booktabs and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from .rows import MINUS, NOTHING, Row, probability, shorten

LONGEST = 20
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"$\sim$", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}", '"': "{''}", "'": "{'}", "`": "{`}",
    "-": "{-}", MINUS: "$-$", NOTHING: "--", "…": r"\ldots{}", "—": "---",
    "‘": "`", "’": "{'}", "“": "``", "”": "''", "\N{MULTIPLICATION SIGN}": r"$\times$",
}  # fmt: skip
PLAIN_LATIN = set("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
GLYPH = r"""% Names beyond Latin need XeLaTeX or LuaLaTeX and a font that has them; pdfLaTeX prints their code points.
\providecommand{\posterityglyph}[1]{\ifdefined\Umathchar\char"#1\relax\else{\tiny U+#1}\fi}
"""


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands, on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(map(_character, line))


def _character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    return c if c.isascii() or c in PLAIN_LATIN else rf"\posterityglyph{{{ord(c):04X}}}"


def latex_table(rows: list[Row], table: str, study: str, evidence: str, priors: str) -> str:
    """A `table` environment, or several where the table is long.

    Parameters
    ----------
    evidence, priors
        What the note under each part says.
    """
    parts = list(_parts(rows))
    texts = [
        _environment(part, table, study, f"{evidence}; {priors}", number, len(parts))
        for number, part in enumerate(parts, start=1)
    ]
    body = "\n".join(texts)
    return (GLYPH if r"\posterityglyph" in body else "") + body


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """Whole columns as long as they fit on a page."""
    part: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row.spec_id):
        column = list(group)
        if part and len(part) + len(column) > LONGEST:
            yield part
            part = []
        part += column
        while len(part) > LONGEST:
            yield part[:LONGEST]
            part = part[LONGEST:]
    if part:
        yield part


def _environment(rows: list[Row], table: str, study: str, note: str, number: int, parts: int) -> str:
    reproduced = any(r.record["reproduced"]["estimate"] is not None for r in rows)
    effects = any(r.record["with_effects"] for r in rows)
    heads = ["published", *["reproduced"] * reproduced, r"posterior {[}95\%{]}", "$P(>0)$"]
    heads += [*["with effects"] * effects, "verdict"]
    width = len(heads) + 1
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{escape(study)}, table {escape(table)}{f' ({number} of {parts})' if parts > 1 else ''}}}",
        rf"\begin{{tabular}}{{l{'r' * (width - 2)}l}}",
        r"\toprule",
        " & ".join(["", *heads]) + r" \\",
    ]
    column = ""
    for row in rows:
        if row.spec_id != column:
            column = row.spec_id
            title = escape(shorten(f"{column} {row.label}", 80))
            lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\textit{{{title}}}}} \\"]
        for cells in zip(*_cells(row, reproduced, effects), strict=True):
            lines.append(" & ".join(cells) + r" \\")
    lines += [
        r"\bottomrule",
        r"\end{tabular}",
        rf"\par\smallskip\parbox{{0.9\linewidth}}{{\scriptsize {escape(note)}.}}",
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _cells(row: Row, reproduced: bool, effects: bool) -> list[tuple[str, str]]:
    """Each cell as two lines: a number above, its error or interval below."""
    stars = f"$^{{{row.stars}}}$" if row.stars else ""
    cells = [
        ("constant" if row.constant else shorten(row.term, 32), ""),
        (row.printed, row.printed_error),
        *[row.reproduced] * reproduced,
        row.pieces("posterior"),
        (probability(row.record["posterior"]["prob_positive"]), ""),
        *[row.pieces("with_effects")] * effects,
        (row.verdict, ""),
    ]
    texts = [(escape(above), escape(below)) for above, below in cells]
    texts[0] = "{}" + texts[0][0], "{}"
    texts[1] = texts[1][0] + stars, texts[1][1]
    return texts
