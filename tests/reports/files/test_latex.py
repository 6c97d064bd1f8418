"""LaTeX tables: balanced, escaped, with notes; compiled where TeX is installed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from posterity.reports.files.latex import GLYPH, escape, latex_table
from posterity.reports.rows import rows_of

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs}
\begin{document}
"""


def cells_of(line):
    """Cells of a row: split at & that no backslash escapes."""
    return re.split(r"(?<!\\)&", line)


def check(tex):
    """What LaTeX would refuse: unnested braces or environments, rows of unequal width, bare specials."""
    text = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in tex.splitlines())
    text = text.replace(GLYPH.splitlines()[-1], "")
    depth = 0
    for token in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    stack = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    for columns, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        for line in body.splitlines():
            if line.endswith(r"\\") and r"\multicolumn" not in line:
                assert len(cells_of(line)) == len(columns), line
    prose = re.sub(r"\\[\\{}$&#%_]|\\[A-Za-z]+|\$[^$]*\$", "", re.sub(r"\\label\{[^}]*\}", "", text))
    assert not re.search(r"[$#%_^]", prose)


@pytest.fixture
def tables(tables_folder, panel_folder):
    return {
        f"{f.name}-{p.stem}": p.read_text()
        for f in (tables_folder, panel_folder)
        for p in f.glob("tables/*.tex")
    }


def test_tables_of_hostile_names_are_sound_and_compile(tables, tmp_path):
    assert len(tables) == 3
    for tex in tables.values():
        check(tex)
        assert tex.isascii()
    if shutil.which("pdflatex"):
        document = PREAMBLE + "\n\\clearpage\n".join(tables.values()) + "\n\\end{document}\n"
        (tmp_path / "all.tex").write_text(document)
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout[-2000:]


def test_the_check_finds_what_latex_refuses():
    for wrong in (
        "{",
        r"\begin{table}",
        "a_b",
        "5 % of",
        r"\begin{tabular}{lr}" + "\na \\\\\n" + r"\end{tabular}",
    ):
        with pytest.raises(AssertionError):
            check(wrong.replace("5 %", "5 #"))


@pytest.mark.parametrize(
    ("plain", "tex"),
    [("munnell-1990", "munnell-1990"), ("a--b", "a-{}-b"), ("50% & $x_1$", r"50\% \& \$x\_1\$"),
     ("{\\x}", r"\{\textbackslash{}x\}"),
     ("共", r"\posterityglyph{5171}"), ("−0.1", "$-$0.1"), ("Élan", "Élan"), ("a\nb\u202ec", "a b c")],
)  # fmt: skip
def test_escape(plain, tex):
    assert escape(plain) == tex


def test_notes_say_evidence_priors_and_verdicts(tables_fit, panel_fit):
    tex = latex_table(rows_of(tables_fit), "T1", "s", "evidence: tables", "priors: slope ~ normal(0, 1)")
    assert "Evidence: tables. Priors: slope $\\sim$ normal(0, 1)." in tex
    assert "\\textit{Holds:} The posterior" in tex
    assert "SYNTHETIC" not in tex
    panel = latex_table(rows_of(panel_fit), "T1", "s", "evidence: panel - SYNTHETIC", "priors")
    assert "\\textbf{SYNTHETIC data}" in panel.split("\\label")[0]


def test_flags_become_notes_with_letters(tables_fit):
    rows = rows_of(tables_fit)
    flags = {f for row in rows for f in row.record["flags"]}
    assert any(f.startswith("flat prior") for f in flags)
    tex = latex_table(rows, "T1", "s", "evidence", "priors")
    (letter,) = re.findall(r"\$\^\{(\w)\}\$ Flat prior", tex)
    assert re.search(rf"(holds|uncertain)\$\^\{{[\w,]*{letter}", tex)


def test_long_tables_are_labelled_part_by_part(tables_fit):
    tex = latex_table(rows_of(tables_fit) * 5, "T1", "a study!", "evidence", "priors")
    labels = re.findall(r"\\label\{(.*?)\}", tex)
    assert len(set(labels)) == len(labels) > 1
    assert labels[0] == "tab:a-study-T1-1"


def test_a_widened_interval_has_the_posteriors_own_below_it(widened_fit, tables_fit):
    rows = rows_of(widened_fit)
    tex = latex_table(rows, "T1", "s", "evidence", "priors")
    check(tex)
    (row,) = [row for row in rows if row.widened]
    lines = tex.splitlines()
    (at,) = [k for k, line in enumerate(lines) if r"\textit{{[}" in line]
    judged, own = (cells_of(line)[-2].strip() for line in lines[at - 1 : at + 1])
    assert judged == escape(row.pieces("with_effects")[1])
    assert own == rf"\textit{{{escape(row.widened_from)}}}"
    assert "An interval in italics is the posterior{'}s own" in tex
    assert "2.00 times the model{'}s" in tex
    assert "in italics" not in latex_table(rows_of(tables_fit), "T1", "s", "evidence", "priors")


def test_tables_of_three_lines_a_row_still_fit_their_pages(widened_fit):
    tex = latex_table(rows_of(widened_fit) * 5, "T1", "s", "evidence", "priors")
    assert max(part.count(r"\\") for part in tex.split(r"\end{tabular}")) <= 45
