"""A fit on two pages: what `summary.pdf` and `summary.md` say, and the latter's text."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...analyses.judge.diagnostics import LIMITS, converged
from ...analyses.run.fits import Fit
from ...analyses.run.store import versions
from ..beside import beside_heading, beside_pieces
from ..drawing.figure_files import Section
from ..page import words
from ..page.equations import models_used
from ..page.first_screen import left_out
from ..page.headlines import headlines as changes
from ..page.highlights import highlights
from ..page.priors import priors_used
from ..page.widening import BRACKETS
from ..rows import Row, evidence_label, focal, number, plural, shorten, synthetic

MOST = 36
IN_FIGURE = 12
SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")


@dataclass(frozen=True)
class Brief:
    """What a two-page summary says.

    Attributes
    ----------
    counts : coefficients by verdict, those of no verdict left out
    rows : the printed numbers of the table, at most `MOST`
    omitted : how many more there are
    figure : rows of the key figure: one term on one outcome
    can, cannot : what the evidence conditions on, and what it can and cannot say
    models : name and meaning of each model used
    checks : reproduction and diagnostics, a sentence each
    again : label and text, how to make it again
    """

    study: str
    title: str
    byline: str
    claim: str
    label: str
    synthetic: bool
    answer: str
    counts: dict[str, int]
    headlines: list[str]
    caveat: str
    rows: list[Row]
    omitted: int
    figure: list[Row]
    can: str
    cannot: str
    models: list[tuple[str, str]]
    priors: str
    robustness: list[str]
    checks: list[str]
    again: list[tuple[str, str]]

    @property
    def beside(self) -> str:
        return beside_heading(self.rows)

    @property
    def widened(self) -> bool:
        return any(row.widened for row in self.rows)

    @property
    def reproduced(self) -> bool:
        return any(row.record["reproduced"]["estimate"] is not None for row in self.rows)


def brief_of(fit: Fit, rows: list[Row], command: str, sections: Sequence[Section] = ()) -> Brief:
    """The content of the summary of a fit whose page has these further parts."""
    header = fit.study.file.study
    chosen = telling(rows, MOST)
    can, cannot = words.EVIDENCE_MEANING[fit.evidence]
    year = f", {header.year}" if header.year else ""
    source = header.source or header.doi_or_source
    command = command or f"posterity run {fit.study.name} --evidence {fit.evidence}"
    headlines = [
        " ".join(left_out(fit, command)),
        *(s.headline for s in sections),
        *changes(fit, rows),
    ]
    return Brief(
        study=fit.study.name,
        title=header.title,
        byline=f"{header.authors}{year}" + (f". {source}" if source else ""),
        claim=" ".join(header.summary.split()),
        label=evidence_label(fit),
        synthetic=synthetic(fit),
        answer=words.answer(rows),
        counts={name: n for name, n in words.counts(rows).items() if n},
        headlines=[sentence for sentence in headlines if sentence.strip()],
        caveat=words.caveat(fit),
        rows=chosen,
        omitted=len([r for r in rows if not r.constant]) - len(chosen),
        figure=key_figure(rows),
        can=can,
        cannot=cannot,
        models=[(m.name, m.meaning) for m in models_used(fit)],
        priors=", ".join(f"{p['name']} ~ {p['distribution']}" for p in priors_used(fit)),
        robustness=highlights(fit, key_figure(rows)),
        checks=_checks(fit),
        again=_again(fit, command),
    )


QUIET = ("holds", "uncertain", "null stands")


def telling(rows: list[Row], most: int) -> list[Row]:
    """The rows of a short table, in their order.

    Chosen first are those that depart from print, then those of the focal term, then uncertain ones.
    """
    term = focal(rows)

    def rank(at: int) -> tuple[bool, bool, bool]:
        row = rows[at]
        return row.verdict in QUIET, row.term != term, row.verdict in ("holds", "null stands")

    kept = sorted((at for at, row in enumerate(rows) if not row.constant), key=rank)[:most]
    return [rows[at] for at in sorted(kept)]


def key_figure(rows: list[Row]) -> list[Row]:
    """The focal term, or else the term of most columns, on the outcome that most of its columns have."""
    shown = [r for r in rows if not r.constant and r.span("posterior") is not None]
    counts: dict[str, int] = {}
    for row in shown:
        counts[row.term] = counts.get(row.term, 0) + 1
    term = focal(shown) or max(counts, key=lambda t: counts[t], default="")
    mine = [r for r in shown if r.term == term]
    outcomes = [r.outcome for r in mine]
    outcome = max(dict.fromkeys(outcomes), key=outcomes.count, default="")
    return [r for r in mine if r.outcome == outcome][:IN_FIGURE]


def _checks(fit: Fit) -> list[str]:
    found = []
    sampled = [
        part
        for one in fit.specs.values()
        for part in (one, one.with_effects)
        if part is not None and not (part.inputs and part.engine == "collapsed")
    ]
    if not sampled:
        found.append("Draws are exact and independent: nothing was sampled by a chain.")
    else:
        worst = [converged(part.tree) for part in sampled]
        k_hats = [w["k_hat"] for w in worst if math.isfinite(w["k_hat"])]
        sentence = (
            f"Worst of {len(worst)} fits: effective sample size {min(w['ess_bulk'] for w in worst):.0f}"
        )
        if k_hats:
            sentence += f", Pareto k-hat {number(max(k_hats), 2)} (alarm at {LIMITS.k_hat})"
        if len(k_hats) < len(worst):
            sentence += f", R-hat {max(w['r_hat'] for w in worst):.3f} (alarm at {LIMITS.r_hat})"
        found.append(f"{sentence}.")
    if fit.agreement is not None:
        most = max(map(abs, fit.agreement.difference))
        found.append(
            f"{fit.agreement.id} fitted a second way: posterior means differ by at most {most:.1f} Monte"
            " Carlo standard errors."
        )
    return found


def _again(fit: Fit, command: str) -> list[tuple[str, str]]:
    found = versions()
    libraries = ", ".join(f"{name} {found[name]}" for name in ("pymc", "jax", "numpyro", "arviz-stats"))
    sampler = fit.sampler
    lines = [
        ("command", command),
        ("software", f"posterity {found['posterity']} (code {found['code']}), {libraries}"),
        ("draws", f"{sampler.chains} × {sampler.draws}, seed {sampler.seed}"),
    ]
    if fit.evidence == "panel" and fit.panel is not None:
        lines.append(("panel", f"SHA-256 of its content {fit.panel.sha256}"))
    return [*lines, ("checksums", "of every input and output: manifest.json beside this file")]


def markdown(brief: Brief) -> str:
    """`summary.md`: GitHub's Markdown, every name in it shown as text."""
    lines = [f"# {text(brief.title)}", "", text(brief.byline), ""]
    if brief.synthetic:
        lines += ["**SYNTHETIC data**", ""]
    lines += [f"*posterity: {text(brief.study)}; {text(brief.label)}*", "", f"**{text(brief.answer)}**", ""]
    lines += [f"- {text(sentence)}" for sentence in brief.headlines]
    lines += ["", f"> {text(brief.caveat)}"] if brief.caveat else []
    lines += ["", f"What the paper claims. {text(brief.claim)}"] if brief.claim else []
    lines += ["", "## Published and posterior", "", *_table(brief), ""]
    lines += [
        "Published: the estimate with what is printed beside it (standard error, t or interval) and its"
        " stars. Posterior: mean and central 95% interval on the paper's scale."
        + f" {BRACKETS}"
        * brief.widened
    ]
    if brief.omitted:
        lines += ["", f"{plural(brief.omitted, 'coefficient')} more: see `report.html` and `comparison.csv`."]
    meanings = words.verdict_meaning(brief.widened)
    lines += ["", "Verdicts:", ""]
    lines += [f"- *{name}*: {text(meanings[name])}" for name in brief.counts]
    lines += ["", "## Evidence", "", text(f"{brief.can} {brief.cannot}")]
    if brief.robustness:
        lines += ["", "## Robustness", "", *(f"- {text(sentence)}" for sentence in brief.robustness)]
    lines += ["", "## Models and priors", ""]
    lines += [f"- *{text(name)}*: {text(meaning)}" for name, meaning in brief.models]
    lines += ["", f"Priors on the standardised scale: {text(brief.priors)}."]
    lines += ["", "## Checks", "", *(f"- {text(sentence)}" for sentence in brief.checks)]
    lines += ["", "## Make it again", "", *(f"- {name}: {text(value)}" for name, value in brief.again)]
    return "\n".join(lines) + "\n"


def text(plain: str) -> str:
    """Text that Markdown and HTML show as it stands, on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return SPECIAL.sub(r"\\\1", html.escape(line, quote=False)).replace("://", ":&#47;/")


def _table(brief: Brief) -> list[str]:
    heads = ["column", "term", "published", *["reproduced"] * brief.reproduced, "posterior [95%]"]
    heads += [*[f"{brief.beside} [95%]"] * bool(brief.beside), "verdict"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return lines + [f"| {' | '.join(map(text, cells(brief, row)))} |" for row in brief.rows]


def cells(brief: Brief, row: Row) -> list[str]:
    """A row of the table: column, term, published, reproduced, posterior, the judged one, verdict."""
    return [
        shorten(row.spec_id if brief.beside else f"{row.spec_id} {row.label}", 20 if brief.beside else 44),
        shorten(row.term, 22),
        f"{row.printed}{row.stars} {row.printed_error}".strip(),
        *[row.reproduced[0]] * brief.reproduced,
        row.interval("posterior"),
        *[" ".join(filter(None, beside_pieces(row)))] * bool(brief.beside),
        row.verdict,
    ]
