"""A few of the kills and damaged stores of benchmarks/faults.py, which makes hundreds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "faults.py"


@pytest.mark.parametrize("what", ["kills", "damage"])
def test_nothing_finished_is_lost_and_no_result_is_another(what):
    command = [sys.executable, str(SCRIPT), what, "4", "--only", "fits of bashlai-2026", "--seed", "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr[-2000:]
    seen = json.loads(result.stdout.partition(": ")[2])
    assert seen["kills" if what == "kills" else "stores"] == 4
    for wrong in ("finished fits lost or changed", "other results", "left half written", "failed", "refused"):
        assert seen.get(wrong, 0) == 0, seen
    assert what == "kills" or seen["made anew or mended"] == 4
