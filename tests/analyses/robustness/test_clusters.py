"""Few clusters, and errors in a study file: the part of robustness, its section, and a fit."""

from pathlib import Path

import numpy as np
import pytest
from xarray import DataTree

import posterity as po
from posterity.analyses.robustness.clusters import clusters
from posterity.analyses.run.fits import Fit
from posterity.analyses.run.results import Request, SpecFit
from posterity.data.panel.panel import Panel
from posterity.data.published import COLUMNS
from posterity.models.engine.sampling import Sampler
from posterity.reports.robustness.clusters.section import section

from ...there import there

TOML = """
[study]
name = "clusters"
title = "SYNTHETIC panel with a slope that differs by region"
entity = "city"
time = "year"
published = "published.csv"

[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
vcov = { cluster = "region" }
ERRORS
"""
PRINTED = f"{','.join(COLUMNS)}\n" + "".join(
    f"T1,1,{term},{numbers}{',' * (len(COLUMNS) - 5)}\n"
    for term, numbers in (("x1", "0.500,0.100"), ("x2", "-0.200,0.050"))
)


def study(folder: Path, errors: str = ""):
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(TOML.replace("ERRORS", errors))
    (folder / "published.csv").write_text(PRINTED)
    return po.load(folder)


@pytest.fixture
def panel(simulate):
    frame = simulate(n_entity=16, n_time=6, seed=3)
    frame["region"] = frame["city"].str[1:].astype(int) % 4
    frame["y"] += np.array([-0.6, -0.1, 0.2, 0.8])[frame["region"]] * frame["x1"]
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC")


def fitted(one_study, panel=None, inputs=None):
    view = one_study.spec("T1.1")
    design = view.design(panel) if panel else None
    printed = one_study.file.printed("T1.1")
    return SpecFit(
        view,
        DataTree(),
        view.priors(),
        printed,
        "collapsed",
        0.0,
        form="mundlak",
        design=design,
        inputs=inputs or {},
    )


def test_slopes_that_differ_by_cluster_widen_what_independent_errors_hide(panel, tmp_path):
    """Four regions whose slopes have a standard deviation of 0.5: their mean is known to about 0.5 / 2."""
    mine = study(tmp_path)
    records = there(clusters(fitted(mine, panel), [panel], Request("panel")))
    assert (records["clusters"], records["df"], records["weights"]) == (4, 3, "webb")
    assert records["smallest_by_signs"] == 0.125
    (term,) = records["terms"]
    assert term["term"] == "x1"
    assert term["tests"]["wild"][0] >= records["smallest"]
    sd = {name: posterior["sd"] for name, posterior in term["posterior"].items()}
    assert sd["independent"] < 0.1
    assert 0.15 < sd["slopes"] < 0.5
    low, high = term["robust"][1:]
    assert sd["slopes"] == pytest.approx((high - low) / 2 / 3.18, rel=0.6)
    fit = Fit(
        mine,
        "panel",
        panel,
        Sampler(),
        {"T1.1": fitted(mine, panel)},
        {},
        robustness={"T1.1": {"clusters": records}},
    )
    found = there(section(fit, []))
    assert "0.125" in found.body
    assert "can never reject at 5%" in found.body
    assert found.figure_files[0].svg.startswith(b"<?xml")


def test_printed_t_is_read_on_its_degrees_of_freedom():
    """liu-li-2025, T4.2: NqP 0.205 with 0.041 on 3 degrees of freedom; p by the t law of SciPy."""
    fit = po.fit(po.load("liu-li-2025"), only="T4.2", evidence="tables", draws=200)
    records = there(clusters(fit.specs["T4.2"], [], Request("tables")))
    term = next(t for t in records["terms"] if t["term"] == "NqP")
    assert term["df"] == 3
    assert term["p_value"] > 10 * term["normal"]
    assert records["panels"] == 0


def test_a_study_may_say_what_the_errors_are(panel, tmp_path):
    fit = po.fit(study(tmp_path, 'errors = "ar1"'), panel, draws=250)
    tree = fit["T1.1"]
    assert tree.attrs["errors"] == "ar1"
    assert tree.attrs["method"] == "importance"
    assert tree["posterior"]["rho_error"].dims == ("chain", "draw")
    assert tree["posterior"]["coef"].sizes["term"] == 2
    assert "rho_error" in study(tmp_path, 'errors = "ar1"').spec("T1.1").model(panel).named_vars


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('errors = "arma"', "errors"),
        ('errors = "ar1"\nvarying = { by = "region" }', "varying"),
        ('kind = "mediation"\nmediator = "x2"\nerrors = "ar1"', "errors"),
    ],
)
def test_errors_that_do_not_fit_the_specification_are_refused(line, words, tmp_path):
    with pytest.raises(po.InputError, match=words):
        study(tmp_path, line)


def test_a_column_without_clusters_has_nothing_to_say(panel, tmp_path):
    study(tmp_path)
    text = (tmp_path / "study.toml").read_text().replace('vcov = { cluster = "region" }', "")
    (tmp_path / "study.toml").write_text(text)
    assert clusters(fitted(po.load(tmp_path), panel), [panel], Request("panel")) is None
