"""Robustness to priors: speed, agreement with direct fits, and the error rates of the flag `prior-driven`.

python benchmarks/priors.py munnell     1,000 priors x models of munnell-1990, 20 of them fitted again
python benchmarks/priors.py nuts        4 of those by NUTS
python benchmarks/priors.py flags [N]   the flag on N SYNTHETIC panels of each kind
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

COUNT, DRAWS, SEED = 1000, 2000, 5
AGAIN, BY_NUTS = 20, 4
ENTITIES, TIMES = 30, 11
# two regressors that are one leave each slope half of its prior's variance: no share beyond 0.5
SHARES = {"still": (0.75, 0.01, 0.25), "collinear": (0.49, 0.01)}
Write = Callable[[str], Any]


def munnell(write: Write, by_nuts: bool = False) -> None:
    """Random priors of slopes (four families) and scales (two) on columns with effects; some fitted again."""
    start = time.perf_counter()
    import numpy as np

    import posterity as po
    from posterity.analyses.robustness.priors.batch import refits
    from posterity.models.engine.posterior import posterior
    from posterity.models.engine.sampling import Sampler
    from posterity.models.engine.statistics import padded, statistics_of_design
    from posterity.models.priors import DEFAULTS, Prior

    rng = np.random.default_rng(SEED)
    study = po.load("munnell-1990")
    panel = study.panel()
    columns = {}
    for view in study.specs():
        design = view.design(panel)
        if design.entity_effects or design.time_effects:
            columns[view.id] = padded(statistics_of_design(design, view.form))
    write(f"imports and data {time.perf_counter() - start:.1f} s\n")

    def prior(number: int) -> dict[str, Prior]:
        slope, spread = np.exp(rng.uniform(np.log([0.05, 0.1]), np.log([4.0, 3.0]))).tolist()
        centre = float(rng.uniform(-0.5, 0.5))
        family = ("normal", "student_t", "cauchy", "laplace")[number % 4]
        # heavy tails of slopes and of scales together would be two more programs a column
        scale = "half_cauchy" if family == "normal" and number % 8 else "half_normal"
        own = Prior(family, ((3.0,) if family == "student_t" else ()) + (centre, slope))
        return {
            **DEFAULTS,
            "slope": own,
            **{n: Prior(scale, (spread,)) for n in ("sigma", "sd_entity", "sd_time")},
        }

    chosen, found, done = {}, {}, 0
    each = -(-COUNT // len(columns))
    for name, statistics in columns.items():
        begun = time.perf_counter()
        chosen[name] = [prior(number) for number in range(each)]
        found[name] = refits([statistics], chosen[name], DRAWS, Sampler(seed=SEED))
        done += each
        k_hat = np.array([r.k_hat for r in found[name]])
        how = [r.how for r in found[name]]
        write(
            f"{name}: {each} priors in {time.perf_counter() - begun:.1f} s; k-hat at most {k_hat.max():.2f}, "
            f"{how.count('nuts')} by NUTS\n"
        )
    write(f"{done} priors x models, from process start: {time.perf_counter() - start:.1f} s\n\n")

    pairs = [(name, i) for name in columns for i in range(each)]
    picked = [pairs[i] for i in rng.choice(len(pairs), AGAIN, replace=False)]
    if by_nuts:
        families = {chosen[n][i]["slope"].family: (n, i) for n, i in picked}
        picked = list(families.values())[:BY_NUTS]
    method = "nuts" if by_nuts else "importance"
    write(
        f"{len(picked)} of them again, one at a time, seed 77, {method}: difference of means in Monte Carlo "
        "standard errors\n"
    )
    beyond, worst, total = 0, 0.0, 0
    for name, i in picked:
        tree = posterior(columns[name], chosen[name][i], Sampler(seed=77), method)
        own = tree["posterior"]["coef"]
        values, mine = own.to_numpy().reshape(-1, own.shape[-1]), found[name][i].coef
        size = _effective(tree) if by_nuts else float(tree.attrs["ess"])
        error = np.sqrt(values.var(0) / size + mine.var(0) / len(mine))
        apart = (mine.mean(0) - values.mean(0)) / error
        beyond, worst, total = (
            beyond + int((abs(apart) > 3).sum()),
            max(worst, abs(apart).max()),
            total + apart.size,
        )
        slope, scale = chosen[name][i]["slope"], chosen[name][i]["sigma"]
        write(f"  {name} slope {slope}, scales {scale}: {', '.join(f'{a:+.1f}' for a in apart)}\n")
    write(f"{beyond} of {total} coefficients beyond 3; the largest {worst:.1f}\n")


def _effective(tree: Any) -> float:
    import arviz as az

    return float(az.ess(tree["posterior"].to_dataset())["coef"].min())


def flags(write: Write, panels: int = 100) -> None:
    """Panels whose prior carries a known share of what is known of a slope: errors of the flag at both ends.

    Given the errors' standard deviation the posterior of slopes with priors N(0, 1) is normal; the share is
    the posterior variance of the slope over its prior's. It is set by how far x1 moves within entities and
    years (`still`: it hardly does), or moves apart from x2 (`collinear`). The published estimate is that of
    least squares.
    """
    import numpy as np

    from posterity.analyses.judge.verdict import Claim
    from posterity.analyses.robustness.priors.part import panel_records
    from posterity.models.engine.sampling import Sampler
    from posterity.models.priors import DEFAULTS

    write(
        f"SYNTHETIC: {panels} panels of {ENTITIES} x {TIMES} for each share, true slope 0 or 0.5; two-way "
        "effects, mundlak\n"
    )
    write("why       | prior's share | flagged | verdicts that change | ")
    write("median sensitivities: own prior, data; all slopes' prior, data\n")
    for why, shares in SHARES.items():
        for share in shares:
            start, records = time.perf_counter(), []
            for n in range(panels):
                rng = np.random.default_rng([SEED, n])
                statistics, estimate = _panel(rng, why, share, truth=0.5 * (n % 2))
                found = panel_records([statistics], DEFAULTS, {"x1": Claim(estimate)}, [], Sampler(seed=SEED))
                records.append(found["x1"])
            flagged = sum(r["prior_driven"] for r in records)
            changing = sum(len(r["reasonable"]) > 1 for r in records)
            sense = [
                np.median([r[key][k] for r in records])
                for key in ("psense", "psense_all")
                for k in ("prior", "likelihood")
            ]
            write(
                f"{why:9} | {share:13.4f} | {flagged:7d} | {changing:20d} | "
                f"{', '.join(f'{s:.3f}' for s in sense)} ({time.perf_counter() - start:.0f} s)\n"
            )
            sys.stdout.flush()


def _panel(rng: Any, why: str, share: float, truth: float) -> tuple[Any, float]:
    """Statistics where the prior knows this share of the slope of x1, and its within estimate."""
    import numpy as np
    import pandas as pd

    from posterity.data.panel.panel import Panel
    from posterity.data.sample.build import build_design
    from posterity.data.sample.within import split
    from posterity.data.study.spec import Spec
    from posterity.models.engine.statistics import padded, statistics_of_design

    entity, year = np.divmod(np.arange(ENTITIES * TIMES), TIMES)
    level, when = rng.normal(0, 1, ENTITIES), rng.normal(0, 0.5, TIMES)
    x2 = 0.5 * level[entity] + rng.normal(0, 1, len(entity))
    noise, error = rng.normal(0, 1, len(entity)), rng.normal(0, 1, len(entity))

    rest = x2 if why == "collinear" else rng.normal(0, 1, ENTITIES)[entity]

    def made(apart: float) -> tuple[Any, Any, float, float]:
        z1, z2 = ((x - x.mean()) / x.std() for x in (rest + apart * noise, x2))
        y = truth * z1 + 0.3 * z2 + level[entity] + when[year] + error
        within = split(np.column_stack([z1, z2, y]), entity, year, True, True).within
        cross = within.T @ within
        # of standardised slopes; the errors have s.d. 1
        known = np.linalg.inv(cross[:2, :2] * y.var() + np.eye(2))[0, 0]
        return z1, y, known, np.linalg.solve(cross[:2, :2], cross[:2, 2])[0]

    low, high = 1e-3, 30.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if made(middle)[2] > share else (low, middle)
    x1, y, _, estimate = made(np.sqrt(low * high))
    frame = pd.DataFrame({"i": entity, "t": 2000 + year, "y": y, "x1": x1, "x2": x2})
    frame["i"] = "e" + frame["i"].astype(str).str.zfill(2)
    panel = Panel.of(frame, entity="i", time="t", source="SYNTHETIC panel", synthetic=True)
    design = build_design(panel, Spec(formula="y ~ x1 + x2 | i + t"), "T1.1")
    return padded(statistics_of_design(design, "mundlak")), float(estimate)


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["munnell"]
    if what == "flags":
        flags(sys.stdout.write, int(rest[0]) if rest else 100)
    else:
        munnell(sys.stdout.write, what == "nuts")
