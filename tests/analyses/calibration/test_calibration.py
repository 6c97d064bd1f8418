"""Calibration: a right model passes, wrong ones are caught, and the command leaves what it says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.calibration import equation as calibrated
from posterity.analyses.calibration.calibrate import MODELS, calibrate, subjects_of, verdict
from posterity.analyses.calibration.equation import beside, effects_subject, mean_of, prior_values
from posterity.analyses.calibration.panels import declared_panel, standard_design
from posterity.analyses.calibration.ranks import adjusted, limits, summary
from posterity.analyses.run.results import Request
from posterity.data.errors import InputError
from posterity.models.engine.sampling import Sampler
from posterity.models.kinds.effects import effects_model
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import standardise

SMALL = standard_design(2, entities=10, times=5)


def request(tmp_path=None, seed=1) -> Request:
    return Request("panel", Sampler(seed=seed), posteriors=tmp_path and tmp_path / "batches")


@pytest.mark.parametrize("name", ["effects-mundlak", "instrument"])
def test_models_are_calibrated(name):
    """100 simulations; the thousand of docs/calibration.md are made by benchmarks/calibration.py."""
    record = calibrate([MODELS[name]()], 100, request())
    assert record["smallest_adjusted_p"] > 0.01, verdict(record)
    for check in record["checks"]:
        assert check["left_out"] <= 5


def wrong(monkeypatch, change):
    """Fit with other draws than the engine's."""
    right = calibrated.batch

    def spoiled(*arguments):
        found = right(*arguments)
        return replace(found, theta=change(found.theta))

    monkeypatch.setattr(calibrated, "batch", spoiled)


@pytest.mark.parametrize(
    ("mistake", "change"),
    [
        ("too narrow", lambda t: t.mean(axis=1, keepdims=True) + 0.6 * (t - t.mean(axis=1, keepdims=True))),
        ("shifted", lambda t: t + 0.5 * t.std(axis=1, keepdims=True)),
    ],
)
def test_wrong_posteriors_are_caught(monkeypatch, mistake, change):
    wrong(monkeypatch, change)
    record = calibrate([effects_subject("wrong", SMALL, "mundlak")], 150, request(), ["prior"])
    assert record["smallest_adjusted_p"] < 1e-4
    assert verdict(record).startswith("Not calibrated: wrong x1 (prior)")
    slope = record["checks"][0]["quantities"][0]
    assert slope["outside"] > 0 or slope["ks_p"] < 1e-4


def test_a_wrong_prior_of_a_scale_is_caught():
    """Truths from another prior than the one that is fitted."""
    subject = effects_subject("right", SMALL, "random")
    rng = np.random.default_rng(1)
    other = prior_values(SMALL, "random", {**DEFAULTS, "sigma": Prior("half_normal", (3.0,))}, 100, rng)
    design = calibrated.in_standard_units(SMALL)
    Y = calibrated.simulated(design, "random", other, rng)
    found = calibrated.ranked([replace(design, y=y) for y in Y], "random", DEFAULTS, other, 500, 1)
    assert stats.kstest(found.ranks[:, subject.quantities.index("sigma")], "uniform").pvalue < 1e-4


@pytest.mark.parametrize("form", ["fixed", "mundlak"])
def test_simulated_means_are_those_of_the_pymc_model(form):
    """The simulator is written from the equations; the expanded model is another's reading of them."""
    z = standardise(SMALL)
    design = replace(SMALL, y=z.y, X=z.X)
    values = prior_values(design, form, DEFAULTS, 1, np.random.default_rng(2))
    model = effects_model(design, DEFAULTS, form)
    mean = model["y"].owner.inputs[-2]
    givens = {model[name]: values[name][0] for name in values if name in model.named_vars}
    from pytensor.graph.replace import clone_replace

    found = clone_replace([mean], {v: v.type.filter_variable(np.asarray(x)) for v, x in givens.items()})[
        0
    ].eval()
    np.testing.assert_allclose(found, mean_of(design, form, values)[0], atol=1e-9)


def test_rows_beside_each_other_double_the_panel():
    twice = beside(SMALL, 2 * SMALL.y)
    assert twice.n == 2 * SMALL.n
    np.testing.assert_array_equal(twice.y[SMALL.n :], 2 * SMALL.y)


def test_bands_hold_95_per_cent_of_uniform_samples():
    """Säilynoja, Bürkner and Vehtari 2022: the whole function inside with probability 0.95."""
    at, low, high = limits(100)
    ranks = np.sort(np.random.default_rng(3).uniform(size=(2000, 100)), axis=1)
    ecdf = np.stack([np.searchsorted(r, at, side="right") for r in ranks]) / 100 - at
    inside = ((ecdf >= low - 1e-12) & (ecdf <= high + 1e-12)).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.02)


def test_summary_of_ranks():
    uniform = summary("x", (np.arange(200) + 0.5) / 200)
    assert uniform["ks_p"] > 0.99
    assert (uniform["outside"], uniform["coverage"], uniform["counts"]) == (0, 0.95, [10] * 20)
    assert uniform["coverage_low"] < 0.95 < uniform["coverage_high"]
    assert summary("x", np.append(np.full(5, np.nan), np.linspace(0.4, 0.6, 100)))["outside"] > 0.2


def test_holm():
    """The example of statsmodels' multipletests, method holm."""
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(4).uniform(size=30) ** 3
    np.testing.assert_allclose(adjusted(p), multipletests(p, method="holm")[1])


def test_finished_batches_are_taken_from_the_store(tmp_path):
    """A run that is asked for more goes on, and gives what it would have given at once."""
    subject = effects_subject("small", SMALL, None)
    subject = replace(subject, batch=20)
    calibrate([subject], 20, request(tmp_path), ["prior"])
    asked = []

    def counted(*what):
        asked.append(what)
        return subject.ask(*what)

    counting = replace(subject, ask=counted)
    more = calibrate([counting], 50, request(tmp_path), ["prior"])
    assert len(asked) == 2
    assert more == calibrate([subject], 50, request(), ["prior"])


def test_a_study_without_microdata_has_synthetic_regressors_and_its_tables():
    study = po.load("bashlai-2026")
    subjects = subjects_of(study, None, ["T5.1"], {})
    assert [s.engine for s in subjects] == ["collapsed", "exact"]
    assert (subjects[0].synthetic, subjects[1].synthetic) == (True, False)
    panel = declared_panel(study.spec("T5.1"))
    assert (panel.n_entities, panel.synthetic) == (11, True)


def test_every_kind_of_column_of_a_study_can_be_simulated():
    study = po.load("liu-li-2025")
    subjects = [s for s in subjects_of(study, None, None, {}) if s.engine != "exact"]
    assert [s.name for s in subjects] == [v.id for v in study.specs()]


def test_the_command(tmp_path, monkeypatch, capsys):
    from posterity.cli import main

    arguments = [
        "calibrate",
        "pooled",
        "--simulations",
        "40",
        "--question",
        "prior",
        "--out",
        str(tmp_path),
        "--json",
    ]
    monkeypatch.setattr("sys.argv", ["posterity", *arguments])
    main()
    record = json.loads(capsys.readouterr().out)
    folder = tmp_path / "calibration" / "pooled"
    assert json.loads((folder / "calibration.json").read_text()) == record
    page = (folder / "calibration.md").read_text()
    assert "SYNTHETIC" in page
    assert "| pooled\\* | prior | collapsed | x1 | 40 | 0 |" in page.replace("pooled*", "pooled\\*")
    assert (folder / "SYNTHETIC-calibration-pooled.png").stat().st_size > 10_000


def test_unknown_names_are_told(monkeypatch, capsys):
    from posterity.cli import main

    monkeypatch.setattr("sys.argv", ["posterity", "calibrate", "efects-mundlak"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "effects-mundlak" in capsys.readouterr().err


def test_a_study_that_declares_no_size_is_refused():
    with pytest.raises(InputError, match="declares no 'entities' and 'periods'"):
        declared_panel(_undeclared())


def _undeclared():
    view = po.load("munnell-1990").spec("T1.2")
    header = view.file.study.model_copy(update={"entities": None, "periods": None})
    return replace(view, file=view.file.model_copy(update={"study": header}))
