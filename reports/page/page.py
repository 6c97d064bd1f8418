"""The report as one page without network, and without a script but its own, which it names by its hash."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from ...analyses.judge.diagnostics import converged
from ...analyses.judge.reproduction import error_reproduced
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...analyses.run.store import versions
from ...data.study.spec import Cluster
from ..beside import BESIDE, beside_heading
from ..drawing.figure_files import FigureFile, Section
from ..kinds import model_of
from ..printed.answer import points
from ..rows import (
    NOTHING,
    Row,
    by_table,
    evidence_label,
    factor,
    minus,
    number,
    rows_of,
    synthetic,
)
from . import words
from .equations import equation_svg, models_used
from .explore import dials, embedded
from .first_screen import LETTERS, cells_by_table, key_figure, left_out, open_sentence
from .headlines import headlines
from .methods import references
from .priors import priors_used
from .templating import TEMPLATES, data_uri, rendered

SHOWN = 12
MOST_OPEN, MOST_ROWS = 4, 12
SCRIPTS = (
    "script/under_prior.js",
    "script/explore.js",
    "script/report.js",
    "script/winners_curse.js",
)  # each reads those before it
ERRORS = {"iid": "conventional", "hetero": "heteroskedasticity-robust"}


@dataclass(frozen=True)
class Column:
    """One column of a paper's table, as a group of rows; `shared` are the flags that all of them have."""

    one: SpecFit
    rows: list[Row]
    shared: list[str]

    def flags(self, row: Row) -> list[str]:
        """The flags that only this row has, without that of constants, which stands above the tables."""
        flags = [f for f in row.record["flags"] if f not in self.shared and not f.startswith("constant:")]
        return [minus(flag) for flag in flags]


@dataclass(frozen=True)
class Table:
    """One table of the paper: its columns, its figure, and which columns the page needs."""

    name: str
    columns: list[Column]
    figure_file: FigureFile | None

    @property
    def rows(self) -> list[Row]:
        return [row for column in self.columns for row in column.rows]

    @property
    def reproduced(self) -> bool:
        return any(r.record["reproduced"]["estimate"] is not None for r in self.rows)

    @property
    def bayes_factors(self) -> bool:
        return any(factor(r.record["bayes_factor_10"]) != NOTHING for r in self.rows)

    @property
    def beside(self) -> str:
        return beside_heading(self.rows)


def page(
    fit: Fit,
    rows: list[Row] | None = None,
    figure_files: list[FigureFile] | None = None,
    command: str = "",
    sections: list[Section] | None = None,
) -> str:
    """The HTML of a fit's report.

    Parameters
    ----------
    command
        The command line that made the fit; the nearest one is shown where it is empty.
    """
    rows = rows_of(fit) if rows is None else rows
    figure_files = figure_files or []
    made, closed = dials(fit, rows)
    command = command or _command(fit)
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return rendered(
        "report.html",
        fit=fit,
        header=fit.study.file.study,
        variables=fit.study.file.variables,
        label=evidence_label(fit),
        synthetic=synthetic(fit),
        words=words,
        headlines=headlines(fit, rows),
        rows=rows,
        counts=words.counts(rows),
        letters=LETTERS,
        open_sentence=open_sentence(rows),
        points=points(fit, rows),
        left_out=left_out(fit, command),
        cells_by_table=cells_by_table(rows),
        key=key_figure(rows),
        beside=beside_heading(rows),
        widened=any(r.widened for r in rows),
        other_law=any(r.other_law for r in rows),
        most_open=MOST_OPEN,
        most_rows=MOST_ROWS,
        dials=made,
        closed=_by_reason(closed),
        embedded=Markup(embedded(fit, made)),
        script=Markup(script),
        script_hash=sha256_source(script),
        references=references(fit),
        overview=next((p for p in figure_files if p.table is None), None),
        tables=_tables(fit, rows, figure_files),
        sections=sections or [],
        models=[(m, _equation(m.latex)) for m in models_used(fit)],
        priors=priors_used(fit),
        samples=[_sample(one) for one in fit.specs.values() if one.design is not None],
        gate=[_gate(one, rows) for one in fit.specs.values() if one.least_squares is not None],
        diagnostics=[d for one in fit.specs.values() for d in _diagnostics(fit, one)],
        agreement=_agreement(fit),
        source=PurePath(fit.panel.source).name if fit.panel is not None else "",
        command=command,
        versions=versions(),
    )


def _tables(fit: Fit, rows: list[Row], figure_files: list[FigureFile]) -> list[Table]:
    of = {p.table: p for p in figure_files}
    tables = []
    for name, mine in by_table(rows).items():
        columns = []
        for spec_id in dict.fromkeys(r.spec_id for r in mine):
            group = [r for r in mine if r.spec_id == spec_id]
            common = [f for f in group[0].record["flags"] if all(f in r.record["flags"] for r in group)]
            columns.append(Column(fit.specs[spec_id], group, common if len(group) > 1 else []))
        tables.append(Table(name, columns, of.get(name)))
    return tables


def sha256_source(script: str) -> str:
    """A script as a content security policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _by_reason(closed: dict[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, why in closed.items():
        reasons.setdefault(why, []).append(name)
    return reasons


def _sample(one: SpecFit) -> dict[str, Any]:
    design = one.design
    assert design is not None
    listed = ", ".join(map(str, design.dropped[:SHOWN])) + (", …" if len(design.dropped) > SHOWN else "")
    return {
        "id": one.id,
        "n": design.n,
        "entities": len(design.entities),
        "times": f"{len(design.times)} ({design.times[0]}–{design.times[-1]})",
        "dropped": len(design.dropped),
        "listed": listed,
        "notes": design.notes,
    }


def _gate(one: SpecFit, rows: list[Row]) -> dict[str, Any]:
    mine = [r for r in rows if r.spec_id == one.id and r.record["reproduced"]["within_rounding"] is not None]
    printed = next((p for p in one.printed if p.n is not None), None)
    r2 = next((p.text["r2"] for p in one.printed if p.text["r2"]), "")
    vcov = one.view.spec.vcov
    assert one.least_squares is not None
    return {
        "id": one.id,
        "estimates": f"{sum(r.record['reproduced']['within_rounding'] for r in mine)} of {len(mine)}",
        "errors": _errors(one, mine),
        "n": one.least_squares.n,
        "printed_n": printed.n if printed else "–",
        "r2": number(one.least_squares.r2, 3),
        "printed_r2": r2 or "–",
        "errors_kind": f"clustered by {vcov.cluster}" if isinstance(vcov, Cluster) else ERRORS[vcov],
    }


def _errors(one: SpecFit, rows: list[Row]) -> str:
    """How many standard errors reproduce, and what they are computed from where none is printed."""
    printed = {p.id: p for p in one.printed}
    found = [
        (printed[r.id], error_reproduced(r.record["reproduced"]["std_error"], printed[r.id])) for r in rows
    ]
    known = [(p.std_error_source, same) for p, same in found if same is not None]
    if not known:
        return NOTHING
    sources = dict.fromkeys(source for source, _ in known if source not in (None, "printed"))
    note = f" (from the printed {' and '.join(map(str, sources))})" if sources else ""
    return f"{sum(same for _, same in known)} of {len(known)}{note}"


def _diagnostics(fit: Fit, one: SpecFit) -> list[dict[str, Any]]:
    found = []
    for part, beside in ((one, ""), (one.with_effects, "with_effects"), (one.under_prior, "under_prior")):
        if part is None:
            continue
        sizes = part.tree["posterior"].sizes
        exact = bool(part.inputs) and part.engine == "collapsed"
        worst = None if exact else converged(part.tree)
        found.append(
            {
                "id": one.id,
                "model": model_of(fit, part).name + (f", {BESIDE[beside]}" if beside else ""),
                "engine": part.engine,
                "draws": f"{sizes['chain']} × {sizes['draw']}",
                "r_hat": "exact" if worst is None else number(worst["r_hat"], 3),
                "ess": "independent" if worst is None else number(worst["ess_bulk"], 0),
                "k_hat": "–" if worst is None or math.isnan(worst["k_hat"]) else number(worst["k_hat"], 2),
                "divergences": "–" if worst is None else number(worst["divergences"], 0),
                "difference": _difference(worst),
                "seconds": number(part.seconds, 1),
            }
        )
    return found


def _difference(worst: Mapping[str, float] | None) -> str:
    """How far the engine's log-likelihood is from the one with every effect kept, as a power of ten."""
    found = math.nan if worst is None else worst["likelihood_difference"]
    return NOTHING if math.isnan(found) else f"{found:.0e}"


def _agreement(fit: Fit) -> dict[str, Any] | None:
    found = fit.agreement
    if found is None:
        return None
    rows = [
        {"name": name, "difference": number(difference, 2), "ratio": number(ratio, 3)}
        for name, difference, ratio in zip(found.names, found.difference, found.sd_ratio, strict=True)
    ]
    return {
        "id": found.id,
        "rows": rows,
        "seconds": [number(s, 1) for s in found.seconds],
        "ways": words.ENGINES["tables" if fit.evidence == "tables" else "panel"],
    }


def _equation(latex: str) -> str:
    """A data URI of the equation's picture, or nothing where mathtext cannot draw it."""
    try:
        return data_uri(equation_svg(latex))
    except ValueError:
        return ""


def _command(fit: Fit) -> str:
    sampler = fit.sampler
    return (
        f"posterity run {fit.study.name} --evidence {fit.evidence} --draws {sampler.draws} --seed"
        f" {sampler.seed}"
    )
