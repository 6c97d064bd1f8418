"""One booktabs table for each table of the paper; the preamble needs booktabs and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from ...analyses.judge.interval import AS_PRINTED
from ..beside import beside_heading, beside_pieces
from ..page.widening import sentence as widening
from ..page.words import verdict_meaning
from ..rows import MINUS, NOTHING, Row, probability, shorten

LONGEST, OF_THREE_LINES = 20, 13
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"$\sim$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    '"': "{''}",
    "'": "{'}",
    "`": "{`}",
    MINUS: "$-$",
    NOTHING: "--",
    "…": r"\ldots{}",
    "—": "---",
    "‘": "`",
    "’": "{'}",
    "“": "``",
    "”": "''",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "²": "$^2$",
    "γ": r"$\gamma$",
    "ρ": r"$\rho$",
}
PLAIN_LATIN = set("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
HEAD = r"""%% Table %s of %s, written by posterity. The preamble needs \usepackage{booktabs}.
"""
GLYPH = (
    r"% Names beyond Latin: compile with XeLaTeX or LuaLaTeX, and \usepackage{ctex} or a font that has them "
    "for Chinese;\n"
    "% pdfLaTeX prints their code points.\n"
    r"\providecommand{\posterityglyph}[1]{\ifdefined\Umathchar\char"
    r""""#1\relax\else{\tiny U+#1}\fi}
"""
)
COLUMNS = (
    r"Standard errors are in parentheses, central 95\% intervals in brackets, stars as published. "
    "Posterior means are on the paper's scale"
)
OWN = "An interval in italics is the posterior's own where the verdict looks at the wider one above it. "
SHOWN_BY_A_COLUMN = ("judged with", "judged interval widened", "not reproduced:", "constant:", "SYNTHETIC")
OWN_VALUE = re.compile(r": [^:]*%.*| by \d+\.\d standard errors: .*")
OVER_TWINS = re.compile(r" in \d+ of \d+ panels")


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands, on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(_character(c, before) for before, c in pairwise(f" {line}"))


def _character(c: str, before: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c == before == "-":
        return "{}-"
    return c if c.isascii() or c in PLAIN_LATIN else rf"\posterityglyph{{{ord(c):04X}}}"


def latex_table(rows: list[Row], table: str, study: str, evidence: str, priors: str) -> str:
    """A `table` environment, or several where the table is long.

    Parameters
    ----------
    evidence, priors
        What the note under each part says; evidence that names SYNTHETIC data stands in the caption too.
    """
    parts = list(_parts(rows))
    texts = [
        _environment(part, table, study, evidence, priors, number, len(parts))
        for number, part in enumerate(parts, start=1)
    ]
    body = "\n".join(texts)
    return HEAD % (escape(table), escape(study)) + (GLYPH if r"\posterityglyph" in body else "") + body


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """Whole columns as long as they fit on a page."""
    longest = OF_THREE_LINES if any(row.widened for row in rows) else LONGEST
    part: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row.spec_id):
        column = list(group)
        if part and len(part) + len(column) > longest:
            yield part
            part = []
        part += column
        while len(part) > longest:
            yield part[:longest]
            part = part[longest:]
    if part:
        yield part


def _environment(
    rows: list[Row], table: str, study: str, evidence: str, priors: str, number: int, parts: int
) -> str:
    reproduced = any(r.record["reproduced"]["estimate"] is not None for r in rows)
    beside = beside_heading(rows)
    heads = ["published", *["reproduced"] * reproduced, r"posterior {[}95\%{]}", "$P(>0)$"]
    heads += [*[beside] * bool(beside), "verdict"]
    width = len(heads) + 1
    which = f" ({number} of {parts})" if parts > 1 else ""
    caption = f"{escape(study)}, table {escape(table)}{which}: published and posterior estimates"
    label = re.sub(r"[^A-Za-z0-9]+", "-", f"{study}-{table}" + (f"-{number}" if parts > 1 else ""))
    size, gap = ("scriptsize", 2) if beside else ("footnotesize", 3)
    lines = [
        r"\begin{table}[htbp]",
        rf"\centering\{size}\setlength{{\tabcolsep}}{{{gap}pt}}",
        rf"\caption{{{caption}{r'. \textbf{SYNTHETIC data}' * ('SYNTHETIC' in evidence)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{l{'r' * (width - 2)}l}}",
        r"\toprule",
        " & ".join(["", *heads]) + r" \\",
    ]
    letters = _letters(rows)
    column = ""
    for row in rows:
        if row.spec_id != column:
            column = row.spec_id
            title = escape(shorten(f"{column} {row.label}", 80))
            lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\textit{{{title}}}}} \\"]
        for cells in zip(*_cells(row, reproduced, beside, letters), strict=True):
            lines.append(" & ".join(cells) + r" \\")
    lines += [
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip\parbox{0.95\linewidth}{\scriptsize\raggedright",
        *_notes(rows, evidence, priors, beside, letters),
        "}",
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _flags(row: Row) -> list[str]:
    """The flags of a number, without values of its own, so that several numbers can share them."""
    flags = (
        f for f in row.record["flags"] if not f.startswith(SHOWN_BY_A_COLUMN) and not OVER_TWINS.search(f)
    )
    return list(dict.fromkeys(OWN_VALUE.sub("", flag) for flag in flags))


def _letters(rows: list[Row]) -> dict[str, str]:
    """A letter for each flag, in order: a, b, …, z, aa, …"""
    flags = dict.fromkeys(f for row in rows for f in _flags(row))
    return {flag: "abcdefghijklmnopqrstuvwxyz"[k % 26] * (1 + k // 26) for k, flag in enumerate(flags)}


def _notes(
    rows: list[Row], evidence: str, priors: str, beside: str, letters: dict[str, str]
) -> Iterator[str]:
    judged = f"; the verdict is that of the column headed {beside}, where it has a number" if beside else ""
    yield rf"\textit{{Notes.}} {COLUMNS}{judged}. {escape(_capital(evidence))}. {escape(_capital(priors))}."
    if wider := widening(rows):
        yield escape(OWN + wider)
    for verdict, meaning in verdict_meaning(any(row.widened for row in rows)).items():
        if any(row.verdict == verdict for row in rows):
            yield rf"\textit{{{_capital(verdict)}:}} {escape(meaning)}"
    for flag, letter in letters.items():
        yield rf"$^{{{letter}}}$ {escape(_capital(flag))}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cells(row: Row, reproduced: bool, beside: str, letters: dict[str, str]) -> list[tuple[str, ...]]:
    """Each cell as two lines, a number above its error or interval, or as three where one was widened."""
    stars = f"$^{{{row.stars}}}$" if row.stars else ""
    marks = ",".join(letters[flag] for flag in _flags(row))
    cells = [
        ("constant" if row.constant else shorten(row.term, 32), ""),
        (row.printed, row.printed_error),
        *[(row.reproduced[0], "" if NOTHING in row.reproduced[1] else row.reproduced[1])] * reproduced,
        row.pieces("posterior"),
        (probability(row.record["posterior"]["prob_positive"]), ""),
        *[beside_pieces(row)] * bool(beside),
        (row.verdict, ""),
    ]
    texts = [(escape(above), escape(below)) for above, below in cells]
    texts[0] = "{}" + texts[0][0], "{}"
    texts[1] = texts[1][0] + stars, texts[1][1]
    texts[-1] = texts[-1][0] + (f"$^{{{marks}}}$" if marks else ""), ""
    if not row.widened:
        return list(texts)
    own = rf"\textit{{{escape(row.widened_from)}}}"
    at = len(texts) - 2 if row.judged != AS_PRINTED else 2 + reproduced
    return [(*lines, own if k == at else "{}" if not k else "") for k, lines in enumerate(texts)]
