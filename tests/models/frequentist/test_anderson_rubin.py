"""The joint Anderson-Rubin region: its closed form, ivreg2's test, statsmodels at the ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.datasets import mroz
from scipy import optimize, stats

from posterity.data.study.spec import Cluster
from posterity.models.frequentist.anderson_rubin import anderson_rubin_region
from posterity.models.frequentist.iv import InstrumentDesign, instrument_design

from ...there import there
from ..instrument_panels import crime, plain
from .test_weak_instruments import WAGES, wages

GROUPS = Cluster(cluster="group")


def quadric(data: InstrumentDesign, level: float) -> list[list[tuple[float, float]]]:
    """Projections of {b : (y - Xb)'(P - c M)(y - Xb) <= 0}, c = k F / nu, in closed form.

    Dufour and Taamouti 2005, doi:10.1111/j.1468-0262.2005.00618.x: the other coefficients are minimised out,
    which gives a quadratic inequality, and no bound where the minimum does not exist.
    """
    k, Y = data.Z.shape[1], np.column_stack([data.y, data.X])
    fitted = data.Z @ np.linalg.lstsq(data.Z, Y)[0]
    noise = (Y - fitted).T @ (Y - fitted) / (data.free - k)
    Q = fitted.T @ fitted - k * stats.f.ppf(level, k, data.free - k) * noise
    found = []
    for j in range(1, len(Q)):
        o = [i for i in range(1, len(Q)) if i != j]
        if np.linalg.eigvalsh(Q[np.ix_(o, o)])[0] <= 0:
            found.append([(-np.inf, np.inf)])
            continue
        R = Q[np.ix_([0, j], [0, j])]
        R = R - Q[np.ix_([0, j], o)] @ np.linalg.solve(Q[np.ix_(o, o)], Q[np.ix_(o, [0, j])])
        a, b, c = R[1, 1], -2 * R[0, 1], R[0, 0]
        if b * b < 4 * a * c:
            found.append([] if a > 0 else [(-np.inf, np.inf)])
            continue
        low, high = sorted((-b + sign * np.sqrt(b * b - 4 * a * c)) / 2 / a for sign in (-1, 1))
        found.append([(low, high)] if a > 0 else [(-np.inf, low), (high, np.inf)])
    return found


def three(strength: float, seed: int = 3) -> InstrumentDesign:
    """Three endogenous regressors and five instruments, the third of them with this strength."""
    rng = np.random.default_rng(seed)
    Z, V = rng.normal(size=(300, 5)), rng.normal(size=(300, 3))
    slopes = rng.normal(size=(5, 3)) * [1.0, 0.3, strength]
    X = Z @ slopes + V
    y = X @ [1.0, -5.0, 0.2] + V.sum(axis=1) + rng.normal(size=300)
    names = ["x1", "x2", "x3", *(f"z{i}" for i in range(5))]
    frame = pd.DataFrame(np.column_stack([X, Z]), columns=names).assign(y=y)
    return instrument_design(plain(frame, "y", names, np.arange(300) % 30), 3, 5)


CASES = {
    "wages": (wages, 0.95), "wages, narrow": (wages, 0.5), "wages, empty": (wages, 0.2),
    "crime, the whole plane": (crime, 0.95), "crime, bounded": (crime, 0.2),
    "three": (lambda: three(0.5), 0.95), "three, one unidentified": (lambda: three(0.02), 0.95),
    "three, strong": (lambda: three(200.0), 0.95), "three, rays": (lambda: three(0.1, seed=7), 0.95),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_with_independent_errors_it_is_a_quadric(case):
    make, level = CASES[case]
    data = make()
    found, expected = there(anderson_rubin_region(data, level=level)).projections, quadric(data, level)
    assert list(map(len, found)) == list(map(len, expected))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("case", "shape", "pieces"),
    [
        ("wages", "bounded", [1, 1]),
        ("wages, empty", "empty", [0, 0]),
        ("three, rays", "unbounded", [2, 2, 1]),
    ],
)
def test_the_cases_have_every_shape(case, shape, pieces):
    make, level = CASES[case]
    found = there(anderson_rubin_region(make(), level=level))
    assert (found.shape, list(map(len, found.projections))) == (shape, pieces)


def test_ivreg2_on_the_wages_of_working_women():
    """Anderson-Rubin Wald test F(3,424) = 2.08, P-val = 0.1025; test_weak_instruments names the source."""
    assert round(there(anderson_rubin_region(wages())).p_all_zero, 4) == 0.1025


@pytest.mark.parametrize("kind", ["hetero", "cluster"])
def test_ends_have_p_five_per_cent_for_the_best_value_of_the_other_coefficient(kind):
    """y - b x on the instruments by statsmodels; the other coefficient makes p as large as it can be."""
    data = wages()
    frame = mroz.load()[["lwage", *WAGES]].dropna().assign(const=1.0)
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": data.design.clusters}}
    options = {"cov_type": "HC1"} if kind == "hetero" else clustered
    Q, joint = frame[[*WAGES[2:], "const"]], np.eye(4)[:3]
    df = 39 if kind == "cluster" else 424
    names = ("educ", "exper")

    def p_value(values: dict[str, float]) -> float:
        left = frame["lwage"] - sum(b * frame[name] for name, b in values.items())
        fit = sm.OLS(left, Q).fit(**options)
        wald = float(fit.wald_test(joint, use_f=False, scalar=True).statistic)
        return float(stats.f.sf(wald / 3, 3, df))

    region = there(anderson_rubin_region(data, "hetero" if kind == "hetero" else GROUPS))
    for own, other, ((low, high),) in zip(names, names[::-1], region.projections, strict=True):
        for end in (low, high):
            best = optimize.minimize_scalar(
                lambda b, own=own, other=other, end=end: -p_value({own: end, other: b}),
                bounds=(-0.5, 0.5), options={"xatol": 1e-8}, method="bounded",
            )  # fmt: skip
            assert -best.fun == pytest.approx(0.05, rel=1e-4)


def test_too_few_clusters_give_no_region():
    assert anderson_rubin_region(wages(groups=3), GROUPS) is None
    assert anderson_rubin_region(wages(groups=4), GROUPS) is not None
