"""priors and robustness."""

from __future__ import annotations

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
from .run import finish, run_study, settings_of


@app.command()
def priors(
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
    """Robustness to priors: over which of them each conclusion stands, and what would make it fall."""
    settings = settings_of(
        study_name, panel_file, evidence, only, draws, seed, None, Device.cpu, form, prior, twins
    )
    finish(*run_study(settings, out, fresh, ("priors",), scheduler, workers), settings, as_json)


@app.command()
def robustness(
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
    """Robustness to priors, models, samples and few clusters, in one report."""
    settings = settings_of(
        study_name, panel_file, evidence, only, draws, seed, None, Device.cpu, form, prior, twins
    )
    finish(*run_study(settings, out, fresh, (), scheduler, workers), settings, as_json)
