"""Makes collapsed_reference.csv: long NUTS runs on the expanded models, for the test of the collapsed ones.

    python -m tests.models.engine.collapsed_reference        (from the root of the checkout; some minutes)

4 chains of 20,000 draws by PyMC and numpyro. A row is one entry of one variable: posterior mean and
standard deviation, and the Monte Carlo standard error of each.
"""

from __future__ import annotations

import csv
from pathlib import Path

import arviz as az
import numpy as np
import pymc as pm

from posterity.data.study.spec import Form
from posterity.models.engine.sampling import prepare
from posterity.models.kinds.effects import effects_model
from posterity.models.priors import DEFAULTS, Prior, Priors

from ..dense import panel

PATH = Path(__file__).with_suffix(".csv")
HEAVY: Priors = {
    **DEFAULTS,
    "sd_entity": Prior("half_cauchy", (0.5,)),
    "sd_time": Prior("half_cauchy", (0.5,)),
    "sigma": Prior("half_cauchy", (1.0,)),
}
TAILS: Priors = {**DEFAULTS, "slope": Prior("student_t", (3.0, 0.0, 0.3))}
CASES: dict[str, tuple[Form, str, bool, Priors, tuple[int, ...]]] = {
    "fixed-entity-balanced": ("fixed", "entity", False, DEFAULTS, ()),
    "fixed-both-gaps": ("fixed", "both", True, DEFAULTS, ()),
    "random-both-balanced-heavy": ("random", "both", False, HEAVY, ()),
    "random-entity-gaps": ("random", "entity", True, DEFAULTS, ()),
    "mundlak-both-balanced": ("mundlak", "both", False, DEFAULTS, ()),
    "mundlak-both-gaps-heavy": ("mundlak", "both", True, HEAVY, ()),
    "mundlak-both-gaps-varying": ("mundlak", "both", True, DEFAULTS, (1,)),
    "random-both-balanced-tails": ("random", "both", False, TAILS, ()),
}
ENTITIES, TIMES = 10, 6
FIELDS = ("case", "variable", "index", "mean", "sd", "mean_error", "sd_error", "r_hat")


def rows(case: str) -> list[dict[str, object]]:
    form, effects, gaps, priors, varying = CASES[case]
    design = panel(effects, gaps, entities=ENTITIES, times=TIMES, varying=varying)
    # short steps: with the default acceptance NUTS misses a little of the neck where a scale is near 0
    tree = pm.sample(
        draws=20_000,
        tune=2_000,
        chains=4,
        model=effects_model(design, priors, form),
        random_seed=1,
        nuts_sampler="numpyro",
        nuts={"target_accept": 0.95, "chain_method": "vectorized"},
        progressbar=False,
        compute_convergence_checks=False,
    )
    found: list[dict[str, object]] = []
    for name, values in tree["posterior"].to_dataset().items():
        draws = np.asarray(values).reshape(*values.shape[:2], -1)
        for index in range(draws.shape[2]):
            one = draws[:, :, index]
            numbers = (
                one.mean(),
                one.std(),
                az.mcse(one, method="mean"),
                az.mcse(one, method="sd"),
                az.rhat(one),
            )
            texts = [f"{float(number):.6g}" for number in numbers]
            found.append(dict(zip(FIELDS, (case, name, index, *texts), strict=True)))
    return found


if __name__ == "__main__":
    prepare("cpu")
    with PATH.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for case in CASES:
            writer.writerows(rows(case))
