"""The command, and a paper whose tables agree with each other."""

from __future__ import annotations

import json
import sys

import posterity as po
from posterity import cli
from posterity.analyses.audit import audit


def test_munnell_is_consistent():
    assert {f.status for f in audit(po.load("munnell-1990"))} == {"consistent"}


def test_command_prints_the_contract(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["posterity", "audit", "munnell-1990", "--json"])
    cli.main()
    record = json.loads(capsys.readouterr().out)
    assert record["study"] == "munnell-1990"
    assert record["findings"]
    for finding in record["findings"]:
        assert set(finding) == {"rule", "where", "status", "value", "statement", "arithmetic"}
    monkeypatch.setattr(sys, "argv", ["posterity", "audit", "munnell-1990"])
    cli.main()
    assert "0 impossible, 0 only if" in capsys.readouterr().out
