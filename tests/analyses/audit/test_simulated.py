"""Tables printed from real regressions raise no alarm; one misprint is found by the rule it should."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

import pytest

import posterity as po
from posterity.analyses.audit import RULES, audit, columns, correlations

ROOT = Path(__file__).parents[3]
STUDIES = 20


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        write_study = importlib.import_module("benchmarks.printed_studies").write_study
    place = tmp_path_factory.mktemp("SYNTHETIC")
    truths = [write_study(place / str(seed), 5000 + seed) for seed in range(STUDIES)]
    return [(place / str(seed), truth) for seed, truth in enumerate(truths)]


def quick(folder):
    """The audit without the search for a correlation matrix, which takes the most time."""
    tables = columns.arrange(po.load(folder).file)
    return [f for rule in RULES if rule is not correlations for f in rule(tables)]


def test_no_table_printed_from_regressions_is_called_impossible(studies):
    alarms, sums = [], 0
    for at, (folder, truth) in enumerate(studies):
        found = quick(folder) if at % 5 else audit(po.load(folder))
        alarms += [f for f in found if f.status == "impossible"]
        sums += any(f.rule == "weighted_sum" for f in found)
        for f in found:
            if (
                f.rule == "implied_df"
                and f.status == "only_if"
                and truth["clustered"]
                and "T4" in f.statement
            ):
                assert _explains(folder, f.where, truth["df"])
    assert not alarms
    assert sums >= STUDIES / 4


def _explains(folder, where, df):
    from posterity.analyses.audit.stars import groups

    group = next(
        g
        for g in groups(columns.arrange(po.load(folder).file))[0]
        if where[0] in {c.printed.id for c in g.cells}
    )
    return group.hits(df) == len(group.legible)


def misprinted(folder, target, cell, change):
    """The study with one cell of published.csv changed, in a folder of its own."""
    place = target / "misprinted"
    place.mkdir()
    (place / "study.toml").write_text((folder / "study.toml").read_text(encoding="utf-8"), encoding="utf-8")
    with (folder / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    name, column = cell
    hits = [r for r in rows if f"{r['table']}.{r['column']}.{r['term']}" == name]
    assert len(hits) == 1
    hits[0][column] = change(hits[0][column])
    with (place / "published.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return quick(place)


def shifted(by):
    def change(text):
        places = len(text.partition(".")[2])
        return f"{float(text) + by:.{places}f}"

    return change


@pytest.mark.parametrize(
    ("cell", "change", "rule"),
    [
        (("T2.0.R2", "estimate"), shifted(0.2), "r2_t"),
        (("T2.0._cons", "estimate"), shifted(0.3), "simple_regression"),
        (("T2.2._cons", "estimate"), shifted(0.3), "through_means"),
        (("T1.sd.x1", "estimate"), lambda text: f"{float(text) * 50:.2f}", "bounds"),
        (("T1.mean.x1", "estimate"), lambda text: f"{float(text) + 1000:.2f}", "bounds"),
        (("T3.VIF.mean", "estimate"), shifted(0.4), "vif"),
        (("T3.1/VIF.x1", "estimate"), lambda text: f"{float(text) / 2:.3f}", "vif"),
        (("T7.1.N", "estimate"), lambda text: str(int(text) + 7), "subsample"),
        (("T5.1.x1", "estimate"), lambda text: f"{float(text) * 3 + 1:.3f}", "mediation_identity"),
        (("T8.x1.F1_crit5", "estimate"), lambda text: f"{float(text) * 9:.4f}", "threshold"),
        (("T8.x1.threshold1", "estimate"), lambda text: f"{float(text) + 1000:.2f}", "threshold"),
        (("T6.m.direct", "ci_high"), lambda text: f"{abs(float(text)) * 2 + 1:.4f}", "interval"),
    ],
)  # fmt: skip
def test_a_misprint_is_found(studies, tmp_path, cell, change, rule):
    folder = studies[0][0]
    before = {(f.rule, f.status, f.where) for f in quick(folder) if f.status != "consistent"}
    after = [f for f in misprinted(folder, tmp_path, cell, change) if f.status != "consistent"]
    new = [f for f in after if (f.rule, f.status, f.where) not in before]
    assert rule in {f.rule for f in new}
    assert any(cell[0] in f.where for f in new if f.rule == rule)


def bashlai(folder, cell, misprint):
    """Bashlai's tables with one line of published.csv changed, without claims and indicators."""
    study = po.load("bashlai-2026").file
    text = study.published_path.read_text(encoding="utf-8")
    assert text.count(cell) == 1
    (folder / "published.csv").write_text(text.replace(cell, misprint), encoding="utf-8")
    toml = study.path.read_text(encoding="utf-8").split("[[claim]]")[0]
    toml = toml.replace("../data/bashlai_2026/published.csv", "published.csv")
    toml = "\n".join(line for line in toml.splitlines() if not line.startswith("indicators"))
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return folder


def test_a_misprinted_slope_in_nested_columns_is_named(tmp_path):
    """Bashlai's T5.4: 0.215 printed as 0.251 breaks the one correlation matrix; leaving it out mends it."""
    folder = bashlai(tmp_path, "T5,4,TRADE,0.215", "T5,4,TRADE,0.251")
    found = correlations(columns.arrange(po.load(folder).file))
    assert [f.status for f in found] == ["impossible"]
    assert "T5.4.TRADE" in found[0].where
    assert len(found[0].where) <= 3


def test_stars_that_no_distribution_gives_are_found(tmp_path):
    folder = bashlai(tmp_path, "T5,3,NQP,0.801,,18.08,***", "T5,3,NQP,0.801,,18.08,*")
    found = [f for f in quick(folder) if f.status == "impossible"]
    assert [(f.rule, f.where) for f in found] == [("stars", ("T5.3.NQP",))]
