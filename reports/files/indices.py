"""What `posterity index` writes: panel with indices, weights, filled cells, figures, and a record of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...analyses.indices.built_in_association import BuiltInAssociation
from ...analyses.indices.conventions import Curve
from ...analyses.indices.index import Indexed, Mixture, filled_cells, weights_table
from ...analyses.run.store import sha256_of, versions, write_whole
from ...analyses.study import Study
from ...analyses.view import SpecView
from ...data.indices.gaps import Fill
from ..drawing.conventions import curve_figure
from ..drawing.figures import drawn
from ..drawing.indices import built_in_figure, weights_figure
from .write import csv_text

NAMES = ("panel", "weights", "filled", "conventions", "built-in", "index")


@dataclass(frozen=True, eq=False)
class Coefficients:
    """One specification over draws of its indices."""

    view: SpecView
    mixture: Mixture


@dataclass(frozen=True, eq=False)
class IndexReport:
    """Everything that one run of `posterity index` found; `topsis` holds the same indices by TOPSIS."""

    study: Study
    indexed: Indexed | None = None
    topsis: Indexed | None = None
    fill: Fill = "none"
    seed: int = 0
    notes: tuple[str, ...] = ()
    built_in_associations: tuple[BuiltInAssociation, ...] = ()
    coefficients: tuple[Coefficients, ...] = ()
    curve: Curve | None = None
    inputs: tuple[Path, ...] = field(default_factory=tuple)

    @property
    def synthetic(self) -> bool:
        return self.indexed is not None and self.indexed.table.panel.synthetic


def write_index(report: IndexReport, folder: Path) -> dict[str, Any]:
    """Write the files of a run into a folder and return its record; names of SYNTHETIC data say so.

    Files of an earlier run are removed.
    """
    stamp = "-SYNTHETIC" if report.synthetic else ""
    files: list[str] = []

    def write(name: str, ending: str, save: Callable[[Path], Any], mark: str = stamp) -> None:
        files.append(f"{name}{mark}.{ending}")
        write_whole(folder / files[-1], save)

    def picture(name: str, make: Callable[[], Figure], mark: str = stamp) -> None:
        for form in ("png", "svg"):
            content = drawn(make, form)
            write(name, form, partial(Path.write_bytes, data=content), mark)

    record: dict[str, Any] = {
        "study": report.study.name,
        "evidence": "panel" if report.indexed else None,
        "synthetic": report.synthetic,
        "seed": report.seed,
        "notes": list(report.notes),
    }
    if report.indexed is not None:
        record |= _index_record(report, report.indexed)
        frame = _panel_frame(report, report.indexed)
        write("panel", "csv", lambda path: path.write_text(csv_text(frame), encoding="utf-8"))
        write("panel", "parquet", lambda path: frame.to_parquet(path, index=False))
        table = weights_table(report.indexed)
        write("weights", "csv", lambda path: path.write_text(csv_text(table), encoding="utf-8"))
        cells = filled_cells(report.indexed)
        if len(cells):
            write("filled", "csv", lambda path: path.write_text(csv_text(cells), encoding="utf-8"))
        indexed = report.indexed
        picture("weights", lambda: _weights(report, indexed, table))
        write("weights", "json", lambda path: path.write_text(_json({**record, "weights": _records(table)})))
    if report.coefficients:
        record["coefficients"] = [row for one in report.coefficients for row in coefficient_rows(one)]
    if report.curve is not None:
        curve = report.curve
        record["conventions"] = _curve_rows(curve)
        picture("conventions", lambda: _curve(report, curve))
    if report.built_in_associations:
        record["built_in"] = [built_in_row(one) for one in report.built_in_associations]
        if any(one.published is not None for one in report.built_in_associations):
            title = f"{report.study.name}: the coefficient that sharing alone produces"
            picture(
                "built-in",
                lambda: built_in_figure(list(report.built_in_associations), title, report.synthetic),
                f"-SIMULATED{stamp}",
            )
    write("index", "json", lambda path: path.write_text(_json(record)))
    manifest = {
        "study": report.study.name,
        "versions": versions(),
        "inputs": {path.name: sha256_of(path) for path in report.inputs},
        "outputs": {name: sha256_of(folder / name) for name in sorted(files)},
    }
    write("manifest", "json", lambda path: path.write_text(_json(manifest)), "")
    for path in folder.iterdir():  # what an earlier run wrote and this one did not
        if (
            path.name not in files
            and path.is_file()
            and path.name.partition("-S")[0].partition(".")[0] in NAMES
        ):
            path.unlink()
    return {**record, "folder": str(folder), "files": files}


def _index_record(report: IndexReport, indexed: Indexed) -> dict[str, Any]:
    table = indexed.table
    return {
        "panel": table.panel.source,
        "panel_sha256": table.panel.sha256,
        "entities": table.panel.n_entities,
        "times": table.panel.n_times,
        "convention": asdict(indexed.convention),
        "fill": report.fill,
        "filled_cells": int((indexed.filled.flags > 0).sum()),
        "draws": indexed.draws,
        "indices": {name: list(system.columns) for name, system in indexed.systems.items()},
        "absent": list(table.absent),
        "unused": list(table.unused),
    }


def _panel_frame(report: IndexReport, indexed: Indexed) -> pd.DataFrame:
    """The panel with indices, their 95% intervals over draws, and the TOPSIS variants."""
    frame = indexed.panel().frame
    for name, draws in indexed.value_draws.items():
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        frame = frame.assign(**{f"{name}_q2.5": low, f"{name}_q97.5": high})
    if report.topsis is not None:
        frame = frame.assign(**{f"{name}_topsis": values for name, values in report.topsis.values.items()})
    return frame


def coefficient_rows(one: Coefficients) -> list[dict[str, Any]]:
    """One row for each term: the posterior with the indices as computed, and with their uncertainty."""
    mixture = one.mixture
    share = mixture.share("coef")
    rows = []
    for j, term in enumerate(map(str, one.view.spec.parsed.terms)):
        row: dict[str, Any] = {"id": f"{one.view.id}.{term}"}
        for name, values in (
            ("as_computed", mixture.plain["coef"][:, j]),
            ("with_index_uncertainty", mixture.pooled("coef")[:, j]),
        ):
            low, high = np.quantile(values, [0.025, 0.975])
            row[name] = {"mean": values.mean(), "sd": values.std(ddof=1), "q2.5": low, "q97.5": high}
        rows.append({**row, "share_of_variance": share[j]})
    return rows


def built_in_row(one: BuiltInAssociation) -> dict[str, Any]:
    """Quantiles of the simulated coefficients beside the printed one."""

    def quantiles(values: np.ndarray) -> dict[str, float]:
        names = ("q2.5", "q25", "median", "q75", "q97.5")
        return dict(zip(names, np.quantile(values, [0.025, 0.25, 0.5, 0.75, 0.975]).tolist(), strict=True))

    return {
        "id": f"{one.spec_id}.{one.term}",
        "outcome": one.outcome,
        "shared_names": list(one.names),
        "simulations": len(one.shared),
        "shared": quantiles(one.shared),
        "apart": quantiles(one.unshared),
        "shared_slope": quantiles(one.shared_slope),
        "apart_slope": quantiles(one.unshared_slope),
        "published": one.published,
        "published_std_error": one.std_error,
        "share_at_least_published": one.share_at_least,
        "assumptions": one.how,
    }


def _curve_rows(curve: Curve) -> dict[str, Any]:
    rows = zip(curve.conventions, curve.defensible, curve.mean, curve.low, curve.high, strict=True)
    return {
        "id": f"{curve.spec_id}.{curve.term}",
        "scale": "standard deviations of outcome and regressor",
        "rows": [
            {**asdict(c), "defensible": good, "mean": mean, "q2.5": low, "q97.5": high}
            for c, good, mean, low, high in rows
        ],
    }


def _weights(report: IndexReport, indexed: Indexed, table: pd.DataFrame) -> Figure:
    panel = indexed.table.panel
    gaps = int((indexed.filled.flags > 0).sum())
    words = f"Evidence: panel, {panel.n_entities} {panel.entity} × {panel.n_times} {panel.time}"
    words += f", {gaps} gaps filled ({report.fill})" if gaps else ""
    caption = (
        f"{words}. Lines: 95% intervals, Bayesian bootstrap over {panel.entity}, {indexed.draws:,} draws;"
        f" dashed: equal weights. Convention: {indexed.convention.label}."
    )
    return weights_figure(
        table,
        list(indexed.table.systems),
        f"{report.study.name}: weights of the indices",
        caption,
        report.synthetic,
    )


def _curve(report: IndexReport, curve: Curve) -> Figure:
    assert report.indexed is not None
    good = sum(curve.defensible)
    caption = (
        f"Evidence: panel. Posterior means and 95% intervals, {good} defensible conventions; hollow: entropy"
        f" over the logarithm of the number of years, a mistake found in print ({len(curve.mean) - good})."
        " Sorted by mean."
    )
    title = f"{report.study.name}: {curve.term} in {curve.spec_id} by convention of the indices"
    return curve_figure(curve, title, caption, report.synthetic)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=1, ensure_ascii=False, default=_number) + "\n"


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
