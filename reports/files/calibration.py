"""Calibration shown: a table in Markdown, and the distribution functions of ranks within their bands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ...analyses.calibration.calibrate import simulated, verdict
from ...analyses.calibration.ranks import limits
from ...analyses.run.store import write_whole
from ..drawing.canvas import BLUE, GREY, ORANGE, box, canvas, heading, legend
from ..drawing.figures import WIDTH, drawn

ACROSS, HIGH, GAP = 4, 0.95, 0.45
COLOURS = {"prior": BLUE, "posterior": ORANGE}
HEADER = (
    "model",
    "question",
    "engine",
    "quantity",
    "n",
    "left out",
    "mean rank",
    "chi2 p",
    "KS p",
    "adjusted p",
    "beyond band",
    "coverage of 95% intervals",
)


def write_calibration(record: dict[str, Any], folder: Path, command: str) -> Path:
    """Write calibration.json, calibration.md and a figure for each model; return the path of the table."""
    figures = {}
    for subject in dict.fromkeys(c["subject"] for c in record["checks"] if c["question"] in COLOURS):
        checks = [c for c in record["checks"] if c["subject"] == subject and c["question"] in COLOURS]
        name = f"calibration-{subject}.png".replace(" ", "-")
        if checks[0]["synthetic"]:
            name = f"SYNTHETIC-{name}"
        picture = drawn(partial(figure, checks), "png")
        write_whole(folder / name, partial(Path.write_bytes, data=picture))
        figures[subject] = name
    text = json.dumps(record, indent=1, allow_nan=False)
    write_whole(folder / "calibration.json", lambda p: p.write_text(text + "\n", encoding="utf-8"))
    page = folder / "calibration.md"
    body = "\n".join(markdown(record, command, figures)) + "\n"
    write_whole(page, lambda p: p.write_text(body, encoding="utf-8"))
    return page


def markdown(record: dict[str, Any], command: str, figures: dict[str, str]) -> Iterator[str]:
    """The lines of the page."""
    yield "# Calibration\n"
    yield f"{verdict(record)}\n"
    yield f"`{command}`\n"
    if any(c["synthetic"] for c in record["checks"]):
        yield "SYNTHETIC: regressors of models marked with * are simulated.\n"
    yield from table(record)
    yield ""
    for note in dict.fromkeys(f"{c['subject']}: {c['note']}" for c in record["checks"] if c["note"]):
        yield f"- {escaped(note)}"
    for subject, name in figures.items():
        yield f"\n![{escaped(subject)}: distribution of ranks less the uniform, with 95% bands]({name})"


def table(record: dict[str, Any]) -> Iterator[str]:
    """A row for each quantity: tests where ranks must be uniform, and coverage everywhere."""
    yield "| " + " | ".join(HEADER) + " |"
    yield "|" + "---|" * len(HEADER)
    for check in record["checks"]:
        for q in check["quantities"]:
            tested = "adjusted_p" in q
            cells = [
                check["subject"] + "*" * check["synthetic"],
                check["question"],
                check["engine"],
                q["quantity"],
                str(q["simulations"]),
                str(check["left_out"]),
                f"{q['mean_rank']:.3f}",
                *(f"{q[k]:.3f}" if tested else "" for k in ("chi2_p", "ks_p")),
                f"{q['adjusted_p']:.2g}" if tested else "",
                (f"{q['outside']:.3f}" if q["outside"] else "no") if tested else "",
                f"{q['coverage']:.3f} ({q['coverage_low']:.3f} to {q['coverage_high']:.3f})",
            ]
            yield "| " + " | ".join(map(escaped, cells)) + " |"


def escaped(text: str) -> str:
    """A name from a study file as text in Markdown."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|" else c for c in text if c.isprintable())


def figure(checks: list[dict[str, Any]]) -> Figure:
    """The checks of one model: for each quantity the distribution function of its ranks less the uniform."""
    names = [q["quantity"] for q in checks[0]["quantities"]]
    rows = -(-len(names) // ACROSS)
    made = canvas(
        rows * (HIGH + GAP), f"{checks[0]['subject']}: ranks of the truth among posterior draws",
        f"{simulated(checks)}; distribution function less the uniform; grey: simultaneous 95% band",
        checks[0]["synthetic"],
    )  # fmt: skip
    width = (WIDTH - 0.2) / ACROSS
    for number, name in enumerate(names):
        row, column = divmod(number, ACROSS)
        axes = box(made, 0.1 + column * width + 0.38, row * (HIGH + GAP) + 0.05, width - 0.48, HIGH)
        heading(axes, name, 26)
        asked = [check["quantities"][number] for check in checks]
        for count in {quantity["simulations"] for quantity in asked}:  # they differ where some were left out
            at, low, high = limits(count)
            axes.fill_between(at, low, high, color=GREY, alpha=0.25, linewidth=0)
        for check, quantity in zip(checks, asked, strict=True):
            values = quantity["ecdf_difference"]
            axes.plot(at, values, color=COLOURS[check["question"]], linewidth=1.1, label=check["question"])
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1])
    handles, labels = made.axes[0].get_legend_handles_labels()
    legend(made, handles, [f"truths from the {label}" for label in labels], ncols=2)
    return made
