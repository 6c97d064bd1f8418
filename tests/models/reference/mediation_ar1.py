"""NUTS on the expanded equations of a mediation with AR(1) errors, written to mediation_ar1.csv.

One SYNTHETIC panel, as `error_panels.mediated` makes it; numpyro, 4 chains x 2,000 draws an equation.

    python tests/models/reference/mediation_ar1.py
"""

import sys
from pathlib import Path

import pandas as pd
from arviz_stats.base import array_stats

from posterity.models.engine.sampling import Sampler, nuts
from posterity.models.kinds.effects import effects_model
from posterity.models.kinds.mediation import equations
from posterity.models.priors import DEFAULTS

sys.path.insert(0, str(Path(__file__).parents[1]))
from error_panels import mediated

first, last = (
    nuts(effects_model(one, DEFAULTS, "mundlak", "ar1"), Sampler(draws=2000, seed=seed))["posterior"]
    for seed, one in enumerate(equations(mediated(), ("m",)), 3)
)
a, of_y = first["coef"].to_numpy()[..., 0], last["coef"].to_numpy()
values = {"a": a, "b": of_y[..., 1], "direct": of_y[..., 0], "indirect": a * of_y[..., 1]}
values |= {"total": values["direct"] + values["indirect"]}
values |= {"rho_error_mediator": first["rho_error"].to_numpy(), "rho_error": last["rho_error"].to_numpy()}
rows = [[name, array.mean(), array.std(), float(array_stats.ess(array))] for name, array in values.items()]
pd.DataFrame(rows, columns=["name", "mean", "sd", "ess"]).to_csv(
    Path(__file__).with_suffix(".csv"), index=False
)
