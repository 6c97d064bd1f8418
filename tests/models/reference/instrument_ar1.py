"""NUTS on the two stages of an instrument column with AR(1) errors, written to instrument_ar1.csv.

One SYNTHETIC panel, as `instrument_panels.correlated` makes it, with exact exclusion. What effects and
controls leave of the rows is observed through contrasts, whose covariance is dense; numpyro, 4 chains x 2,000
draws.

    python -m tests.models.reference.instrument_ar1
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from arviz_stats.base import array_stats
from scipy import linalg

from posterity.models.engine.sampling import Sampler, nuts
from posterity.models.errors.ar1 import RHO
from posterity.models.priors import DEFAULTS

from ..instrument_panels import correlated

data = correlated()
design = data.design
entity, time = (np.eye(code.max() + 1)[code] for code in (design.entity, design.time))
K = linalg.null_space(np.hstack([entity, time, design.X[:, 1:2]]).T)
y, x, Z = (K.T @ (column / column.std(axis=0)) for column in (design.y, design.X[:, 0], design.X[:, 2:]))
years = np.array(design.times)[design.time]
apart, same = abs(years[:, None] - years), design.entity[:, None] == design.entity

with pm.Model(coords={"instrument": data.instruments}) as model:
    beta = DEFAULTS["slope"].variable("beta")
    first = DEFAULTS["first_stage"].variable("first_stage", dims="instrument")
    rho = RHO.variable(DEFAULTS)
    chol, correlation, sd = pm.LKJCholeskyCov("errors", n=2, eta=1, sd_dist=DEFAULTS["sigma"].distribution())
    powers = pt.stack([rho ** int(gap) for gap in range(apart.max() + 1)])
    rows = pt.linalg.cholesky(K.T @ (powers[apart] * same) @ K)
    E = pt.stack([y - x * beta, x - pt.dot(Z, first)], axis=1)
    white = pt.linalg.solve_triangular(rows, E, lower=True)
    white = pt.linalg.solve_triangular(chol, white.T, lower=True)
    scale = 2 * pt.log(pt.diagonal(rows)).sum() + len(y) * pt.log(pt.diagonal(chol)).sum()
    pm.Potential("errors of both stages", -scale - 0.5 * (white**2).sum())
    pm.Deterministic("sigma_u", sd[0])
    pm.Deterministic("endogeneity", correlation[0, 1])

posterior = nuts(model, Sampler(draws=2000, seed=3))["posterior"]
values = {name: posterior[name].to_numpy() for name in ("beta", "sigma_u", "endogeneity", "rho_error")}
table = [[name, array.mean(), array.std(), float(array_stats.ess(array))] for name, array in values.items()]
path = Path(__file__).with_suffix(".csv")
pd.DataFrame(table, columns=["name", "mean", "sd", "ess"]).to_csv(path, index=False)
