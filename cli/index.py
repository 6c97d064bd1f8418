"""The command index: composite indices from raw indicators, with their uncertainty."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import terminal
from ..data.errors import InputError
from .options import Json, Only, Out, StudyName, app

if TYPE_CHECKING:
    from ..analyses.indices.built_in_association import BuiltInAssociation
    from ..analyses.indices.index import Indexed
    from ..analyses.study import Study
    from ..analyses.view import SpecView
    from ..data.indices.indicators import System
    from ..data.panel.panel import Panel

DRAWS = 200
SIMULATIONS = 1000


class Method(StrEnum):
    """How indicators are weighted, and whether scores are TOPSIS."""

    entropy = "entropy"
    equal = "equal"
    pca = "pca"
    topsis = "topsis"


class Standard(StrEnum):
    """How indicators are standardised."""

    minmax = "minmax"
    z = "z"


class Scope(StrEnum):
    """The rows over which indicators are standardised."""

    pooled = "pooled"
    within = "within"


class Constant(StrEnum):
    """The number whose logarithm entropy is divided by."""

    rows = "rows"
    years = "years"


class Fill(StrEnum):
    """What is done with missing values."""

    none = "none"
    linear = "linear"
    multiple = "multiple"


@app.command("index")
def index_command(
    study_name: StudyName,
    indicators: Annotated[
        Path | None, typer.Option("--indicators", help="table of raw indicators, one row an entity and time")
    ] = None,
    method: Method = Method.entropy,
    standard: Annotated[Standard | None, typer.Option(help="default: minmax, for pca z")] = None,
    scope: Annotated[
        Scope, typer.Option(help="standardise over the panel, or within each year")
    ] = Scope.pooled,
    constant: Annotated[
        Constant, typer.Option(help="entropy over ln of rows; ln of years is a mistake")
    ] = Constant.rows,
    offset: Annotated[float, typer.Option(help="added to standardised values before entropy")] = 0.0,
    fill: Annotated[Fill, typer.Option(help="gaps: refused, interpolated, or multiply imputed")] = Fill.none,
    only: Only = None,
    draws: Annotated[int, typer.Option(min=50, max=100_000, help="Bayesian bootstrap draws")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 20250101,
    out: Out = Path("posterity-out"),
    as_json: Json = False,
) -> None:
    """Composite indices from raw indicators, with the uncertainty of their weights.

    Without --indicators: only what shared indicators build into the study's coefficients.
    """
    from ..analyses.indices.conventions import multiverse
    from ..analyses.indices.index import effects_over_draws, index, usable
    from ..analyses.run.folder import alone_in
    from ..analyses.study import load
    from ..data.indices.composite import Convention
    from ..data.indices.indicators import match, read_systems
    from ..data.panel.panel import Panel
    from ..reports.files.indices import Coefficients, IndexReport, write_index

    study = load(study_name)
    path = study.file.indicators_path
    if path is None:
        raise InputError(
            f"{study.file.path} names no indicators: add 'indicators = \"indicators.csv\"' to [study], one"
            " row an indicator."
        )
    systems = read_systems(path)
    found: dict[str, Any] = {"inputs": (study.file.path, path)}
    with alone_in(out / study.name) as folder, terminal.progress(study.name) as progress:
        if indicators is not None:
            header = study.file.study
            panel = Panel.read(indicators, entity=header.entity, time=header.time)
            choices: dict[str, Any] = {
                "weighting": "entropy" if method is Method.topsis else method.value,
                "score": "topsis" if method is Method.topsis else "sum",
                "standard": (standard or (Standard.z if method is Method.pca else Standard.minmax)).value,
                "scope": scope.value,
                "constant": constant.value,
            }
            convention = Convention(**choices, offset=offset)
            notes = _names(study, panel)
            table = match(panel, systems)
            progress("weights", 0, 4)
            indexed = index(table, convention, fill.value, draws, seed)
            topsis = index(table, Convention(score="topsis"), fill.value, 1, seed)
            views = usable(study, indexed.panel(), indexed.values)
            wanted = set(study.file.chosen(only)) if only else {view.id for view in views[:1]}
            fitted = [view for view in views if view.id in wanted]
            progress("coefficients", 1, 4)
            coefficients = tuple(
                Coefficients(
                    view, effects_over_draws(view, indexed.panel(), list(indexed.panels(DRAWS)), seed=seed)
                )
                for view in fitted
            )
            progress("conventions", 2, 4)
            curve = None
            if fitted:
                term = next(str(t) for t in fitted[0].spec.parsed.terms if t.variable in indexed.values)
                curve = multiverse(fitted[0], table, term, fill.value, seed=seed)
            found |= {
                "indexed": indexed,
                "topsis": topsis,
                "fill": fill.value,
                "notes": notes,
                "coefficients": coefficients,
                "curve": curve,
                "inputs": (*found["inputs"], indicators),
            }
        progress("built-in association", 3, 4)
        built = _built_in(study, systems, found.get("indexed"), only, seed)
        report = IndexReport(study, seed=seed, built_in_associations=built, **found)
        record = write_index(report, folder / "index")
    for note in report.notes:
        terminal.say(f"note: {note}")
    terminal.emit(as_json, record, lambda: _display(record))


def _names(study: Study, panel: Panel) -> tuple[str, ...]:
    """Refuse names of entities that are wrong; say which years an entity lacks, and a number that differs."""
    from ..data.panel.names import name_findings, recognised

    header = study.file.study
    known = recognised(set(panel.frame[panel.entity]), study.file.groups, header.entities)
    findings = name_findings(panel, known)
    errors = [finding.statement for finding in findings if finding.error]
    if errors:
        more = f" ({len(errors) - 1} more: {'; '.join(errors[1:4])})" if len(errors) > 1 else ""
        raise InputError(errors[0] + more)
    notes = [finding.statement for finding in findings]
    if header.entities and panel.n_entities != header.entities:
        notes.append(f"{panel.source} has {panel.n_entities} {panel.entity}, the study {header.entities}.")
    return tuple(notes)


def _built_in(
    study: Study, systems: dict[str, System], indexed: Indexed | None, only: list[str] | None, seed: int
) -> tuple[BuiltInAssociation, ...]:
    """Columns whose two sides share indicators: those asked for, else the first of each formula."""
    from ..analyses.indices.built_in_association import built_in_associations, simulable, source_of

    views = simulable(study, systems, only)
    if not only:
        first: dict[str, SpecView] = {}
        for view in views:
            first.setdefault(view.spec.formula, view)
        views = list(first.values())

    return tuple(
        one
        for view in views
        if (source := source_of(view, systems, indexed)) is not None
        for one in built_in_associations(view, systems, study.file.shared, source, SIMULATIONS, seed)
    )


def _display(record: dict[str, Any]) -> None:
    if record["evidence"]:
        gaps = f", {record['filled_cells']} gaps filled ({record['fill']})" if record["filled_cells"] else ""
        label = "SYNTHETIC: " if record["synthetic"] else ""
        terminal.show(
            f"{label}{', '.join(record['indices'])}: {record['entities']} entities, {record['times']}"
            f" times{gaps}"
        )
        for name in record["absent"]:
            terminal.show(f"  left out: {name}, none of whose indicators is a column")
        if record["unused"]:
            shown = ", ".join(record["unused"][:8]) + (", ..." if len(record["unused"]) > 8 else "")
            terminal.show(f"  kept, but no indicators: {len(record['unused'])} columns ({shown})")
    if record.get("coefficients"):
        keys = ("as_computed", "with_index_uncertainty")
        rows = (
            (
                row["id"],
                *(f"{row[k]['mean']:.3g} [{row[k]['q2.5']:.3g}, {row[k]['q97.5']:.3g}]" for k in keys),
                f"{row['share_of_variance']:.0%}",
            )
            for row in record["coefficients"]
        )
        terminal.show_table(
            ("coefficient", ">as computed", ">with index uncertainty", ">share of variance"), rows
        )
    if record.get("built_in"):
        rows = (
            (
                row["id"],
                row["outcome"],
                f"{row['shared']['median']:.3f} [{row['shared']['q2.5']:.3f}, {row['shared']['q97.5']:.3f}]",
                f"{row['apart']['median']:.3f}",
                row["published"],
            )
            for row in record["built_in"]
            if row["published"] is not None
        )
        columns = ("built in (SIMULATED)", "outcome", ">shared, no link", ">nothing shared", ">printed")
        terminal.show_table(columns, rows)
    terminal.show(f"Wrote {', '.join(record['files'])} to {record['folder']}.")
