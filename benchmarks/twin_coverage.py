"""Tables, twins, posterior: does it cover what the full data would have said?

    python benchmarks/twin_coverage.py [--panels 40] [--twins 8]

Panels of known truth are simulated; their tables are printed with three decimals, descriptive statistics and
a pooled column in one arm, a column with entity and year effects too in the other; twins are made from the
tables alone; each twin's posterior of the two-way model is drawn and the draws are mixed. "Covered" says
whether the 95% interval of the mixture holds the posterior mean of the simulated panel itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

N, T = 12, 8
DRAWS = 400
HEADER = "table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note\n"
STUDY = f"""
[study]
name = "simulated"
title = "SYNTHETIC"
entity = "unit"
time = "year"
entities = {N}
periods = [2001, {2000 + T}]
published = "published.csv"
descriptives = "T1"
[spec."T2.1"]
formula = "y ~ x + c"
"""
EFFECTS = """
[spec."T2.2"]
formula = "y ~ x + c | unit + year"
"""


def simulate(rng: np.random.Generator) -> pd.DataFrame:
    """A simulated panel.

    Its effects may be correlated with x, its errors are autocorrelated, and the shares of variance between
    and within entities differ from variable to variable.
    """
    e, t = np.divmod(np.arange(N * T), T)

    def part(between: float, common: float) -> np.ndarray:
        rho = rng.uniform(0, 0.8)
        noise = rng.normal(size=(N, T))
        for s in range(1, T):
            noise[:, s] = rho * noise[:, s - 1] + np.sqrt(1 - rho**2) * noise[:, s]
        year = rng.normal(size=T)
        whole = np.sqrt(between) * rng.normal(size=N)[e] + np.sqrt((1 - between) * common) * year[t]
        return whole + np.sqrt((1 - between) * (1 - common)) * noise[e, t]

    c = part(rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.6))
    x = part(rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.6)) + rng.uniform(-0.5, 0.5) * c
    error = part(rng.uniform(0.1, 0.9), rng.uniform(0.0, 0.5))
    along = rng.normal(0, 0.5) * pd.Series(x).groupby(e).transform("mean").to_numpy()
    y = 2 + rng.normal(0, 0.5) * x + rng.normal(0, 0.3) * c + along + rng.uniform(0.3, 1.0) * error
    return pd.DataFrame({"unit": [f"u{i:02d}" for i in e], "year": 2001 + t, "y": y, "x": x + 3, "c": c + 5})


def print_tables(frame: pd.DataFrame, folder: Path, effects: bool) -> None:
    """Write the study and its printed numbers, with three decimals."""
    from posterity.data.panel.panel import Panel
    from posterity.data.sample.build import build_design
    from posterity.data.study.spec import Spec
    from posterity.models.frequentist.least_squares import least_squares

    panel = Panel.of(frame, entity="unit", time="year", source="simulated")
    rows = []
    for name in ("y", "x", "c"):
        v = frame[name]
        for what, value in (
            ("mean", v.mean()), ("sd", v.std()), ("median", v.median()), ("min", v.min()), ("max", v.max()),
        ):  # fmt: skip
            rows.append(f"T1,{what},{name},{value:.3f},,,,,,,,,,")
    columns = {"1": "y ~ x + c"} | ({"2": "y ~ x + c | unit + year"} if effects else {})
    for column, formula in columns.items():
        fit = least_squares(build_design(panel, Spec(formula=formula)))
        for term, b, se in zip(fit.terms, fit.coef, fit.std_error, strict=True):
            rows.append(f"T2,{column},{term},{b:.3f},{se:.3f},,,,,,{N * T},{fit.r2:.3f},y,")
        rows.append(f"T2,{column},R2,{fit.r2:.3f},,,,,,,,,y,")
    (folder / "published.csv").write_text(HEADER + "\n".join(rows) + "\n")
    (folder / "study.toml").write_text(STUDY + (EFFECTS if effects else ""))


def within_slopes(frames: list[pd.DataFrame]) -> np.ndarray:
    """(panels, draws) Posterior draws of the two-way slope of x, all panels in one compiled batch."""
    from posterity.data.panel.panel import Panel
    from posterity.data.sample.build import build_design
    from posterity.data.study.spec import Spec
    from posterity.models.engine.posterior import batch
    from posterity.models.engine.statistics import padded, statistics_of_design
    from posterity.models.priors import DEFAULTS

    spec = Spec(formula="y ~ x + c | unit + year")
    panels = [Panel.of(f, entity="unit", time="year", source="panel") for f in frames]
    statistics = [padded(statistics_of_design(build_design(p, spec), "mundlak")) for p in panels]
    draws = batch(statistics, [DEFAULTS] * len(statistics), DRAWS)
    unit = np.array([s.scale.unit[0] for s in statistics])
    return draws.theta[:, :, 0] * unit[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--panels", type=int, default=40)
    parser.add_argument("--twins", type=int, default=8)
    given = parser.parse_args()
    import posterity as po
    from posterity.analyses.twins.make import twins
    from posterity.models.engine.sampling import prepare

    prepare("cpu")
    for effects, label in ((False, "pooled column only"), (True, "pooled and two-way column")):
        start = time.perf_counter()
        covered, ratio, failed = [], [], 0
        for number in range(given.panels):
            frame = simulate(np.random.default_rng([7, number]))
            with tempfile.TemporaryDirectory() as folder:
                print_tables(frame, Path(folder), effects)
                try:
                    made = twins(po.load(folder), given.twins, seed=number)
                except po.InputError:
                    failed += 1
                    continue
            draws = within_slopes([frame, *made.frames])
            low, high = np.quantile(draws[1:], [0.025, 0.975])
            full = np.quantile(draws[0], [0.025, 0.975])
            covered.append(low <= draws[0].mean() <= high)
            ratio.append((high - low) / (full[1] - full[0]))
        sys.stdout.write(
            f"{label}: covered in {sum(covered)} of {len(covered)} panels, interval "
            f"{np.median(ratio):.2f} times that of the full data (median; quartiles "
            f"{np.quantile(ratio, 0.25):.2f} to {np.quantile(ratio, 0.75):.2f}), {failed} "
            f"without twins, {time.perf_counter() - start:.0f} s\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
