"""A small study whose twins are made in a second."""

import pandas as pd
import pytest

from ..papers import write_paper


@pytest.fixture
def small(tmp_path, simulate):
    """A study of one two-way column with errors clustered by a region whose members are not told."""
    frame = simulate(10, 6, seed=2)
    y, x = frame["y"], frame["x1"]
    stats = {"mean": pd.Series.mean, "sd": pd.Series.std, "median": pd.Series.median, "min": min, "max": max}
    rows = [f"T1,{k},{n},{f(v):.3f},,,,,,,,,," for n, v in (("y", y), ("x", x)) for k, f in stats.items()]
    rows += ["T2,1,x,0.480,0.070,,**,,,,60,,y,", "T2,1,_cons,1.000,0.100,,,,,,,,y,", "T2,1,N,60,,,,,,,,,y,"]
    rows += ["T2,2,x,0.450,0.060,,**,,,,54,,y,", "T2,2,N,54,,,,,,,,,y,", "T2,2,odd,7,,,,,,,,,y,"]
    specs = """\
entities = 10
periods = [2000, 2005]
descriptives = "T1"
[tables]
df = 2
[spec."T2.1"]
formula = "y ~ x | city + year"
vcov = { cluster = "region" }
[spec."T2.2"]
formula = "y ~ x | city + year"
vcov = { cluster = "region" }
steps = [{ drop = { city = ["Elm"] } }]
"""
    return write_paper(tmp_path, specs, "\n".join(rows) + "\n")
