"""Posteriors that others computed: posteriordb's references, and two classic changepoints.

`reference/posteriordb.csv` holds mean and standard deviation of the 10,000 reference draws that posteriordb
keeps for each posterior (Magnusson et al. 2025, https://github.com/stan-dev/posteriordb, commit 28f8d3d, BSD
3-Clause; 10 chains of Stan, thinned, checked there). Data are those of its `kidiq` and `mesquite` (Gelman and
Hill 2007, chapters 3 and 4) and `eight_schools` (Rubin 1981). Flat priors there are priors a thousand
standard deviations wide here.

Nile: annual flow at Aswan 1871-1970 (Cobb 1978, doi:10.1093/biomet/65.2.243), one change of the mean, the
last year before it 1898. Coal: disasters in British mines by year 1851-1961 (Jarrett 1979,
doi:10.1093/biomet/66.1.191; Carlin, Gelfand and Smith 1992, doi:10.2307/2347570).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import nile

from posterity.data.sample.design import Design
from posterity.models.engine.posterior import posterior
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import statistics_of_design, statistics_of_sums
from posterity.models.engine.sums import Sums
from posterity.models.priors import DEFAULTS, Prior, Priors
from posterity.models.thresholds.changepoints import Enumerated, enumerate_thresholds
from posterity.models.thresholds.regimes import regimes

HERE = Path(__file__).parents[1] / "reference"
REFERENCE = pd.read_csv(HERE / "posteriordb.csv")
KEPT = 10_000
SAMPLER = Sampler(draws=2500, seed=3)
FLAT: Priors = {
    **DEFAULTS,
    "slope": Prior("normal", (0.0, 1e3)),
    "intercept": Prior("normal", (0.0, 1e3)),
    "sigma": Prior("half_normal", (1e3,)),
}

REGRESSIONS = {
    "kidscore_momiq": ("kidiq", lambda f: (f.kid_score, f[["mom_iq"]]), 2.5),
    "kidscore_momhs": ("kidiq", lambda f: (f.kid_score, f[["mom_hs"]]), 2.5),
    "kidscore_momhsiq": ("kidiq", lambda f: (f.kid_score, f[["mom_hs", "mom_iq"]]), 2.5),
    "mesquite": ("mesquite", lambda f: (f.weight, f.drop(columns="weight")), None),
    "logmesquite_logvolume": (
        "mesquite",
        lambda f: (np.log(f.weight), np.log(f.diam1 * f.diam2 * f.canopy_height).to_frame("volume")),
        None,
    ),
    "logmesquite_logvas": (
        "mesquite",
        lambda f: (
            np.log(f.weight),
            pd.DataFrame({
                "volume": np.log(f.diam1 * f.diam2 * f.canopy_height), "area": np.log(f.diam1 * f.diam2),
                "shape": np.log(f.diam1 / f.diam2), "total_height": np.log(f.total_height),
                "density": np.log(f.density), "group": f.group,
            }),
        ),
        None,
    ),
}  # fmt: skip


def rows(y, X, terms) -> Design:
    """A design without effects; each row is an entity of its own."""
    n = len(y)
    return Design(
        "y", tuple(terms), np.asarray(y, float), np.asarray(X, float), np.arange(n), np.arange(n) % 2,
        tuple(f"r{i:04d}" for i in range(n)), (0, 1), "row", "half", False, False, None,
    )  # fmt: skip


def agree(found: dict[str, np.ndarray], reference: pd.DataFrame, ess: float, sd_rtol: float) -> None:
    """Means within 4 Monte Carlo standard errors of both sides, and standard deviations."""
    assert set(found) == set(reference["parameter"])
    for parameter, mean, sd in reference[["parameter", "mean", "sd"]].itertuples(index=False):
        error = sd * np.sqrt(1 / KEPT + 1 / ess)
        assert abs(found[parameter].mean() - mean) < 4 * error, parameter
        assert found[parameter].std() == pytest.approx(sd, rel=sd_rtol), parameter


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions_of_posteriordb(name):
    file, read, cauchy = REGRESSIONS[name]
    y, X = read(pd.read_csv(HERE / f"{file}.csv"))
    design = rows(y, X, X.columns)
    own = {} if cauchy is None else {"sigma": Prior("half_cauchy", (cauchy / design.y.std(),))}
    tree = posterior(statistics_of_design(design, None), {**FLAT, **own}, SAMPLER)
    drawn = tree["posterior"]
    coef = drawn["coef"].to_numpy().reshape(-1, design.k)
    found = {f"beta[{j + 2}]": coef[:, j] for j in range(design.k)}
    found |= {
        "beta[1]": drawn["constant"].to_numpy().ravel(),
        "sigma": drawn["sigma"].to_numpy().ravel() * design.y.std(),
    }
    agree(found, REFERENCE.query("posterior == @name"), tree.attrs["ess"], 0.04)


def test_eight_schools():
    """Known standard errors as means: school j has (7920 / sigma_j)^2 rows that scatter by 7920 around y_j.

    The scatter is then known to 1 part in 2,000, the effects are those of the `random` form, and mu and tau
    have the priors of posteriordb.
    """
    y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
    known = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    scatter = 7920.0
    n = (scatter / known) ** 2
    sums = Sums(
        (), np.array([f"school {j}" for j in range(8)]), np.array([0, 1]), np.zeros(1),
        np.array([[(n * y**2).sum() + (n.sum() - 8) * scatter**2]]), (n * y)[:, None],
        np.tile((n * y).sum() / 2, (2, 1)), np.stack([n, n], axis=1) / 2,
    )  # fmt: skip
    statistics = statistics_of_sums(sums, "random", True, False, "school", "half")
    mean, sd = statistics.scale.y_mean, statistics.scale.y_sd
    priors = {
        **DEFAULTS,
        "intercept": Prior("normal", (-mean / sd, 5 / sd)),
        "sd_entity": Prior("half_cauchy", (5 / sd,)),
        "sigma": Prior("half_normal", (1e3,)),
    }
    tree = posterior(statistics, priors, SAMPLER)
    drawn = {
        name: tree["posterior"][name].to_numpy().reshape(10_000, -1) * sd
        for name in ("intercept", "sd_entity", "entity_effect")
    }
    found = {f"theta[{j + 1}]": mean + drawn["entity_effect"][:, j] for j in range(8)}
    found |= {"mu": mean + drawn["intercept"][:, 0], "tau": drawn["sd_entity"][:, 0]}
    agree(found, REFERENCE.query("posterior == 'eight_schools_noncentered'"), tree.attrs["ess"], 0.08)


def one_break(y: np.ndarray, years: np.ndarray) -> Enumerated:
    """One change of the mean of a series: the slope on a column of ones changes with the year.

    A regressor must vary: a row with 0, whose outcome only the level sees, makes it. Priors as in the
    reference: flat means before and after, 1 / sigma.
    """
    design = rows(np.append(y, y.mean()), np.append(np.ones(len(y)), 0.0)[:, None], ["one"])
    priors = {
        **FLAT,
        "sigma": Prior("inverse_gamma", (1e-4, 1e-4)),
        "difference": Prior("inverse_gamma", (1e5, 1e7)),
    }
    found = regimes(design, np.append(years, years[0]).astype(float), "one", "year", share=1e-6)
    return enumerate_thresholds(found, 1, priors, "mundlak")


def test_nile():
    """Mode 1898 with probability 0.764: flat means and 1 / sigma in closed form over the 99 places."""
    data = nile.load_pandas().data
    found = one_break(data["volume"].to_numpy(), data["year"].to_numpy())
    places = dict(zip(found.regimes[0].candidates, found.locations(1)[0], strict=True))
    assert max(places, key=places.__getitem__) == 1898
    assert places[1898] == pytest.approx(0.764, abs=0.0015)
    y, log_p = data["volume"].to_numpy(), []
    for k in range(1, 100):
        left = sum(((part - part.mean()) ** 2).sum() for part in (y[:k], y[k:]))
        log_p.append(-0.5 * np.log(k * (100 - k)) - 49 * np.log(left))
    exact = np.exp(np.array(log_p) - max(log_p))
    np.testing.assert_allclose(list(places.values()), exact / exact.sum(), atol=1e-3)


COAL = (
    "454014340633402633545314415534252234213221111300101100310322"
    "011101010002100011023311211112420014000100000100101"
)


def test_coal():
    """Mode 1891, 95% from 1886 to 1896, as in the Poisson model; counts made Gaussian, 2 sqrt(count + 3/8).

    The models here are Gaussian; Anscombe's transformation (1948, doi:10.1093/biomet/35.3-4.246) is what lets
    them read counts. That they then give the published numbers is a test of places, not of a Poisson
    likelihood.
    """
    counts = np.array([int(c) for c in COAL])
    assert (len(counts), counts.sum()) == (111, 191)
    found = one_break(2 * np.sqrt(counts + 3 / 8), np.arange(1851, 1962))
    years, weight = found.regimes[0].candidates, found.locations(1)[0]
    assert years[weight.argmax()] == 1891
    reached = np.cumsum(weight)
    assert (years[np.searchsorted(reached, 0.025)], years[np.searchsorted(reached, 0.975)]) == (1886, 1896)
