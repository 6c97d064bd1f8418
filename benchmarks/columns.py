"""Processor seconds of one fit of each column of a study on a SYNTHETIC twin, programs being compiled.

python benchmarks/columns.py STUDY TWIN.parquet OTHER-TWIN.parquet
"""

from __future__ import annotations

import sys
import time

import posterity as po
from posterity.analyses.run.fit import on_panel
from posterity.analyses.run.results import Request
from posterity.models.engine.sampling import Sampler, prepare


def main(name: str, *files: str) -> None:
    """Fit every column to each twin, and print the seconds of the last."""
    prepare("cpu")
    study = po.load(name)
    panels = [study.panel(file) for file in files]
    request = Request("panel", Sampler())
    for view in study.specs():
        for panel in panels:
            start = time.process_time()
            on_panel(view, panel, request)()
        sys.stdout.write(f"{view.id:14} {view.kind:10} {time.process_time() - start:6.2f} s\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
