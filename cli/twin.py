"""The command twin: synthetic panels that reproduce the printed tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import terminal
from .options import Json, Out, Scheduler, StudyName, Workers, app


@app.command()
def twin(
    study_name: StudyName,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="how many panels")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 20250101,
    scheduler: Scheduler = None,
    workers: Workers = None,
    out: Out = Path("posterity-out"),
    as_json: Json = False,
) -> None:
    """Make SYNTHETIC panels that reproduce the printed tables."""
    from ..analyses.run.folder import alone_in
    from ..analyses.study import load

    study = load(study_name)
    folder = out / study.name
    with alone_in(folder), terminal.progress(study.name) as progress:
        from ..analyses.run.workers import TWIN, worth
        from ..analyses.run.workers import workers as processes
        from ..analyses.twins.write import write_twins
        from ..models.engine.sampling import prepare

        prepare("cpu")
        with processes(scheduler, worth(n * TWIN) if workers is None else workers) as each:
            manifest = write_twins(study, n, folder, seed, progress, each)

    def display() -> None:
        terminal.show(
            f"{len(manifest['twins'])} SYNTHETIC panels in {folder}; each reproduces "
            f"{len(manifest['satisfied'])} printed numbers of {study.name}."
        )
        if manifest["left_out"]:
            terminal.show(f"{len(manifest['left_out'])} printed numbers are left out:")
            reasons: dict[str, list[str]] = {}
            for name, why in manifest["left_out"].items():
                reasons.setdefault(why, []).append(name)
            for why, names in reasons.items():
                terminal.show(f"  {why}: {', '.join(names)}")

    terminal.emit(as_json, manifest, display)
