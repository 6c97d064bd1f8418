"""Indices with their uncertainty, their flow into models, built-in association, conventions, the command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity import cli
from posterity.analyses.built_in import _ols, built_in, simulable, source_of
from posterity.analyses.conventions import conventions, multiverse
from posterity.analyses.index import (
    effects_over_draws,
    entity_mass,
    index,
    over_draws,
    usable,
    weights_table,
)
from posterity.analyses.unlinked import ASSUMED, Assumptions, Shuffle, _latent
from posterity.data.index import Convention, composite, entropy_weights
from posterity.data.indicators import match, read_systems
from posterity.data.panel import Panel

STUDY = """
[study]
name = "mine"
title = "Mine"
entity = "city"
time = "year"
published = "published.csv"
indicators = "indicators.csv"
entities = 30
periods = [2001, 2008]
[variables]
Y = "index of prosperity"
[spec."T1.1"]
formula = "Y ~ X + z | city + year"
[spec."T1.2"]
formula = "Y ~ X + Y2"
[[shared]]
names = ["log(b)", "z"]
"""
PUBLISHED = """table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note
T1,1,X,0.5,0.1,,***,,,,240,,Y,
T1,2,X,0.5,0.1,,***,,,,240,,Y,
"""
INDICATORS = """index,dimension,indicator,direction
Y,Y1,a,+
Y,Y1,b,+
Y,Y2,c,-
Y,Y2,d,+
X,,a,+
X,,e,+
X,,f,+
"""


def raw(n_entity=30, n_time=8, seed=1):
    rng = np.random.default_rng(seed)
    e, t = np.divmod(np.arange(n_entity * n_time), n_time)
    columns = {
        name: np.exp(0.4 * rng.normal(size=n_entity)[e] + 0.2 * rng.normal(size=len(e)) + 0.03 * t)
        for name in "abcdef"
    }
    return pd.DataFrame(
        {"city": [f"c{i:02d}" for i in e], "year": 2001 + t, "z": rng.normal(size=len(e))} | columns
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("study.toml", STUDY), ("published.csv", PUBLISHED), ("indicators.csv", INDICATORS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    raw().to_csv(tmp_path / "raw-SYNTHETIC.csv", index=False)
    return tmp_path


@pytest.fixture
def study(folder):
    return po.load(folder / "study.toml")


@pytest.fixture
def table(study, folder):
    panel = Panel.read(folder / "raw-SYNTHETIC.csv", entity="city", time="year")
    return match(panel, read_systems(study.file.indicators_path))


def test_bootstrap_spread_agrees_with_the_jackknife_over_entities():
    """The delete-one jackknife of plain entropy weights (Efron 1982), which knows nothing of masses."""
    frame = raw(n_entity=150)
    X, entity = frame[list("abcdef")].to_numpy(), frame.groupby("city").ngroup().to_numpy()
    left = np.array([entropy_weights(X[entity != i]) for i in range(150)])
    jackknife = np.sqrt(149 / 150 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    draws = entropy_weights(X, entity_mass(entity, 4000, 1))
    np.testing.assert_allclose(draws.std(axis=0), jackknife, rtol=0.08)
    assert (np.abs(draws.mean(axis=0) - entropy_weights(X)) < 0.3 * jackknife).all()


def test_an_index_is_the_mean_of_its_dimensions_in_every_draw(table):
    """Entropy weights of a dimension are those of the whole rescaled, if draws of both are the same."""
    indexed = index(table, draws=50)
    assert list(indexed.values) == ["Y", "Y1", "Y2", "X"]
    share = indexed.weight_draws["Y"][:, :2].sum(axis=1, keepdims=True)
    both = share * indexed.value_draws["Y1"] + (1 - share) * indexed.value_draws["Y2"]
    np.testing.assert_allclose(indexed.value_draws["Y"], both, atol=1e-12)


def test_weights_table(table):
    indexed = index(table, draws=200)
    found = weights_table(indexed)
    mine = found[found["index"] == "X"]
    assert list(mine["indicator"]) == ["a", "e", "f"]
    assert mine["weight"].sum() == pytest.approx(1)
    assert (mine["q2.5"] < mine["weight"]).all()
    assert (mine["weight"] < mine["q97.5"]).all()


def test_imputations_add_to_the_spread_of_the_index(table):
    from dataclasses import replace

    gone = table.X.copy()
    gone[3:6, 0] = np.nan
    gappy = replace(table, X=gone)
    plain = index(gappy, how="linear", draws=400)
    drawn = index(gappy, how="multiple", draws=400)
    np.testing.assert_array_equal(plain.values["X"], drawn.values["X"])
    ratio = drawn.value_draws["X"].std(axis=0) / plain.value_draws["X"].std(axis=0)
    assert ratio[3:6].min() > 1.2
    assert np.median(ratio) == pytest.approx(1, abs=0.05)
    with pytest.raises(po.InputError, match="is blank, as are 3 of 1440 cells"):
        index(gappy)


def test_mixture_of_posteriors():
    mixture = over_draws(lambda mu: {"b": mu + np.array([-1.0, 1.0])}, 5.0, [0.0, 10.0])
    assert list(mixture.pooled("b")) == [-1, 1, 9, 11]
    assert list(mixture.plain["b"]) == [4, 6]
    assert mixture.share("b") == pytest.approx(25 / 26)


def test_effects_over_draws_are_the_fits_of_each_panel(study, table):
    """Means are two-way least squares of each draw (linearmodels), within Monte Carlo error."""
    from posterity.data.design import build_design
    from posterity.models.frequentist import least_squares

    indexed = index(table, draws=40)
    view = study.spec("T1.1")
    panels = list(indexed.panels(3))
    mixture = effects_over_draws(view, indexed.panel(), panels, form="fixed", size=2000)
    assert mixture.draws["coef"].shape == (3, 2000, 2)
    for panel, draws in zip(
        (indexed.panel(), *panels), (mixture.plain["coef"], *mixture.draws["coef"]), strict=True
    ):
        fit = least_squares(build_design(panel, view.spec))
        np.testing.assert_allclose(draws.mean(axis=0), fit.coef[:2], atol=float(fit.std_error[0]) * 0.12)
        np.testing.assert_allclose(draws.std(axis=0), fit.std_error[:2], rtol=0.1)


def test_specifications_that_an_indexed_panel_serves(study, table):
    indexed = index(table, draws=2)
    views = usable(study, indexed.panel(), indexed.values)
    assert [view.id for view in views] == ["T1.1", "T1.2"]
    without = indexed.panel()
    frame = without.frame.drop(columns="z")
    assert [v.id for v in usable(study, Panel(frame, "city", "year", "x"), indexed.values)] == ["T1.2"]


def test_the_mixture_covers_where_plugging_in_does_not():
    """40 panels of benchmarks/indices.py's first design: true weights are Theil's of known log-normals."""
    from posterity.data.design import Design
    from posterity.models.direct import batch
    from posterity.models.priors import DEFAULTS
    from posterity.models.statistics import statistics_of_design

    n_entity, n_time, panels, draws = 30, 8, 40, 80
    spread = np.array([0.3, 0.45, 0.6])
    weights = spread**2 + 0.09
    weights /= weights.sum()
    rng = np.random.default_rng(2)
    entity, time = np.divmod(np.arange(n_entity * n_time), n_time)
    statistics = []
    for number in range(panels):
        a = np.exp(spread * rng.normal(size=(n_entity, 3)) - spread**2 / 2)
        X = a[entity] * np.exp(0.3 * rng.normal(size=(len(entity), 3)) - 0.045)
        y = X @ weights + rng.normal(size=n_entity)[entity] + 0.05 * rng.normal(size=len(entity))
        mass = entity_mass(entity, draws, number)
        values = X @ np.vstack([entropy_weights(X), entropy_weights(X, mass)]).T
        statistics += [
            statistics_of_design(
                Design(
                    "y", ("x",), y, x[:, None], entity, time, tuple(map(str, range(n_entity))), tuple(range(n_time)),
                    "entity", "time", True, True, None,
                ),
                "fixed",
            )
            for x in values.T
        ]  # fmt: skip
    fit = batch(statistics, [DEFAULTS] * len(statistics), 100)
    unit = np.array([s.scale.unit[0] for s in statistics])
    coef = (fit.theta[:, :, 0] * unit[:, None]).reshape(panels, draws + 1, 100)

    def covers(values):
        low, high = np.quantile(values.reshape(panels, -1), [0.025, 0.975], axis=1)
        return int(((low < 1) & (high > 1)).sum())

    assert covers(coef[:, 0]) <= 28
    assert covers(coef[:, 1:]) >= 32


def test_simulated_structure():
    """Shares of variance and persistence of the latent series are the assumed ones."""
    fixed = Assumptions((0.5, 0.5), (0.8, 0.8), (0.5, 0.5), (0.7, 0.7))
    latent, spread = _latent(fixed, (200, 40), 40, np.random.default_rng(1))
    grid = latent.reshape(40, 200, 40)
    assert (spread == 0.5).all()
    assert grid.mean(axis=2).var() == pytest.approx(0.8 + 0.1 * 0.136, abs=0.05)  # mean of 40 years: 0.136
    within = grid - grid.mean(axis=1, keepdims=True)
    within -= within.mean(axis=2, keepdims=True)
    assert within.var() == pytest.approx(0.1, abs=0.02)
    lagged = (within[:, :, 1:] * within[:, :, :-1]).mean() / within.var()
    assert lagged == pytest.approx(0.7, abs=0.08)


def test_swept_least_squares_is_that_of_linearmodels(study, table):
    from posterity.data.design import build_design
    from posterity.models.frequentist import least_squares

    panel = index(table, draws=2).panel()
    for name, effects in (("T1.1", (True, True)), ("T1.2", (False, False))):
        design = build_design(panel, study.spec(name).spec)
        coef, slope = _ols(np.column_stack([design.y, design.X])[None], (30, 8), effects)
        np.testing.assert_allclose(coef[0], least_squares(design).coef[:-1], rtol=1e-9)
        np.testing.assert_allclose(slope[0], coef[0] * design.X.std(axis=0) / design.y.std(), rtol=1e-9)


def shared_study(folder, indicators, spec, shared=""):
    (folder / "indicators.csv").write_text(
        "index,dimension,indicator,direction\n" + indicators, encoding="utf-8"
    )
    text = STUDY.split("[spec")[0] + f'[spec."T1.1"]\nformula = "{spec}"\n' + shared
    (folder / "study.toml").write_text(text, encoding="utf-8")
    study = po.load(folder / "study.toml")
    return study, read_systems(study.file.indicators_path)


def test_indices_of_the_same_indicator_have_coefficient_one(folder):
    study, systems = shared_study(folder, "Y,,a,+\nX,,a,+\n", "Y ~ X + z | city + year")
    (found,) = built_in(study.spec("T1.1"), systems, [], simulations=120)
    np.testing.assert_allclose(found.shared, 1, atol=1e-9)
    assert abs(found.apart.mean()) < 4 * found.apart.std() / np.sqrt(120)
    assert (found.names, found.published, found.share_at_least) == (("a",), 0.5, 1.0)


def test_half_of_equal_indicators_shared_is_half_of_the_coefficient(folder):
    """Two indicators alike in law, one shared: the slope of (a + b) on (a + c) is 1/2."""
    study, systems = shared_study(folder, "Y,,a,+\nY,,b,+\nX,,a,+\nX,,c,+\n", "Y ~ X | city + year")
    narrow = Assumptions((0.05, 0.05), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    (found,) = built_in(study.spec("T1.1"), systems, [], narrow, simulations=400)
    assert found.shared_slope.mean() == pytest.approx(0.5, abs=0.04)


def test_near_duplicates_and_variables_that_are_indicators(folder):
    """A near-duplicate gives about its correlation; a variable that is the indicator itself gives 1."""
    declared = '[[shared]]\nnames = ["a", "b"]\nalike = 0.8\n'
    study, systems = shared_study(folder, "Y,,a,+\nX,,b,+\n", "Y ~ X | city + year", declared)
    narrow = Assumptions((0.05, 0.05), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    (found,) = built_in(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=400)
    assert found.shared_slope.mean() == pytest.approx(0.8, abs=0.05)
    assert found.names == ("a",)

    declared = '[[shared]]\nnames = ["log(a)", "W"]\n'
    study, systems = shared_study(folder, "X,,a,+\n", "log(W) ~ X", declared.replace("log(a)", "a"))
    (found,) = built_in(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=40)
    assert found.shared_slope.min() > 0.999
    study, systems = shared_study(folder, "X,,a,+\n", "W ~ X", declared)
    (found,) = built_in(study.spec("T1.1"), systems, study.file.shared, narrow, simulations=40)
    assert found.shared_slope.min() > 0.999
    assert found.published is None


def test_built_in_association_of_liu_li_2025():
    """T4.2: with effects, what is not shared associates nothing; what is shared does."""
    study = po.load("liu-li-2025")
    systems = read_systems(study.file.indicators_path)
    assert {"T4.2", "T9.1", "T9.2"} <= {view.id for view in simulable(study, systems)}
    assert [
        v.id
        for v in simulable(
            po.load("bashlai-2026"), read_systems(po.load("bashlai-2026").file.indicators_path)
        )
    ] == []
    (found,) = built_in(study.spec("T4.2"), systems, study.file.shared, simulations=300)
    assert (found.published, found.std_error) == (0.205, 0.041)
    assert set(found.names) == {"gdp_per_capita", "rd_intensity", "forest_coverage", "broadband_ports"}
    assert abs(found.apart.mean()) < 4 * found.apart.std() / np.sqrt(300)
    assert found.shared.mean() > 10 * found.shared.std() / np.sqrt(300)
    assert found.how.startswith(ASSUMED.sentence)
    assert found.how.endswith("A guess: broadband_users and broadband_ports correlate 0.8.")
    assert "0.6 to 0.95 of the variance between entities" in found.how


def test_shuffling_a_panel_keeps_an_indicator_and_breaks_its_links(study, table, folder):
    """Shuffled entities keep their rows; the same indicator in both indices keeps its coefficient of one."""
    indexed = index(table, draws=2)
    source = source_of(study.spec("T1.1"), table.systems, indexed)
    assert isinstance(source, Shuffle)
    assert source.size == (30, 8)
    rng = np.random.default_rng(1)
    seen: dict[str, np.ndarray] = {}
    drawn = source.draw("a", None, source.size, seen, 2, rng).reshape(2, 30, 8)
    np.testing.assert_array_equal(np.sort(drawn[1][:, 0]), np.sort(source.columns["a"][:, 0]))
    np.testing.assert_array_equal(drawn[0], source.columns["a"][seen["a"][0]])
    assert (seen["a"][0] != seen["a"][1]).any()
    alone, systems = shared_study(folder, "Y,,a,+\nX,,a,+\n", "Y ~ X + z | city + year")
    (found,) = built_in(alone.spec("T1.1"), systems, [], source, simulations=200)
    np.testing.assert_allclose(found.shared, 1, atol=1e-9)
    assert abs(found.apart.mean()) < 4 * found.apart.std() / np.sqrt(200)
    assert "change places among city names" in found.how
    without = Panel(table.panel.frame.drop(columns="z"), "city", "year", "x")
    assert (
        source_of(study.spec("T1.1"), table.systems, index(match(without, table.systems), draws=2)) is ASSUMED
    )


def test_conventions_are_distinct_and_the_mistake_is_marked():
    listed = conventions()
    assert len({c.label for c, _ in listed}) == len(listed)
    assert {c.constant for c, good in listed if not good} == {"years"}
    assert {c.constant for c, good in listed if good} == {"rows"}
    assert {c.weighting for c, _ in listed} == {"entropy", "equal", "pca"}


def test_multiverse_holds_each_convention(study, table):
    from posterity.data.design import build_design

    curve = multiverse(study.spec("T1.1"), table, "X", form="fixed")
    assert len(curve.mean) == len(conventions())
    number = [c.label for c in curve.conventions].index(Convention("equal", standard="z").label)
    values = {
        name: composite(table.X[:, table.where(s)], s.negative, Convention("equal", standard="z")).values
        for name, s in table.systems.items()
    }
    frame = table.panel.frame.assign(**values)
    design = build_design(Panel(frame, "city", "year", "x"), study.spec("T1.1").spec)
    _, slope = _ols(np.column_stack([design.y, design.X])[None], (30, 8), (True, True))
    assert curve.mean[number] == pytest.approx(slope[0, 0], abs=0.02)
    assert (curve.low < curve.mean).all()
    assert (curve.mean < curve.high).all()


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["posterity", "index", *arguments])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command(folder, monkeypatch, capsys):
    code, out, err = call(
        monkeypatch, capsys, "study.toml", "--indicators", "raw-SYNTHETIC.csv", "--json", "--only", "T1.1"
    )
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert (record["synthetic"], record["entities"], record["unused"]) == (True, 30, ["z"])
    assert list(record["indices"]) == ["Y", "Y1", "Y2", "X"]
    place = folder / "posterity-out" / "mine" / "index"
    assert sorted(p.name for p in place.iterdir()) == sorted(record["files"])
    data = [name for name in record["files"] if not name.startswith(("manifest", "built-in"))]
    assert all("SYNTHETIC" in name for name in data)
    panel = Panel.read(place / "panel-SYNTHETIC.parquet", entity="city", time="year")
    assert panel.synthetic
    assert {"Y", "Y1", "X", "Y_topsis", "Y_q2.5", "a", "z"} <= set(panel.frame.columns)
    weights = pd.read_csv(place / "weights-SYNTHETIC.csv")
    assert list(weights["column"][weights["index"] == "Y"]) == list("abcd")
    one, two = record["coefficients"]
    assert (one["id"], two["id"]) == ("T1.1.X", "T1.1.z")
    assert one["with_index_uncertainty"]["sd"] > one["as_computed"]["sd"] * 0.9
    assert record["built_in"][0]["published"] == 0.5
    assert len(record["conventions"]["rows"]) == len(conventions())
    assert json.loads((place / "manifest.json").read_text())["outputs"].keys() < set(record["files"])


def test_command_without_data_shows_what_is_built_in(folder, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "study.toml")
    assert code == 0
    assert "built in (SIMULATED)" in out
    assert (folder / "posterity-out" / "mine" / "index" / "built-in-SIMULATED.svg").exists()


def in_raw(change):
    def write(folder):
        frame = pd.read_csv(folder / "raw-SYNTHETIC.csv").astype(object)
        change(frame).to_csv(folder / "raw-SYNTHETIC.csv", index=False)

    return write


def cell(row, column, value):
    def change(frame):
        frame.loc[row - 2, column] = value
        return frame

    return in_raw(change)


GROUPS = '\n[groups.region]\n"all" = [' + ", ".join(f'"c{i:02d}"' for i in range(30)) + "]\n"


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        (in_raw(lambda f: f.drop(columns="e")), (), "lacks 1 of the 3 indicators of X: 'e'; add these columns"),
        (cell(7, "e", "many"), (), "row 7, column 'e': 'many' is not a number"),
        (cell(7, "e", ""), (), "row 7, column 'e' is blank, as are 1 of 1440 cells of indicators; fill them with --fill"),
        (in_raw(lambda f: f.assign(e=f["e"].where(f["city"] != "c03"))), ("--fill", "linear"), "'c03' has no value of 'e' in any year"),
        (in_raw(lambda f: f.assign(a=1, e=1, f=1)), (), "index X: every indicator is constant"),
        (in_raw(lambda f: f.rename(columns={"z": "X"})), (), "has already a column 'X', the name of an index"),
        (lambda d: cell(7, "city", "c0")(d) or (d / "study.toml").write_text(STUDY + GROUPS, encoding="utf-8"), (),
         "row 7, column 'city': 'c0' (2006, 1 row) is not a known city; did you mean 'c00', which lacks just"),
        (lambda d: (d / "indicators.csv").unlink(), (), "indicators.csv does not exist"),
        (lambda d: (d / "study.toml").write_text(STUDY.replace('indicators = "indicators.csv"', ""), encoding="utf-8"), (),
         "names no indicators: add 'indicators"),
        (lambda d: (d / "study.toml").write_text(STUDY.replace('"indicators.csv"', '"../i.csv"'), encoding="utf-8"), (),
         "study.indicators '../i.csv' lies outside the study's folder"),
        (lambda d: (d / "study.toml").write_text(STUDY.replace('"log(b)", "z"', '"b"'), encoding="utf-8"), (), "shared.0.names"),
        (lambda d: None, ("--method", "pca", "--standard", "minmax"), "use standard z"),
        (lambda d: None, ("--offset", "3"), "offset 3 must lie in [0, 1)"),
        (lambda d: None, ("--only", "T9"), "mine has no specification 'T9'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(folder, monkeypatch, capsys, change, arguments, sentence):
    change(folder)
    code, out, err = call(monkeypatch, capsys, "study.toml", "--indicators", "raw-SYNTHETIC.csv", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert sentence in err
    assert "Traceback" not in err
