"""Calibration, recovery, agreement and cost of the models of errors, on SYNTHETIC panels.

    python benchmarks/error_models.py calibrate|recover|agree|cost [law ...] [--count N] [--seed N]

calibrate: simulation-based calibration (Talts et al. 2018, arXiv:1804.06788), 30 entities x 11 years with
gaps: ranks of the true parameters among 99 draws, chi-square over 20 bins and Kolmogorov-Smirnov, and the
largest gap of the ECDF of ranks beside its 95% simultaneous band. recover: coverage of 95% intervals of
slopes and parameters over panels of one truth. agree: the fast route beside NUTS on the expanded model. cost:
seconds a fit, once compiled.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "models"))
from error_panels import LAWS, RANKS, TRUTH, empty, own, panels_at_truth, ranks, small

from posterity.models.engine.sampling import Sampler, nuts, prepare
from posterity.models.errors.inference.posteriors import Errors, error_posteriors
from posterity.models.priors import DEFAULTS, Priors, parse_prior

DESIGN = empty(30, 11, 0.1, 1)


def say(text: str) -> None:
    print(text, flush=True)


def calibrate(law: Errors, count: int, seed: int) -> None:
    found = ranks(law, count, DESIGN, seed)
    rng = np.random.default_rng(0)
    uniform = np.sort(rng.uniform(size=(4000, count)), axis=1)
    steps = (np.arange(count) + 0.5) / count
    band = float(np.quantile(np.abs(uniform - steps).max(axis=1), 0.95))
    for name, rank in found.items():
        bins = np.bincount(rank * 20 // RANKS, minlength=20)
        jittered = np.sort((rank + rng.uniform(size=count)) / RANKS)
        gap = float(np.abs(jittered - steps).max())
        say(
            f"{law:16s} {name:12s} chi2 p {stats.chisquare(bins).pvalue:.3f}  KS p "
            f"{stats.kstest(jittered, 'uniform').pvalue:.3f}  ECDF gap {gap:.3f} (band {band:.3f})"
        )


def coverage_at_truth(law: Errors, count: int, priors: Priors) -> None:
    panels = panels_at_truth(law, count, DESIGN, 21)
    true = {"x1": 0.5, "x2": -0.3} | {name: TRUTH[name] for name in own(law)}
    inside: dict[str, list[bool]] = {name: [] for name in true}
    means: dict[str, list[float]] = {name: [] for name in true}
    doubtful = 0
    for start in range(0, count, 25):
        for one in error_posteriors(panels[start : start + 25], priors, "mundlak", law, 1000, start):
            doubtful += one.r_hat > 1.01 or one.ess < 400
            values = {"x1": one.coef[:, 0], "x2": one.coef[:, 1], **one.parameters}
            for name, value in true.items():
                low, high = np.quantile(values[name], [0.025, 0.975])
                # scales of the outcome are in its standard deviations
                unit = float(panels[0].y.std()) if name == "sd_cluster" else 1.0
                inside[name].append(bool(low * unit <= value <= high * unit))
                means[name].append(float(values[name].mean()) * unit)
    for name, value in true.items():
        say(
            f"{law:16s} {name:12s} truth {value:5.2f}  mean {np.mean(means[name]):6.3f}  coverage "
            f"{np.mean(inside[name]):.3f}"
        )
    say(f"{law:16s} {doubtful} of {count} fits with r-hat above 1.01 or fewer than 400 effective draws")


def agree(law: Errors, count: int) -> None:
    from arviz_stats.base import array_stats

    from posterity.models.kinds.effects import effects_model

    design = small(law)
    for form in ("random", "fixed"):
        start = time.perf_counter()
        slow = nuts(effects_model(design, DEFAULTS, form, law), Sampler(draws=count, tune=1000, seed=3))[
            "posterior"
        ]
        middle = time.perf_counter()
        (fast,) = error_posteriors([design], DEFAULTS, form, law, 8000, 1)
        seconds = (middle - start, time.perf_counter() - middle)
        say(
            f"{law} {form}: NUTS {seconds[0]:.0f} s, fast {seconds[1]:.0f} s, k-hat {fast.k_hat:.2f}, r-hat "
            f"{fast.r_hat:.3f}"
        )
        pairs = {
            f"coef {t}": (slow["coef"].to_numpy()[:, :, j], fast.coef[:, j])
            for j, t in enumerate(design.terms)
        }
        pairs |= {name: (slow[name].to_numpy(), values) for name, values in fast.parameters.items()}
        for name, (a, b) in pairs.items():
            error = np.hypot(a.std() / np.sqrt(array_stats.ess(a)), b.std() / np.sqrt(fast.ess))
            say(
                f"  {name:12s} NUTS {a.mean():8.4f} fast {b.mean():8.4f}  difference "
                f"{(b.mean() - a.mean()) / error:5.2f} standard errors  ratio of sds {b.std() / a.std():.3f}"
            )


def cost(law: Errors, count: int) -> None:
    panels = panels_at_truth(law, 20, DESIGN, 3)
    for some in (panels[:1], panels):
        error_posteriors(some, DEFAULTS, "mundlak", law, count, 1)
        start, busy = time.perf_counter(), time.process_time()
        found = error_posteriors(some, DEFAULTS, "mundlak", law, count, 1)
        wall, busy = time.perf_counter() - start, time.process_time() - busy
        each = np.array([wall, busy]) / len(some)
        say(
            f"{law:16s} {len(some):2d} panels of {DESIGN.n} rows: {each[0]:.3f} s a fit ({each[1]:.3f} s of "
            f"processor), least effective draws {min(one.ess for one in found):.0f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["calibrate", "recover", "agree", "cost"])
    parser.add_argument("laws", nargs="*", default=list(LAWS))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=11, help="of the data of calibrate")
    parser.add_argument("--prior", action="append", default=[], help='of recover: "nu=gamma(2, 0.5)"')
    given = parser.parse_args()
    prepare("cpu")
    own_priors = {name: parse_prior(text) for name, text in (one.split("=") for one in given.prior)}
    default = {"calibrate": 200, "recover": 200, "agree": 1500, "cost": 1000}[given.what]
    for law in given.laws:
        if given.what == "calibrate":
            calibrate(law, given.count or default, given.seed)
        elif given.what == "recover":
            coverage_at_truth(law, given.count or default, {**DEFAULTS, **own_priors})
        else:
            {"agree": agree, "cost": cost}[given.what](law, given.count or default)
