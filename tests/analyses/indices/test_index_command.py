"""`posterity index`: what it leaves, and its answers to bad input."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from posterity.analyses.indices.conventions import conventions
from posterity.data.panel.panel import Panel


def test_command(folder, call):
    code, out, err = call(
        "index", "study.toml", "--indicators", "raw-SYNTHETIC.csv", "--json", "--only", "T1.1"
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


def test_command_without_data_shows_what_is_built_in(folder, call):
    code, out, _ = call("index", "study.toml")
    assert code == 0
    assert "built in (SIMULATED)" in out
    assert (folder / "posterity-out" / "mine" / "index" / "built-in-SIMULATED.svg").exists()


def in_raw(change):
    def write(folder):
        frame = pd.read_csv(folder / "raw-SYNTHETIC.csv").astype(object)
        change(frame).to_csv(folder / "raw-SYNTHETIC.csv", index=False)

    return write


def in_study(change):
    def write(folder):
        path = folder / "study.toml"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

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
        (in_raw(lambda f: f.drop(columns="e")), (),
         "lacks 1 of the 3 indicators of X: 'e'; add these columns"),
        (cell(7, "e", "many"), (), "row 7, column 'e': 'many' is not a number"),
        (cell(7, "e", ""), (),
         "row 7, column 'e' is blank, as are 1 of 1440 cells of indicators; fill them with --fill"),
        (in_raw(lambda f: f.assign(e=f["e"].where(f["city"] != "c03"))), ("--fill", "linear"),
         "'c03' has no value of 'e' in any year"),
        (in_raw(lambda f: f.assign(a=1, e=1, f=1)), (), "index X: every indicator is constant"),
        (in_raw(lambda f: f.rename(columns={"z": "X"})), (),
         "has already a column 'X', the name of an index"),
        (lambda d: cell(7, "city", "c0")(d) or in_study(lambda text: text + GROUPS)(d), (),
         "row 7, column 'city': 'c0' (2006, 1 row) is not a known city; "
         "did you mean 'c00', which lacks just"),
        (lambda d: (d / "indicators.csv").unlink(), (), "indicators.csv does not exist"),
        (in_study(lambda text: text.replace('indicators = "indicators.csv"', "")), (),
         "names no indicators: add 'indicators"),
        (in_study(lambda text: text.replace('"indicators.csv"', '"../i.csv"')), (),
         "study.indicators '../i.csv' lies outside the study's folder"),
        (in_study(lambda text: text.replace('"log(b)", "z"', '"b"')), (), "shared.0.names"),
        (lambda d: None, ("--method", "pca", "--standard", "minmax"), "use standard z"),
        (lambda d: None, ("--offset", "3"), "offset 3 must lie in [0, 1)"),
        (lambda d: None, ("--only", "T9"), "mine has no specification 'T9'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(folder, call, change, arguments, sentence):
    change(folder)
    code, out, err = call("index", "study.toml", "--indicators", "raw-SYNTHETIC.csv", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert sentence in err
    assert "Traceback" not in err
