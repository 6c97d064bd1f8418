"""The main job as a user runs it: outputs, determinism, and going on after a kill."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest

SECONDS = re.compile(r'"seconds": [0-9.e+-]+')
COMMAND = [sys.executable, "-m", "posterity.cli"]
RUN = ["run", "mine", "--draws", "150", "--seed", "3"]


def posterity(folder, *arguments):
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


def comparison(folder):
    return SECONDS.sub("", (folder / "mine" / "comparison.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with the template study, run once without interruption."""
    folder = tmp_path_factory.mktemp("run")
    assert posterity(folder, "new", "mine").returncode == 0
    result = posterity(folder, *RUN, "--out", "whole")
    assert result.returncode == 0, result.stderr
    return folder


def test_outputs_of_the_contract(done):
    out = done / "whole" / "mine"
    for name in ("report.html", "comparison.csv", "comparison.json", "manifest.json"):
        assert (out / name).is_file(), name
    for pattern in ("tables/*.tex", "figures/*.png", "figures/*.svg", "posteriors/*.nc"):
        assert list(out.glob(pattern)), pattern
    record = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert (record["study"], record["evidence"]) == ("mine", "panel")
    assert len(record["panel_sha256"]) == 64
    for one in record["estimates"]:
        assert {
            "id",
            "table",
            "column",
            "term",
            "kind",
            "published",
            "reproduced",
            "posterior",
            "verdict",
            "flags",
        } <= set(one)
        assert set(one["posterior"]) == {
            "mean",
            "sd",
            "q2.5",
            "q97.5",
            "prob_positive",
            "ess_bulk",
            "r_hat",
            "k_hat",
        }
        assert one["reproduced"]["within_rounding"] is True
        assert "SYNTHETIC panel" in one["flags"]
    pooled = next(e for e in record["estimates"] if e["id"] == "T1.1.training")
    assert pooled["with_effects"]["mean"] < 0.5 * pooled["posterior"]["mean"]


def test_kill_9_in_the_middle_then_the_same_command(done):
    posteriors = done / "killed" / "mine" / "posteriors"
    process = subprocess.Popen([*COMMAND, *RUN, "--out", "killed"], cwd=done, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not list(posteriors.glob("*.nc")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = {p.name: p.stat().st_mtime_ns for p in posteriors.glob("*.nc")}
    assert 0 < len(before) < 5
    result = posterity(done, *RUN, "--out", "killed")
    assert result.returncode == 0, result.stderr
    after = {p.name: p.stat().st_mtime_ns for p in posteriors.glob("*.nc")}
    assert len(after) == 5  # T1.1 pooled and with effects, T1.2; two of them under AR(1) errors too
    assert {name: after[name] for name in before} == before
    assert comparison(done / "killed") == comparison(done / "whole")
    assert not list(posteriors.glob(".*"))


def test_report_again_from_what_was_run(done):
    out = done / "whole" / "mine"
    first = comparison(done / "whole")
    fits = {p.name: p.stat().st_mtime_ns for p in (out / "posteriors").iterdir()}
    (out / "report.html").unlink()
    result = posterity(done, "report", "mine", "--out", "whole", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["study"] == "mine"
    assert (out / "report.html").is_file()
    assert comparison(done / "whole") == first
    assert {p.name: p.stat().st_mtime_ns for p in (out / "posteriors").iterdir()} == fits


def test_list_show_and_check_speak_json(done):
    listed = {row["study"]: row["name"] for row in json.loads(posterity(done, "list", "--json").stdout)}
    assert (listed["munnell-1990"], listed["mine"]) == ("munnell-1990", "mine")
    shown = json.loads(posterity(done, "show", "liu-li-2025", "--json").stdout)
    assert (len(shown["specs"]), shown["evidence"]) == (33, ["tables"])
    checked = json.loads(posterity(done, "check", "mine", "--json").stdout)
    assert all(spec["usable"] for spec in checked["specs"])


def test_settings_of_other_tools_are_no_studies(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a study"\n')
    (tmp_path / "broken.toml").write_text('[study]\ntitel = "a paper"\n')
    (tmp_path / "quoted.toml").write_text('["study"]\ntitel = "a paper"\n')
    code, shown, said = call("list", "--json")
    assert code == 0
    assert {row["name"] for row in json.loads(shown)} == {"bashlai-2026", "liu-li-2025", "munnell-1990"}
    assert "broken.toml" in said
    assert "quoted.toml" in said
    assert "pyproject" not in said


def test_robustness_of_other_settings_is_not_in_the_report_and_said(tmp_path, call):
    only = ("bashlai-2026", "--only", "T5.1", "--out", str(tmp_path))
    code, _, said = call("priors", *only)
    assert (code, "not in its report" in said) == (0, False)
    page = tmp_path / "bashlai-2026" / "report.html"
    assert 'id="robust-priors"' in page.read_text()
    code, _, said = call("run", *only, "--draws", "500")
    assert code == 0
    again = f"'posterity robustness bashlai-2026 --only T5.1 --draws 500 --out {tmp_path}' makes it anew"
    assert again in " ".join(said.split())
    assert 'id="robust-priors"' not in page.read_text()
