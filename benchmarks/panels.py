"""Panels that the benchmarks fit: simulated two-way panels with gaps, and Munnell's 48 states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FIRST_YEAR = 2000
BLOCK = 50_000


def simulate(
    path: Path, entities: int, times: int, k: int, missing: float, seed: int, dummies: bool = False
) -> list[str]:
    """Write a two-way panel to Parquet, in blocks of entities, and name its regressors.

    Regressors move by entity, time and within; effects have standard deviations 0.8 and 0.4, errors 1.
    With `dummies`, the years enter as regressors (for tools that have one grouping only).
    """
    rng = np.random.default_rng(seed)
    year_x, year_y = 0.5 * rng.normal(size=(times, k)), 0.4 * rng.normal(size=times)
    slope = np.linspace(0.5, -0.3, k)
    names = [f"x{j}" for j in range(k)] + [f"d{t}" for t in range(1, times) if dummies]
    writer = None
    for start in range(0, entities, BLOCK):
        size = min(BLOCK, entities - start)
        e, t = np.divmod(np.arange(size * times), times)
        X = rng.normal(size=(size, k))[e] + year_x[t] + rng.normal(size=(len(e), k))
        y = X @ slope + 0.8 * rng.normal(size=size)[e] + year_y[t] + rng.normal(size=len(e))
        keep = (rng.uniform(size=len(e)) >= missing) | (t == e % times)
        columns = {"entity": start + e, "year": FIRST_YEAR + t, "y": y} | {f"x{j}": X[:, j] for j in range(k)}
        if dummies:
            columns |= {f"d{s}": (t == s).astype(float) for s in range(1, times)}
        table = pa.table({name: column[keep] for name, column in columns.items()})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return names


def munnell(path: Path) -> list[str]:
    """Munnell's production function of 48 US states, 1970 to 1986, in logs."""
    import pandas as pd
    from linearmodels.datasets import munnell as source

    raw = source.load()
    frame = pd.DataFrame(
        {
            "entity": pd.factorize(raw["STATE"])[0],
            "year": raw["YR"].astype("int64"),
            "y": np.log(raw["GSP"]),
            "x0": np.log(raw["P_CAP"]),
            "x1": np.log(raw["PC"]),
            "x2": np.log(raw["EMP"]),
            "x3": raw["UNEMP"].astype(float),
        }
    )
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return ["x0", "x1", "x2", "x3"]
