"""The commands priors and robustness: the same command with different parts of robustness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .options import (
    Device,
    Draws,
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
from .run import run_study, settings_of


def _of(parts: Sequence[str]) -> Callable[..., None]:
    def command(
        study_name: StudyName,
        panel_file: PanelFile = None,
        evidence: OfEvidence = None,
        only: Only = None,
        draws: Draws = 1000,
        seed: Seed = 20250101,
        form: OfForm = None,
        prior: Prior = None,
        twins: Twins = 20,
        scheduler: Scheduler = None,
        workers: Workers = None,
        out: Out = Path("posterity-out"),
        fresh: Fresh = False,
        as_json: Json = False,
    ) -> None:
        settings = settings_of(
            study_name, panel_file, evidence, only, draws, seed, None, Device.cpu, form, prior, twins
        )
        run_study(settings, out, fresh, as_json, parts, scheduler, workers)

    return command


app.command(
    "priors",
    help="Robustness to priors: over which of them each conclusion stands, and what would make it fall.",
)(_of(("priors",)))
app.command("robustness", help="Robustness to priors, models, samples and few clusters, in one report.")(
    _of(())
)
