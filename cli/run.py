"""The commands run and report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import terminal
from ..data.errors import InputError
from .options import (
    Device,
    Draws,
    Engine,
    Evidence,
    Form,
    Fresh,
    Json,
    OfEvidence,
    OfForm,
    Only,
    Out,
    PanelFile,
    Prior,
    Scheduler,
    Seed,
    StudyName,
    Twins,
    Workers,
    app,
)

if TYPE_CHECKING:
    from ..analyses.run.fits import Fit

SETTINGS = {
    "study",
    "panel",
    "evidence",
    "only",
    "draws",
    "seed",
    "engine",
    "device",
    "form",
    "prior",
    "twins",
}


@app.command()
def run(
    study_name: StudyName,
    panel_file: PanelFile = None,
    evidence: OfEvidence = None,
    only: Only = None,
    draws: Draws = 1000,
    seed: Seed = 20250101,
    engine: Annotated[
        Engine | None, typer.Option(help="default: collapsed where the priors allow, else nuts")
    ] = None,
    device: Device = Device.cpu,
    form: OfForm = None,
    prior: Prior = None,
    twins: Twins = 20,
    scheduler: Scheduler = None,
    workers: Workers = None,
    out: Out = Path("posterity-out"),
    fresh: Fresh = False,
    check_engine: Annotated[
        bool,
        typer.Option("--check-engine", help="fit one column a second time by NUTS, every effect sampled"),
    ] = False,
    as_json: Json = False,
) -> None:
    """Reproduce, recast, sample, compare and report."""
    settings = settings_of(
        study_name, panel_file, evidence, only, draws, seed, engine, device, form, prior, twins
    )
    run_study(settings, out, fresh, as_json, None, scheduler, workers, check_engine)


@app.command()
def report(study_name: StudyName, out: Out = Path("posterity-out"), as_json: Json = False) -> None:
    """Build the report again from what was run."""
    from ..analyses.run.store import seal_holds
    from ..analyses.study import load
    from ..data.files import read_text

    folder = out / load(study_name).name
    path = folder / "settings.json"
    if not path.exists():
        raise InputError(
            f"{folder} holds no run of {study_name}: run 'posterity run {study_name}' first, or give its"
            " --out."
        )
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError):
        found = None
    if not seal_holds(found) or set(found) != {*SETTINGS, "sha256"}:
        raise InputError(f"{path} is damaged; run 'posterity run {study_name}' again.")
    settings = {name: found[name] for name in SETTINGS} | {"study": study_name}
    run_study(settings, out, fresh=False, as_json=as_json)


def settings_of(
    study_name: str,
    panel_file: Path | None,
    evidence: Evidence | None,
    only: list[str] | None,
    draws: int,
    seed: int,
    engine: Engine | None,
    device: Device,
    form: Form | None,
    prior: list[str] | None,
    twins: int,
) -> dict[str, Any]:
    """What was asked of a run, as `settings.json` keeps it for `posterity report`."""
    return {
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
        "twins": twins,
    }


def run_study(
    settings: dict[str, Any],
    out: Path,
    fresh: bool,
    as_json: bool,
    parts: Sequence[str] | None = None,
    scheduler: str | None = None,
    count: int | None = None,
    check_engine: bool = False,
) -> None:
    """Fit what the settings ask, then compute these parts of its robustness; for None, show what is stored.

    The folder is held from the first fit to the report.
    """
    from ..analyses.run.folder import alone_in
    from ..analyses.study import load

    study = load(settings["study"])
    evidence: Any = settings["evidence"] or ("panel" if settings["panel"] or study.file.panel else "tables")
    if evidence != "panel" and settings["panel"]:
        raise InputError(f"--panel has no part in --evidence {evidence}; leave one of them out.")
    priors = _prior_overrides(settings["prior"] or [])
    folder = out / study.name
    with alone_in(folder), terminal.progress(study.name) as progress:
        from ..analyses.robustness import robust
        from ..analyses.run.fit import run as run_fit
        from ..analyses.run.results import Request
        from ..analyses.run.workers import workers, worth
        from ..models.engine.sampling import Sampler, prepare

        sampler = Sampler(draws=settings["draws"], seed=settings["seed"], device=settings["device"])
        if sampler.device == "gpu" and evidence != "tables":
            prepare(sampler.device)
        if count is None:
            fits = settings["twins"] * len(study.specs(settings["only"]))
            count = worth(fits) if evidence == "twin" else 1
        request = Request(
            evidence,
            sampler,
            settings["engine"],
            priors,
            settings["form"],
            folder / "posteriors",
            fresh,
            agreement=check_engine,
        )
        with workers(scheduler, count) as each:
            panel: Any = study.panel(settings["panel"]) if evidence == "panel" else None
            if evidence == "twin":
                from ..analyses.twins.write import write_twins

                made = write_twins(study, settings["twins"], folder, settings["seed"], progress, each)
                panel = [study.panel(folder / twin["file"]) for twin in made["twins"]]
            fit = run_fit(study, panel, settings["only"], request, progress, each)
            fit = robust(fit, request, parts or (), progress, known_only=parts is None, each=each)
        compared, page = _written(fit, folder, settings)
    from ..reports.page.words import answer, uncovered

    for spec_id, why in fit.skipped.items():
        terminal.say(f"left out {spec_id}: {why}")
    if parts is not None and (left := uncovered(fit)):
        terminal.say(left)
    if not fit.robustness and (folder / "robustness.json").exists():
        terminal.say(
            f"{folder / 'robustness.json'} is of other settings, data or code than this run and not in its"
            f" report; '{_words('robustness', {**settings, 'out': str(out)})}' makes it anew."
        )

    def display() -> None:
        from ..reports.rows import rows_of

        terminal.show(answer(rows_of(fit, compared["estimates"])))
        terminal.show(f"Report: {page}")

    terminal.emit(as_json, compared, display)


def _written(fit: Fit, folder: Path, settings: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """The comparison and the path of the report, with all outputs beside it."""
    from ..analyses.judge.records import comparison
    from ..analyses.run.store import with_seal, write_whole
    from ..reports.files.write import finite, write_report

    text = json.dumps(with_seal(settings), indent=1) + "\n"
    write_whole(folder / "settings.json", lambda p: p.write_text(text))
    compared = finite(comparison(fit))
    return compared, write_report(fit, folder, _command(settings, fit), compared)


def _command(settings: dict[str, Any], fit: Fit) -> str:
    """The command that makes the page again: the one that computed the robustness it shows, else `run`."""
    parts = {name for of in (fit.robustness or {}).values() for name in of}
    return _words("run" if not parts else "priors" if parts == {"priors"} else "robustness", settings)


def _words(verb: str, settings: dict[str, Any]) -> str:
    """A command with the settings that are not the defaults."""
    words = ["posterity", verb, settings["study"]]
    defaults = {"draws": 1000, "seed": 20250101, "device": "cpu", "twins": 20, "out": "posterity-out"}
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
