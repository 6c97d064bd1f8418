"""The command line: orchestration only; numbers happen in the rooms."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from . import terminal
from .data.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from .analyses.results import Fit

SETTINGS = {"study", "panel", "evidence", "only", "draws", "seed", "engine", "device", "form", "prior"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    help="How will a published panel-data result look to posterity?",
)


class Evidence(StrEnum):
    """What the posterior is conditioned on."""

    tables = "tables"
    twin = "twin"
    panel = "panel"


class Engine(StrEnum):
    """How posteriors are computed."""

    nuts = "nuts"
    collapsed = "collapsed"


class Device(StrEnum):
    """Where NUTS runs."""

    cpu = "cpu"
    gpu = "gpu"


class Form(StrEnum):
    """How effects are modelled."""

    fixed = "fixed"
    random = "random"
    mundlak = "mundlak"


StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="a study's name, or the path of its TOML file or folder")
]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output on standard output")]
PanelFile = Annotated[
    Path | None, typer.Option("--panel", help="CSV, Parquet, Stata .dta or Excel file of microdata")
]
Only = Annotated[list[str] | None, typer.Option("--only", help="columns (T4.2) or tables (T4); repeatable")]
Out = Annotated[Path, typer.Option("--out", help="folder of the outputs; STUDY gets a folder in it")]


@app.command("list")
def list_studies(as_json: Json = False) -> None:
    """Studies that come with posterity, and those in the current folder."""
    from .analyses.study import built_in, load

    folders = {str(p.parent): p for p in sorted(Path().glob("*/study.toml"))}
    here = {**{str(p): p for p in sorted(Path().glob("*.toml"))}, **folders}
    rows = []
    for name, path in {**built_in(), **here}.items():
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


@app.command()
def show(study_name: StudyName, as_json: Json = False) -> None:
    """What the paper claims, which specifications it has, and which evidence there is."""
    from .analyses.study import load

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
        "study": study.name, "title": header.title, "authors": header.authors, "year": header.year,
        "summary": header.summary.strip(), "evidence": evidence, "printed_numbers": len(study.file.published), "specs": specs,
    }  # fmt: skip

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
    """Is this panel usable for the study: what would be dropped, and why."""
    from .analyses.check import check_panel
    from .analyses.study import load

    study = load(study_name)
    record = check_panel(study, study.panel(panel_file))

    def display() -> None:
        p = record["panel"]
        shape = "balanced" if p["balanced"] else "unbalanced"
        terminal.show(
            f"{p['source']}: {p['entities']} entities, {p['times']} times, {p['rows']:,} rows, {shape}"
        )
        for warning in p["warnings"]:
            terminal.show(f"  note: {warning}")
        rows = (
            (s["id"], "yes" if s["usable"] else "no", s["rows"] or "", s["dropped"] or "", s["why"])
            for s in record["specs"]
        )
        terminal.show_table(("spec", "usable", ">rows", ">dropped", "why"), rows)

    terminal.emit(as_json, record, display)
    if not any(spec["usable"] for spec in record["specs"]):
        raise InputError(
            f"{record['panel']['source']}: no specification of {study.name} can use this panel; see the reasons above."
        )


@app.command()
def run(
    study_name: StudyName,
    panel_file: PanelFile = None,
    evidence: Annotated[
        Evidence | None, typer.Option(help="default: panel where there is one, else tables")
    ] = None,
    only: Only = None,
    draws: Annotated[
        int, typer.Option(min=50, max=100_000, help="draws per chain; there are four chains")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 20250101,
    engine: Annotated[
        Engine | None, typer.Option(help="default: collapsed where the priors allow, else nuts")
    ] = None,
    device: Device = Device.cpu,
    form: Annotated[Form | None, typer.Option(help="form of the effects")] = None,
    prior: Annotated[
        list[str] | None, typer.Option(help='such as "slope=normal(0, 0.5)"; repeatable')
    ] = None,
    out: Out = Path("posterity-out"),
    fresh: Annotated[bool, typer.Option("--fresh", help="fit again what was fitted before")] = False,
    as_json: Json = False,
) -> None:
    """Reproduce, recast, sample, compare and report."""
    settings: dict[str, Any] = {
        "study": study_name,
        "panel": str(panel_file.resolve()) if panel_file else None,
        "evidence": evidence.value if evidence else None,
        "only": only,
        "draws": draws,
        "seed": seed,
        "engine": engine.value if engine else None,
        "device": device.value,
        "form": form.value if form else None,
        "prior": prior,
    }
    fit, folder = _run(settings, out, fresh)
    _finish(fit, folder, settings, as_json)


@app.command()
def report(study_name: StudyName, out: Out = Path("posterity-out"), as_json: Json = False) -> None:
    """Build the report again from what was run."""
    from .analyses.study import load
    from .data.files import read_text

    folder = out / load(study_name).name
    path = folder / "settings.json"
    if not path.exists():
        raise InputError(
            f"{folder} holds no run of {study_name}: run 'posterity run {study_name}' first, or give its --out."
        )
    try:
        settings = {**json.loads(read_text(path)), "study": study_name}
    except (json.JSONDecodeError, TypeError):
        settings = {}
    if set(settings) != SETTINGS:
        raise InputError(f"{path} is damaged; run 'posterity run {study_name}' again.")
    fit, folder = _run(settings, out, fresh=False)
    _finish(fit, folder, settings, as_json)


@app.command()
def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="a folder that does not exist yet, or is empty")
    ],
    as_json: Json = False,
) -> None:
    """Write a study to fill in: study.toml, published.csv and a synthetic panel, all commented."""
    from .data.template import write_template

    written = write_template(directory)

    def display() -> None:
        terminal.show(f"Wrote {', '.join(p.name for p in written)} to {directory}.")
        terminal.show(f"It runs as it stands:  posterity run {shlex.quote(str(directory))}")

    terminal.emit(as_json, {"written": [str(p) for p in written]}, display)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Versions, devices, and whether sampling works here."""
    from .analyses.doctor import examine

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


def _run(settings: dict[str, Any], out: Path, fresh: bool) -> tuple[Fit, Path]:
    from .analyses.study import load

    study = load(settings["study"])
    evidence: Any = settings["evidence"] or ("panel" if settings["panel"] or study.file.panel else "tables")
    if evidence == "tables" and settings["panel"]:
        raise InputError("--panel has no part in --evidence tables; leave one of them out.")
    priors = _prior_overrides(settings["prior"] or [])
    folder = out / study.name
    _writable(folder)
    with terminal.progress(study.name) as progress:
        from .analyses.fit import run as run_fit
        from .analyses.results import Request
        from .models.sampling import Sampler, prepare

        sampler = Sampler(draws=settings["draws"], seed=settings["seed"], device=settings["device"])
        if evidence != "tables":
            prepare(sampler.device)
        panel = study.panel(settings["panel"]) if evidence == "panel" else None
        request = Request(
            evidence,
            sampler,
            settings["engine"],
            priors,
            settings["form"],
            folder / "posteriors",
            fresh,
            agreement=True,
        )
        fit = run_fit(study, panel, settings["only"], request, progress)
    for spec_id, why in fit.skipped.items():
        terminal.say(f"left out {spec_id}: {why}")
    return fit, folder


def _finish(fit: Fit, folder: Path, settings: dict[str, Any], as_json: bool) -> None:
    from .analyses.compare import comparison
    from .analyses.store import write_whole
    from .reports.rows import rows_of
    from .reports.words import answer
    from .reports.write import finite, write_report

    write_whole(folder / "settings.json", lambda p: p.write_text(json.dumps(settings, indent=1) + "\n"))
    compared = finite(comparison(fit))
    page = write_report(fit, folder, _command(settings), compared)

    def display() -> None:
        terminal.show(answer(rows_of(fit, compared["estimates"])))
        terminal.show(f"Report: {page}")

    terminal.emit(as_json, compared, display)


def _command(settings: dict[str, Any]) -> str:
    words = ["posterity", "run", settings["study"]]
    defaults = {"draws": 1000, "seed": 20250101, "device": "cpu"}
    for name, value in settings.items():
        if name == "study" or value in (None, [], defaults.get(name)):
            continue
        for item in value if isinstance(value, list) else [value]:
            words += [f"--{name}", str(item)]
    return shlex.join(words)


def _prior_overrides(pairs: list[str]) -> dict[str, str]:
    overrides = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InputError(f'--prior {pair!r} has no "=": write --prior "slope=normal(0, 0.5)".')
        overrides[name.strip()] = text.strip()
    return overrides


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror}); choose another folder with --out."
        ) from None


def main() -> None:
    """Run a command: 0 on success, 2 on a user's error told in one sentence, no traceback without --debug."""
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    logging.getLogger("jax").setLevel(logging.ERROR)
    try:
        app(arguments or ["--help"], standalone_mode=False)
    except InputError as error:
        code, message = 2, str(error)
    except TyperException as error:
        code, message = 2, _usage(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        code, message = 130, "interrupted; the same command goes on where it stopped."
    except Exception as error:
        if debug:
            raise
        kind = type(error).__name__
        code, message = (
            1,
            f"a fault of posterity itself ({kind}: {error}); run again with --debug and report the traceback.",
        )
    else:
        return
    if debug and code == 2:
        importlib.import_module("traceback").print_exc()
    terminal.say(f"posterity: {' '.join(message.split())}")
    sys.exit(code)


def _usage(error: TyperException, arguments: list[str]) -> str:
    message = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    if arguments[0] not in names:
        near = "" if "Did you mean" in message else did_you_mean(arguments[0], names)
        return f"{message.rstrip('?')}{'?' if not near else '.'}{near}"
    return f"{message}; see 'posterity {arguments[0]} --help'."


if __name__ == "__main__":
    main()
