"""Two small fits with hostile names, one of printed tables, one of a SYNTHETIC panel; and a browser."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.run.results import Widening

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SCRIPT = "<script>alert(1)</script>"
TEX = "a_b$%&^~#{}\\x"
CHINESE = "共同富裕"
LONG = "long_name_" * 20
FORMULA = "=cmd|x"
TERMS = (SCRIPT, TEX, LONG, FORMULA)
HEADER = "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note"

STUDY = f"""
[study]
name = "hostile"
title = '''{SCRIPT} {TEX} {CHINESE}'''
authors = '<img src=x onerror=alert(1)> 李毅'
source = 'http://example.org/ & "x"'
summary = '<b>claim</b>'
entity = "省份"
time = "year"
published = "published.csv"

[panel]
file = "panel-SYNTHETIC.csv"

[variables]
'{SCRIPT}' = '<i>a regressor</i>'

[spec."T1.1"]
label = '''pooled </td> {TEX} {CHINESE} {LONG}'''
formula = '''`{CHINESE}` ~ {" + ".join(f"`{t}`" for t in TERMS)}'''
steps = [{{ interpolate = true }}]

[spec."T1.2"]
label = "with effects $x^"
formula = '''`{CHINESE}` ~ {" + ".join(f"`{t}`" for t in TERMS)} | `省份` + year'''

[spec."T2.1"]
formula = '''`{CHINESE}` ~ `{SCRIPT}` + `{LONG}`'''
"""


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium for the tests of a module; longer, its event loop would be in the way of others'."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine; Debian's package is called chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield instance
        instance.close()


def _quoted(text):
    return '"' + text.replace('"', '""') + '"'


DOUBT = _quoted("<b>doubt</b> & $x$")


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(1)
    keys = pd.MultiIndex.from_product(
        [[f"省{i}" for i in range(8)], range(2000, 2008)], names=["省份", "year"]
    )
    frame = pd.DataFrame(rng.normal(size=(64, 4)), index=keys, columns=list(TERMS)).reset_index()
    slopes = dict(zip(TERMS, (0.8, 0.2, 0.3, -0.5), strict=True))
    frame[CHINESE] = sum(b * frame[t] for t, b in slopes.items()) + rng.normal(size=64)
    frame.loc[3, SCRIPT] = np.nan
    frame.to_csv(folder / "panel-SYNTHETIC.csv", index=False)
    rows = [
        (t, c, term)
        for t, c, terms in (("T1", 1, TERMS), ("T1", 2, TERMS), ("T2", 1, (SCRIPT, LONG)))
        for term in terms
    ]
    lines = [
        f"{t},{c},{_quoted(term)},{slopes[term]:.3f},0.05,,***,,,,64,0.9,{CHINESE},{DOUBT}"
        for t, c, term in rows
    ]
    (folder / "published.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    (folder / "study.toml").write_text(STUDY)
    return po.load(folder)


@pytest.fixture(scope="session")
def tables_fit(study):
    return po.fit(study, evidence="tables", draws=200)


@pytest.fixture(scope="session")
def panel_fit(study):
    return po.fit(study, study.panel(), only=["T1.1"], draws=200)


@pytest.fixture(scope="session")
def widened_fit(panel_fit):
    """The fit of a panel whose first slope has, with effects, twice the model's error on 5 clusters."""
    one = panel_fit.specs["T1.1"]
    beside = replace(one.with_effects, widening={SCRIPT: Widening(1.0, 2.0, 5)})
    return replace(panel_fit, specs={"T1.1": replace(one, with_effects=beside)})


@pytest.fixture(scope="session")
def tables_folder(tables_fit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables-report")
    po.write_report(tables_fit, folder, "posterity run <hostile>")
    return folder


@pytest.fixture(scope="session")
def panel_folder(panel_fit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel-report")
    po.write_report(panel_fit, folder)
    return folder
