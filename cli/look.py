"""Commands that look and set up: list, show, check, new, doctor."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from .. import terminal
from ..data.errors import InputError
from ..data.files import read_text
from .options import Json, StudyName, app


@app.command("list")
def list_studies(as_json: Json = False) -> None:
    """Studies that come with posterity, and those in the current folder."""
    from ..analyses.study import load, shipped_studies

    folders = {str(p.parent): p for p in sorted(Path().glob("*/study.toml"))}
    here = {**{str(p): p for p in sorted(Path().glob("*.toml")) if _speaks_of_a_study(p)}, **folders}
    rows = []
    for name, path in {**shipped_studies(), **here}.items():
        try:
            file = load(path).file
        except InputError as error:
            terminal.say(f"left out: {error}")
            continue
        rows.append(
            {
                "study": name,
                "name": file.name,
                "title": file.study.title,
                "specs": len(file.spec),
                "evidence": "panel" if file.panel else "tables",
            }
        )
    keys = ("study", "specs", "evidence", "title")
    columns = ("study", ">specs", "evidence", "title")
    terminal.emit(as_json, rows, lambda: terminal.show_table(columns, ([r[k] for k in keys] for r in rows)))


def _speaks_of_a_study(path: Path) -> bool:
    """Whether a file has a table `study`: other tools keep their settings in TOML too."""
    try:
        return re.search(r"^\s*\[?\s*[\"']?study\b", read_text(path), re.MULTILINE) is not None
    except InputError:
        return True


@app.command()
def show(study_name: StudyName, as_json: Json = False) -> None:
    """What the paper claims, which specifications it has, and which evidence there is."""
    from ..analyses.study import load

    study = load(study_name)
    header = study.file.study
    specs = [
        {
            "id": v.id,
            "kind": v.kind,
            "formula": v.spec.formula,
            "label": v.spec.label,
            "printed": len(study.file.printed(v.id)),
        }
        for v in study.specs()
    ]
    evidence = ["tables", *(["panel"] if study.file.panel else [])]
    record = {
        "study": study.name,
        "title": header.title,
        "authors": header.authors,
        "year": header.year,
        "summary": header.summary.strip(),
        "evidence": evidence,
        "printed_numbers": len(study.file.published),
        "specs": specs,
    }

    def display() -> None:
        terminal.show(f"{study.name}: {header.title}")
        terminal.show(f"{header.authors}, {header.year or ''}. {header.source or header.doi_or_source}")
        terminal.show(header.summary.strip())
        terminal.show(f"{len(study.file.published)} printed numbers; evidence: {', '.join(evidence)}\n")
        keys = ("id", "kind", "label", "formula")
        terminal.show_table(("spec", *keys[1:]), ([spec[k] for k in keys] for spec in specs))

    terminal.emit(as_json, record, display)


@app.command()
def check(
    study_name: StudyName,
    panel_file: Annotated[Path | None, typer.Option("--panel")] = None,
    as_json: Json = False,
) -> None:
    """Is this panel usable for the study: what would be dropped, and why. Without a panel, are the tables?"""
    from ..analyses.check import check_panel, check_tables
    from ..analyses.study import load

    study = load(study_name)
    tables = panel_file is None and study.file.panel is None
    record = check_tables(study) if tables else check_panel(study, study.panel(panel_file))
    source = study.file.published_path if tables else record["panel"]["source"]
    usable = [spec["id"] for spec in record["specs"] if spec["usable"]]
    unusable = [spec["id"] for spec in record["specs"] if not spec["usable"]]

    def display() -> None:
        if tables:
            terminal.show(f"No panel: what the printed numbers of {source} alone can speak of.")
        else:
            p = record["panel"]
            shape = "balanced" if p["balanced"] else "unbalanced"
            terminal.show(
                f"{source}: {p['entities']} entities, {p['times']} times, {p['rows']:,} rows, {shape}"
            )
            for warning in p["warnings"]:
                terminal.show(f"  note: {warning}")
        rows = (
            (s["id"], "yes" if s["usable"] else "no", s["rows"] or "", s["dropped"] or "", s["why"])
            for s in record["specs"]
        )
        terminal.show_table(("spec", "usable", ">rows", ">dropped", "why"), rows)

    terminal.emit(as_json, record, display)
    if not usable:
        raise InputError(f"{source}: no specification of {study.name} can use it; see the reasons above.")
    if unusable and not tables:
        others = " ".join(f"--only {name}" for name in usable)
        terminal.say(f"A run stops at {unusable[0]}: mend it, or run the others with {others}")


@app.command()
def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="a folder that does not exist yet, or is empty")
    ],
    as_json: Json = False,
) -> None:
    """Write a study to fill in: study.toml, published.csv and a synthetic panel, all commented."""
    from ..data.template import write_template

    written = write_template(directory)

    def display() -> None:
        terminal.show(f"Wrote {', '.join(p.name for p in written)} to {directory}.")
        terminal.show(f"It runs as it stands:  posterity run {shlex.quote(str(directory))}")

    terminal.emit(as_json, {"written": [str(p) for p in written]}, display)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Versions, devices, and whether sampling works here."""
    from ..analyses.doctor import examine

    record = examine()

    def display() -> None:
        checks = (
            (n, f"{'works' if good else 'FAILS'}: {words}") for n, (good, words) in record["checks"].items()
        )
        rows = [*record["versions"].items(), *record["machine"].items(), *checks]
        terminal.show_table(("what", "found"), rows)

    terminal.emit(as_json, record, display)
    if not all(good for good, _ in record["checks"].values()):
        raise InputError("something does not work here: see the lines that fail.")
