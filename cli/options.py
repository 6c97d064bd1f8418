"""The application, and the options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    help="How will a published panel-data result look to posterity?",
)


class Evidence(StrEnum):
    """What the posterior is conditioned on."""

    tables = "tables"
    twin = "twin"
    panel = "panel"


class Engine(StrEnum):
    """How posteriors are computed."""

    nuts = "nuts"
    collapsed = "collapsed"


class Device(StrEnum):
    """Where NUTS runs."""

    cpu = "cpu"
    gpu = "gpu"


class Form(StrEnum):
    """How effects are modelled."""

    fixed = "fixed"
    random = "random"
    mundlak = "mundlak"


StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="a study's name, or the path of its TOML file or folder")
]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output on standard output")]
PanelFile = Annotated[
    Path | None, typer.Option("--panel", help="CSV, Parquet, Stata .dta or Excel file of microdata")
]
Only = Annotated[list[str] | None, typer.Option("--only", help="columns (T4.2) or tables (T4); repeatable")]
Draws = Annotated[int, typer.Option(min=50, max=100_000, help="draws per chain; there are four chains")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1)]
OfEvidence = Annotated[
    Evidence | None, typer.Option("--evidence", help="default: panel where there is one, else tables")
]
OfForm = Annotated[Form | None, typer.Option("--form", help="form of the effects")]
Prior = Annotated[
    list[str] | None, typer.Option("--prior", help='such as "slope=normal(0, 0.5)"; repeatable')
]
Twins = Annotated[int, typer.Option(min=2, max=1000, help="how many SYNTHETIC panels --evidence twin mixes")]
Fresh = Annotated[bool, typer.Option("--fresh", help="compute again what was computed before")]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="address of a Dask scheduler that you trust, tcp://host:8786"),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=1024, help="processes here; default: one, and one a core for many twins"
    ),
]
Out = Annotated[Path, typer.Option("--out", help="folder of the outputs; STUDY gets a folder in it")]
