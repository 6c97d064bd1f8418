"""Columns with draws made by hand: nothing is sampled."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import arviz as az
import numpy as np
from scipy import stats

import posterity as po
from posterity.analyses.judge.posterior import Posterior
from posterity.analyses.run.results import SpecFit
from posterity.models.engine.sampling import Sampler
from posterity.models.frequentist.least_squares import LeastSquares
from posterity.models.priors import DEFAULTS

from ...papers import write_paper

SPECS = """\
[spec."T1.1"]
formula = "y ~ x1 + x2"
"""
ROWS = (
    "T1,1,x1,0.50,0.10,,***,,,,84,,y,\nT1,1,x2,-0.20,0.10,,**,,,,84,,y,\nT1,1,_cons,1.00,0.10,,,,,,84,,y,\n"
)


def posterior(**changes: Any) -> Posterior:
    """A summary with nothing to object to."""
    good: dict[str, Any] = {
        "mean": 1.0, "sd": 0.1, "low": 0.8, "high": 1.2, "prob_positive": 1.0, "ess_bulk": 4000.0,
        "r_hat": 1.0, "k_hat": None, "bayes_factor_10": None, "published_position": 0.5, "divergences": 0,
        "independent": False, "effective_draws": 4000.0,
    }  # fmt: skip
    return Posterior(**{**good, **changes})


def tree(
    means: dict[str, float], sd: float = 0.1, attrs: dict[str, Any] | None = None, draws: int = 1000
) -> Any:
    """Draws of each coefficient that lie at the quantiles of a normal, in random order."""
    rng = np.random.default_rng(1)
    z = stats.norm.ppf((np.arange(4 * draws) + 0.5) / (4 * draws))
    drawn = {name: mean + sd * rng.permutation(z).reshape(4, draws) for name, mean in means.items()}
    slopes = [name for name in drawn if name != "_cons"]
    values = {"coef": np.stack([drawn[name] for name in slopes], axis=-1)}
    values |= {"constant": drawn["_cons"]} if "_cons" in drawn else {}
    made = az.from_dict({"posterior": values}, coords={"term": slopes}, dims={"coef": ["term"]})
    made.attrs = attrs if attrs is not None else {"method": "importance", "k_hat": 0.1, "ess": 4000.0}
    return made


def column(folder: Any, specs: str = SPECS, rows: str = ROWS, **changes: Any) -> SpecFit:
    """A fit of the column T1.1 of the smallest paper."""
    study = po.load(write_paper(folder, specs, rows))
    found = SpecFit(
        study.spec("T1.1"), tree({"x1": 0.5, "x2": -0.2, "_cons": 1.0}), DEFAULTS, study.file.printed("T1.1"),
        "collapsed", 1.0, units={"x1": 1.0, "x2": 1.0, "_cons": None},
    )  # fmt: skip
    return replace(found, **changes)


def fit_of(one: SpecFit, evidence: str = "panel", folder: Any = None, **changes: Any) -> Any:
    """A run of this column alone."""
    made: dict[str, Any] = {
        "study": po.load(folder) if folder else SimpleNamespace(name="mine"),
        "evidence": evidence, "panel": None, "sampler": Sampler(), "specs": {one.id: one}, "skipped": {},
    }  # fmt: skip
    return po.Fit(**{**made, **changes})


def reproducing(df: float = 80.0, n: int = 84, **estimates: tuple[float, float]) -> LeastSquares:
    """The paper's regression, with an estimate and a standard error a term."""
    values = np.array(list(estimates.values()), float)
    return LeastSquares(tuple(estimates), values[:, 0], values[:, 1], df, n, 0.5)


def design(n: int = 84, clusters: bool = False) -> Any:
    """What flags read of a design."""
    return SimpleNamespace(n=n, clusters=np.zeros(n, int) if clusters else None)
