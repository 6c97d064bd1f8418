"""Every kind of bad input gives one sentence that names what is wrong, and exit status 2."""

from __future__ import annotations

import json

import pytest

from .bad_inputs import CASES, PUBLISHED, ROWS, SPECS, STUDY
from .papers import write_paper


@pytest.fixture
def folder(tmp_path, monkeypatch, frame):
    monkeypatch.chdir(tmp_path)
    write_paper(tmp_path, SPECS, ROWS)
    frame.to_csv(tmp_path / "panel.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_and_exit_2(case, folder, call):
    prepare, arguments, names = CASES[case]
    if prepare:
        prepare(folder)
    code, out, err = call(*arguments)
    assert code == 2, err
    assert out == ""
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1, err
    assert lines[0].startswith("posterity: ")
    for name in names:
        assert name in lines[0], f"{name!r} is not in {lines[0]!r}"


def test_check_speaks_of_one_column_and_the_run_of_the_others(folder, call):
    more = '[spec."T1.2"]\nformula = "y ~ x1"\nmediator = "x9"\n'
    (folder / "study.toml").write_text(STUDY + more, encoding="utf-8")
    (folder / "published.csv").write_text(PUBLISHED + ROWS.replace("T1,1", "T1,2"), encoding="utf-8")
    code, out, err = call("check", "study.toml", "--panel", "panel.csv", "--json")
    usable = {spec["id"]: (spec["usable"], spec["why"]) for spec in json.loads(out)["specs"]}
    assert (code, usable["T1.1"]) == (0, (True, ""))
    assert usable["T1.2"][0] is False
    assert "mediator 'x9'" in usable["T1.2"][1]
    assert "run the others with --only T1.1" in err


def test_check_sees_a_prior_that_a_run_refuses(folder, call):
    (folder / "study.toml").write_text(
        STUDY.replace("formula", 'priors = { slope = "half_normal(1)" }\nformula'), encoding="utf-8"
    )
    code, out, _ = call("check", "study.toml", "--panel", "panel.csv", "--json")
    assert (code, json.loads(out)["specs"][0]["usable"]) == (2, False)
    assert "half_normal(1)" in json.loads(out)["specs"][0]["why"]


def test_check_without_a_panel_reads_the_printed_numbers(folder, call):
    (folder / "published.csv").write_text(PUBLISHED + "T1,1,R2,0.9,,,,,,,84,,y,\n", encoding="utf-8")
    code, out, _ = call("check", "study.toml", "--json")
    record = json.loads(out)
    assert (code, record["panel"], record["specs"][0]["usable"]) == (0, None, True)
    assert record["specs"][0]["why"].startswith("1 of 2 printed numbers")


def test_nothing_above_fails_on_the_good_folder(folder, call):
    code, out, err = call("check", "study.toml", "--panel", "panel.csv", "--json")
    assert (code, err) == (0, "")
    assert '"usable": true' in out
