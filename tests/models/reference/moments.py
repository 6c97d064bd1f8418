"""Moments of published data sets, and the script that made `*.csv` beside it.

    python tests/models/reference/moments.py FOLDER

FOLDER holds `Tal_Or.csv`, `jobs.csv` and `Crime.csv`, as in the collection Rdatasets (csv/psych,
csv/mediation, csv/plm; vincentarelbundock.github.io/Rdatasets). Only numbers of rows, means and
cross-products are kept: least squares, two-stage least squares and Gaussian posteriors read nothing else of
the data.

- Tal_Or: 123 persons, Tal-Or, Cohen, Tsfati and Gunther 2010, doi:10.1177/0093650210362684; R package psych.
- jobs: 899 persons of JOBS II, Vinokur and Schul 1997, doi:10.1037/0022-006X.65.5.867; R package mediation.
- Crime: 90 counties x 7 years, Cornwell and Trumbull 1994, doi:10.2307/2109893, as corrected by Baltagi 2006,
  doi:10.1002/jae.861; R package plm. Within counties and years.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
TAL_OR = ["cond", "pmi", "reaction"]
JOBS = ["treat", "econ_hard", "sex", "age", "job_seek", "depress2"]
CRIME = [
    "lcrmrte", "lprbarr", "lpolpc", "lprbconv", "lprbpris", "lavgsen", "ldensity", "lwcon", "lwtuc", "lwtrd",
    "lwfir", "lwser", "lwmfg", "lwfed", "lwsta", "lwloc", "lpctymle", "ltaxpc", "lmix",
]  # fmt: skip


def load(name: str) -> tuple[int, pd.DataFrame]:
    """Number of rows, and the centred cross-products with a row of means last."""
    table = pd.read_csv(HERE / f"{name}.csv", index_col=0, comment="#")
    return int(table.attrs.get("n", table.loc["n"].iloc[0])), table.drop(index="n")


def rows_like(name: str, seed: int = 1) -> pd.DataFrame:
    """SYNTHETIC rows with exactly these means and cross-products, and so the same to least squares."""
    n, table = load(name)
    cross, mean = table.drop(index="mean").to_numpy(), table.loc["mean"].to_numpy()
    noise = np.random.default_rng(seed).normal(size=(n, len(mean)))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(noise.T @ noise)).T
    return pd.DataFrame(white @ np.linalg.cholesky(cross).T + mean, columns=table.columns)


def save(name: str, frame: pd.DataFrame) -> None:
    centred = frame - frame.mean()
    table = centred.T @ centred
    table.loc["mean"] = frame.mean()
    table.loc["n"] = len(frame)
    table.to_csv(HERE / f"{name}.csv", float_format="%.12g", lineterminator="\n")


def main(folder: Path) -> None:
    save("tal_or", pd.read_csv(folder / "Tal_Or.csv")[TAL_OR])
    save("jobs", pd.read_csv(folder / "jobs.csv")[JOBS])
    crime = pd.read_csv(folder / "Crime.csv")
    by = [crime["county"], crime["year"]]
    within = crime[CRIME]
    within = (
        within
        - within.groupby(by[0]).transform("mean")
        - within.groupby(by[1]).transform("mean")
        + within.mean()
    )
    save("crime_within", within - within.mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
