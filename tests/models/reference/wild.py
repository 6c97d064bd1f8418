"""What wildboottest 0.3.2 (a port of R's fwildclusterboot) gives on Grunfeld's data: written to wild.csv.

Run in an environment of its own with `wildboottest` and `statsmodels`. All 2^11 signs of the 11 firms are
used; its p-value counts |t*| > |t|, and what it returns for the two draws that give t back is up to rounding.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from wildboottest.wildboottest import WildboottestCL

frame = sm.datasets.grunfeld.load_pandas().data
codes = pd.factorize(frame["firm"])[0]
dummies = {
    "pooled": np.ones((len(frame), 1)),
    "two-way": np.column_stack(
        [pd.get_dummies(frame["firm"], dtype=float), pd.get_dummies(frame["year"], dtype=float).iloc[:, 1:]]
    ),
}
rows = []
for effects, D in dummies.items():
    X = np.column_stack([frame[["value", "capital"]], D])
    for at, term in enumerate(("value", "capital")):
        R = np.zeros(X.shape[1])
        R[at] = 1.0
        for null in (0.0, 0.05, 0.15, 0.3):
            y = frame["invest"].to_numpy() - null * X[:, at]
            one = WildboottestCL(X, y, pd.Series(codes), R, B=99_999, seed=1, parallel=False)
            one.get_scores(bootstrap_type="11", impose_null=True, adj=False, cluster_adj=False)
            one.get_weights("rademacher")
            one.get_numer()
            one.get_denom()
            one.get_tboot()
            one.get_vcov()
            one.get_tstat()
            one.get_pvalue(pval_type="two-tailed")
            t, boot = abs(float(np.ravel(one.t_stat)[0])), np.abs(np.ravel(one.t_boot))
            ties = np.isclose(boot, t, rtol=1e-9).sum()
            above = (boot > t * (1 + 1e-9)).sum()
            rows.append((effects, term, null, t, len(boot), above, ties, float(np.ravel(one.pvalue)[0])))
columns = ["effects", "term", "null", "t", "draws", "above", "ties", "p_value"]
pd.DataFrame(rows, columns=columns).to_csv(Path(__file__).with_suffix(".csv"), index=False)
