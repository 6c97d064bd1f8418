"""One engine on one Parquet file, in a process of its own; writes what it took as JSON.

    python workers.py ENGINE PANEL.parquet RESULT.json x0,x1,...

Every engine fits y = X b + entity + year + e with normal effects (`random` form); the engines `*_one`
have the entity grouping only. `fit_s` is building, compiling and sampling; `again_s` the same once more
with everything compiled, where an engine can do that.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

START = time.perf_counter()
DRAWS, CHAINS, TARGET = 1000, 4, 4000


def collapsed(path: str, names: list[str], time_effects: bool = True) -> dict[str, float]:
    """posterity: one pass over the rows in chunks, then independent draws."""
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.sampling import Sampler, prepare
    from posterity.models.engine.statistics import padded, statistics_of_sums
    from posterity.models.engine.sums import gather, parquet_chunks
    from posterity.models.priors import DEFAULTS

    prepare(Sampler().device)
    imported = time.perf_counter()

    def run() -> tuple[Any, float]:
        sums = gather(parquet_chunks(path, "y", names, "entity", "year"), names)
        rows_read = time.perf_counter()
        statistics = padded(statistics_of_sums(sums, "random", True, time_effects))
        return batch([statistics], [DEFAULTS], TARGET), rows_read

    draws, rows_read = run()
    done = time.perf_counter()
    run()
    again = time.perf_counter() - done
    return {
        "import_s": imported - START,
        "read_s": rows_read - imported,
        "fit_s": done - imported,
        "again_s": again,
        "ess": float(draws.direct.ess[0]),
        "k_hat": float(draws.direct.k_hat[0]),
        "slope": float(draws.theta[0, :, 0].mean()),
    }


def collapsed_one(path: str, names: list[str]) -> dict[str, float]:
    return collapsed(path, names, time_effects=False)


def bambi(path: str, names: list[str]) -> dict[str, float]:
    """bambi with its own priors and nutpie."""
    import bambi as bmb
    import pandas as pd

    frame = pd.read_parquet(path).astype({"entity": str, "year": str})
    frame = _standardised(frame, names)
    imported = time.perf_counter()
    model = bmb.Model(f"y ~ {' + '.join(names)} + (1|entity) + (1|year)", frame)
    tree = model.fit(draws=DRAWS, chains=CHAINS, inference_method="nutpie", random_seed=1, progressbar=False)
    return _chains(tree, imported, [*names, "sigma", "1|entity_sigma", "1|year_sigma"])


def pymc_nutpie(path: str, names: list[str]) -> dict[str, float]:
    return _pymc(path, names, "nutpie")


def pymc_numpyro(path: str, names: list[str]) -> dict[str, float]:
    return _pymc(path, names, "numpyro")


def pymc_plain(path: str, names: list[str]) -> dict[str, float]:
    return _pymc(path, names, "nutpie", plain=True)


def statspai_one(path: str, names: list[str]) -> dict[str, float]:
    """statspai's blocked Gibbs sampler: one grouping, years as dummies."""
    import arviz as az
    import numpy as np
    import pandas as pd
    import statspai as sp

    frame = _standardised(pd.read_parquet(path), [name for name in names if name.startswith("x")])
    imported = time.perf_counter()
    formula = f"y ~ {' + '.join(names)}"

    def run() -> Any:
        return sp.bayes_mixed(
            formula, frame, group="entity", draws=DRAWS, burnin=DRAWS, chains=CHAINS, seed=1
        )

    fit = run()
    done = time.perf_counter()
    kept = [c for c in fit.draws if c.startswith(("x", "sigma2", "var("))]
    ess = [float(az.ess(np.stack(np.split(fit.draws[c].to_numpy(), CHAINS)))) for c in kept]
    start = time.perf_counter()
    run()
    return {
        "import_s": imported - START,
        "fit_s": done - imported,
        "again_s": time.perf_counter() - start,
        "ess": min(ess),
    }


def _pymc(path: str, names: list[str], sampler: str, plain: bool = False) -> dict[str, float]:
    """The same model in PyMC, as in `posterity.models.kinds.effects`: centred, years summing to 0.

    `plain`: as textbooks write it, both kinds of effects with mean 0 beside the intercept.
    """
    import pandas as pd
    import pymc as pm

    frame = _standardised(pd.read_parquet(path), names)
    entity, entities = pd.factorize(frame["entity"])
    year, years = pd.factorize(frame["year"])
    imported = time.perf_counter()
    with pm.Model():
        slope = pm.Normal("slope", 0, 1, shape=len(names))
        level = pm.Normal("intercept", 0, 2.5)
        sigma, sd_entity, sd_year = (pm.HalfNormal(name, 1) for name in ("sigma", "sd_entity", "sd_year"))
        if plain:
            of = level + pm.Normal("entity_effect", 0, sd_entity, shape=len(entities))
            at = pm.Normal("year_effect", 0, sd_year, shape=len(years))
        else:
            of = pm.Normal("entity_effect", level, sd_entity, shape=len(entities))
            at = pm.ZeroSumNormal("year_effect", sd_year, shape=len(years))
        pm.Normal("y", frame[names].to_numpy() @ slope + of[entity] + at[year], sigma, observed=frame["y"])
        extra = {"nuts": {"chain_method": "vectorized"}} if sampler == "numpyro" else {}
        tree = pm.sample(
            DRAWS,
            tune=DRAWS,
            chains=CHAINS,
            nuts_sampler=sampler,
            random_seed=1,
            progressbar=False,
            compute_convergence_checks=False,
            **extra,
        )
    return _chains(tree, imported, ["slope", "sigma", "sd_entity", "sd_year"])


def _standardised(frame: Any, names: list[str]) -> Any:
    columns = ["y", *names]
    return frame.assign(**{c: (frame[c] - frame[c].mean()) / frame[c].std(ddof=0) for c in columns})


def _chains(tree: Any, imported: float, names: list[str]) -> dict[str, float]:
    import arviz as az

    done = time.perf_counter()
    kept = tree["posterior"].to_dataset()[names]
    ess, r_hat = az.ess(kept), az.rhat(kept)
    return {
        "import_s": imported - START,
        "fit_s": done - imported,
        "ess": min(float(ess[name].min()) for name in names),
        "r_hat": max(float(r_hat[name].max()) for name in names),
        "slope": float(kept[names[0]].mean() if kept[names[0]].ndim == 2 else kept[names[0]][..., 0].mean()),
    }


ENGINES: dict[str, Callable[[str, list[str]], dict[str, float]]] = {
    "collapsed": collapsed,
    "bambi": bambi,
    "pymc_nutpie": pymc_nutpie,
    "pymc_numpyro": pymc_numpyro,
    "pymc_plain": pymc_plain,
    "collapsed_one": collapsed_one,
    "statspai_one": statspai_one,
}

if __name__ == "__main__":
    engine, panel, result, terms = sys.argv[1:5]
    found = ENGINES[engine](panel, terms.split(","))
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(result).write_text(json.dumps(found))
