"""The command calibrate: simulation-based calibration of a study's models, or of a model by name."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import terminal
from ..data.errors import InputError, did_you_mean
from .options import Fresh, Json, Only, Out, PanelFile, Prior, Seed, app


class Question(StrEnum):
    """Where the true parameters of the simulations come from."""

    prior = "prior"
    posterior = "posterior"
    coverage = "coverage"


@app.command()
def calibrate(
    what: Annotated[
        str,
        typer.Argument(
            metavar="STUDY|MODEL", help="a study's name or path, or a model such as effects-mundlak"
        ),
    ],
    simulations: Annotated[int, typer.Option(min=20, max=100_000, help="data sets for each question")] = 200,
    question: Annotated[list[Question] | None, typer.Option(help="repeatable; all where omitted")] = None,
    panel_file: PanelFile = None,
    only: Only = None,
    seed: Seed = 20250101,
    prior: Prior = None,
    out: Out = Path("posterity-out"),
    fresh: Fresh = False,
    as_json: Json = False,
) -> None:
    """Simulate from the model at the study's own size and gaps: are its posteriors calibrated?"""
    from .run import _prior_overrides

    overrides = _prior_overrides(prior or [])
    with terminal.progress(what) as progress:
        from ..analyses.calibration.calibrate import MODELS, calibrate, subjects_of, verdict
        from ..analyses.run.folder import alone_in
        from ..analyses.run.results import Request
        from ..models.engine.sampling import Sampler, prepare
        from ..reports.files.calibration import write_calibration

        prepare("cpu")
        if what in MODELS:
            if panel_file or only or overrides:
                raise InputError(
                    f"{what} is a model, not a study: --panel, --only and --prior have no part in it."
                )
            subjects = [MODELS[what]()]
            held = folder = out / "calibration" / what
        else:
            study = _study(what, [*MODELS])
            panel = study.panel(panel_file) if panel_file or study.file.panel else None
            subjects = subjects_of(study, panel, only, overrides)
            held = out / study.name  # a run tidies all of it
            folder = held / "calibration"
        with alone_in(held):
            request = Request("panel", Sampler(seed=seed), posteriors=folder / "batches", fresh=fresh)
            asked: Any = [q.value for q in question or []]
            record = calibrate(subjects, simulations, request, asked, progress)
            page = write_calibration(record, folder, shlex.join(["posterity", *sys.argv[1:]]))

    def display() -> None:
        terminal.show(verdict(record))
        terminal.show(f"Table: {page}")

    terminal.emit(as_json, record, display)


def _study(name: str, models: list[str]) -> Any:
    from ..analyses.study import load

    try:
        return load(name)
    except InputError as error:
        if Path(name).exists():
            raise
        near = did_you_mean(name, models)
        raise InputError(
            f"{str(error).rstrip('.')}; models are"
            f" {', '.join(models)}.{near if 'Did you mean' in near else ''}"
        ) from None
