"""NUTS on the expanded models of errors: means and standard deviations, written to errors.csv.

One SYNTHETIC panel for each law, as `error_panels.small` makes it; numpyro, 4 chains x 2,000 draws.

    python tests/models/reference/errors.py [law ...]
"""

import sys
from pathlib import Path

import pandas as pd
from arviz_stats.base import array_stats

from posterity.models.engine.sampling import Sampler, nuts
from posterity.models.kinds.effects import effects_model
from posterity.models.priors import DEFAULTS

sys.path.insert(0, str(Path(__file__).parents[1]))
from error_panels import LAWS, own, small

PATH = Path(__file__).with_suffix(".csv")
asked = sys.argv[1:]
assert set(asked) <= set(LAWS), f"{asked}: known are {', '.join(LAWS)}"
rows = pd.read_csv(PATH).to_numpy().tolist() if PATH.exists() and asked else []
for law in [law for law in LAWS if not asked or law in asked]:
    posterior = nuts(effects_model(small(law), DEFAULTS, "random", law), Sampler(draws=2000, seed=3))[
        "posterior"
    ]
    coef = posterior["coef"].to_numpy()
    values = {"x1": coef[:, :, 0], "x2": coef[:, :, 1]}
    values |= {name: posterior[name].to_numpy() for name in ("sigma", "sd_entity", "sd_time", *own(law))}
    rows = [row for row in rows if row[0] != law]
    for name, array in values.items():
        rows.append([law, name, array.mean(), array.std(), float(array_stats.ess(array))])
    pd.DataFrame(rows, columns=["law", "name", "mean", "sd", "ess"]).to_csv(PATH, index=False)
