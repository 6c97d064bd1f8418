"""A report in a folder, file by file, with a manifest of what went in and what came out."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from ...analyses.judge.frame import frame_of
from ...analyses.judge.records import comparison
from ...analyses.run.fits import Fit
from ...analyses.run.store import sha256_of, versions, write_whole
from ...analyses.twins.write import TWIN_KEYS
from ...data.study.laws import CORRELATED
from ..drawing.figure_files import forest_plots
from ..kinds import kind_of
from ..page.page import page
from ..page.priors import priors_used
from ..page.sections import sections
from ..rows import FORMULA_STARTS, by_table, evidence_label, rows_of, synthetic
from .latex import latex_table
from .summary import brief_of, markdown
from .summary_pdf import summary_pdf


def write_report(fit: Fit, folder: Path, command: str = "", compared: dict[str, Any] | None = None) -> Path:
    """Write `report.html`, the two-page summary, comparisons, tables and figures, and last `manifest.json`.

    Figures and tables of an earlier run are removed.

    Parameters
    ----------
    command
        The command line that made the fit, as the page should show it.
    compared
        `analyses.judge.records.comparison(fit)`, where the caller has it already.

    Returns
    -------
    The path of report.html.

    Examples
    --------
    >>> from pathlib import Path
    >>> import posterity as po
    >>> fit = po.fit(po.load("munnell-1990"), evidence="tables", only="T1.2")
    >>> po.write_report(fit, Path("report")).name
    'report.html'
    >>> sorted(path.name for path in Path("report").iterdir())[2:]
    ['figures', 'manifest.json', 'report.html', 'summary.md', 'summary.pdf', 'tables']
    """
    folder = Path(folder)
    compared = finite(compared or comparison(fit))
    rows = rows_of(fit, compared["estimates"])
    drawings, further = forest_plots(fit, rows), sections(fit, rows)
    files: dict[str, bytes] = {}
    for figure_file in [
        *drawings,
        *(figure_file for section in further for figure_file in section.figure_files),
    ]:
        files |= figure_file.files
    priors = "priors on standardised scale: " + ", ".join(
        f"{p['name']} ~ {p['distribution']}" for p in priors_used(fit)
    )
    for table, mine in by_table(rows).items():
        files[f"tables/{table}.tex"] = latex_table(
            mine, table, fit.study.name, evidence_label(fit), priors
        ).encode()
    files["comparison.json"] = _json(compared)
    files["comparison.csv"] = csv_text(frame_of(compared["estimates"])).encode()
    brief = brief_of(fit, rows, command, further)
    files |= {"summary.md": markdown(brief).encode(), "summary.pdf": summary_pdf(brief)}
    files["report.html"] = page(fit, rows, drawings, command, further).encode()
    if fit.robustness:
        files["robustness.json"] = _json(
            finite({"study": fit.study.name, "evidence": fit.evidence, "specs": fit.robustness})
        )
    for name, content in files.items():
        _write(folder / name, content)
    _remove_stale(folder, set(files))
    _write(folder / "manifest.json", _json(manifest(fit, folder, list(files), command)))
    return folder / "report.html"


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def _remove_stale(folder: Path, written: set[str]) -> None:
    for pattern in ("figures/*.png", "figures/*.svg", "figures/*.pdf", "tables/*.tex"):
        for path in folder.glob(pattern):
            if path.is_file() and path.relative_to(folder).as_posix() not in written:
                path.unlink()


def manifest(fit: Fit, folder: Path, written: list[str], command: str) -> dict[str, Any]:
    """What went in, what came out and how; SHA-256 of each file, and of the panel's content."""
    file = fit.study.file
    inputs = {path.name: sha256_of(path) for path in (file.path, file.published_path)}
    if fit.panel is not None and fit.evidence == "panel":
        source = Path(fit.panel.source)
        inputs[f"content of {source.name}"] = fit.panel.sha256
        if source.is_file():
            inputs[source.name] = sha256_of(source)
    twins = twins_beside(folder)
    kept = [
        *(twin["file"] for twin in twins.get("twins", [])),
        "settings.json",
        *(str(path.relative_to(folder)) for path in sorted((folder / "robustness").glob("*.json"))),
        *(f"posteriors/{name}.nc" for name in _fits(fit)),
    ]
    sampler = fit.sampler
    return twins | {
        "study": fit.study.name,
        "evidence": fit.evidence,
        "synthetic": synthetic(fit),
        "command": command,
        "settings": {
            "draws": sampler.draws,
            "tune": sampler.tune,
            "chains": sampler.chains,
            "seed": sampler.seed,
            "device": sampler.device,
            "engine": {one.id: one.engine for one in fit.specs.values()},
            "priors": {one.id: {k: str(v) for k, v in one.priors.items()} for one in fit.specs.values()},
        },
        "versions": versions(),
        "inputs": inputs,
        "outputs": {
            name: sha256_of(folder / name) for name in sorted([*written, *kept]) if (folder / name).is_file()
        },
    }


def twins_beside(folder: Path) -> dict[str, Any]:
    """What the manifest of the folder says of twins, which `posterity twin` looks for there."""
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: found[k] for k in TWIN_KEYS if k in found} if isinstance(found, dict) else {}


def _fits(fit: Fit) -> list[str]:
    """The names under which the fits of this run are stored."""
    names = [*fit, *(f"{one.id}-with-effects" for one in fit.specs.values() if one.with_effects)]
    names += [f"{one.id}-{CORRELATED}" for one in fit.specs.values() if one.other_law]
    beside = [one.id for one in fit.specs.values() if one.with_effects and one.with_effects.other_law]
    names += [f"{name}-with-effects-{CORRELATED}" for name in beside]
    names += [f"{one.id}-under-prior" for one in fit.specs.values() if one.under_prior]
    names += [f"{one.id}-{name}" for one in fit.specs.values() for name in kind_of(one).further_fits(one)]
    return [*names, f"{fit.agreement.id}-expanded"] if fit.agreement else names


def csv_text(table: pd.DataFrame) -> str:
    """Comma-separated values in which no text can act as a spreadsheet's formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(neutral, table.columns))
    for values in table.itertuples(index=False):
        writer.writerow("" if pd.isna(value) else neutral(value) for value in values)
    return buffer.getvalue()


def neutral(cell: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe; numbers stay as they are."""
    if not isinstance(cell, str) or not cell.lstrip(" ").startswith(FORMULA_STARTS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def finite(value: Any) -> Any:
    """The same records with null in place of what JSON has no number for."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
