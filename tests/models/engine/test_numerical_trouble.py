"""Numerical trouble: right, or refused in one sentence.

What is right comes from elsewhere: the same data in other units; least squares on explicit dummies by
singular values (NumPy); and, for posteriors given their scales, least squares of the rows with one row more
for each prior, by Householder reflections, which never forms a cross-product (Golub and Van Loan 2013,
section 5.3).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.sample.design import Design
from posterity.data.sample.within import split
from posterity.data.study.spec import Spec
from posterity.models.engine.collapsed import collapsed_data
from posterity.models.engine.posterior import posterior
from posterity.models.engine.programs import programs
from posterity.models.engine.sampling import Sampler
from posterity.models.engine.statistics import padded, statistics_of_design
from posterity.models.frequentist.iv import instrument_design, two_stage
from posterity.models.frequentist.least_squares import least_squares
from posterity.models.kinds.pooled import pooled_model
from posterity.models.mechanisms.instrument_draws import importance_draws
from posterity.models.mechanisms.paths import mediation_posterior
from posterity.models.printed.tables import PrintedEstimate, exact_draws, moments
from posterity.models.priors import DEFAULTS, Prior
from posterity.models.scale import scale_of
from posterity.models.thresholds.changepoints import enumerate_thresholds
from posterity.models.thresholds.regimes import regimes

from ...there import there

FEW = Sampler(draws=100)
FORMS = ("fixed", "random", "mundlak", None)
TWO_WAY, POOLED = "y ~ x1 + x2 | city + year", "y ~ x1 + x2"
SIGMA, SD_ENTITY, SD_TIME = 0.3, 0.8, 0.3


def design_of(frame, formula=TWO_WAY) -> Design:
    return build_design(Panel.of(frame, entity="city", time="year", source="panel"), Spec(formula=formula))


def formula_of(form) -> str:
    return TWO_WAY if form else POOLED


def given_scales(design: Design, form, sigma=SIGMA, sd_time=SD_TIME) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and standard deviation of standardised slopes given scales, by the collapsed engine."""
    statistics = padded(statistics_of_design(design, form))
    data = {name: value[None] for name, value in collapsed_data(statistics).items()}
    scales = [sigma] if form in ("fixed", None) else [sigma, SD_ENTITY, sd_time]
    size = data["spread"].shape[1] + 1
    noise = np.concatenate([np.zeros((1, size)), np.eye(size)])[None]
    points = np.tile(np.log(scales), (1, size + 1, 1))
    theta = programs(statistics).coefficients(points, data, noise)[1][0, :, : design.k]
    return theta[0], np.sqrt(((theta[1:] - theta[0]) ** 2).sum(axis=0))


def by_rows(design: Design, form, sigma=SIGMA, sd_time=SD_TIME) -> tuple[np.ndarray, np.ndarray]:
    """The same from the rows themselves."""
    X = (design.X - design.X.mean(axis=0)) / scale_of(design, form is not None).x_sd
    y = (design.y - design.y.mean()) / design.y.std()
    N, T = len(design.entities), len(design.times)
    part = split(X, design.entity, design.time, design.entity_effects, design.time_effects)
    columns, spread = [part.within if form in ("fixed", "mundlak") else X], [np.ones(design.k)]
    columns.append(np.ones((design.n, 1)))
    spread.append(np.array([2.5]))
    if form == "mundlak":
        columns.append(part.entity[design.entity])
        spread.append(np.full(design.k, 2.5))
    if form:
        flat = form == "fixed"
        for codes, size, sd in ((design.entity, N, SD_ENTITY), (design.time, T, sd_time)):
            zero_sum = flat or size == T
            basis = np.linalg.svd(np.eye(size) - 1 / size)[0][:, :-1] if zero_sum else np.eye(size)
            columns.append(basis[codes])
            spread.append(np.full(basis.shape[1], 10.0 if flat else sd))
    M, sd = np.hstack(columns), np.concatenate(spread)
    q, r = np.linalg.qr(np.vstack([M / sigma, np.diag(1 / sd)]))
    mean = np.linalg.solve(r, q.T @ np.concatenate([y / sigma, np.zeros(len(sd))]))
    return mean[: design.k], np.sqrt((np.linalg.inv(r) ** 2).sum(axis=1))[: design.k]


def by_dummies(design: Design) -> np.ndarray:
    """Least-squares slopes with explicit dummies, by singular values, columns in standard units."""
    X, y = (design.X - design.X.mean(axis=0)) / design.X.std(axis=0), design.y - design.y.mean()
    blocks = [X, np.ones((design.n, 1))]
    blocks += [np.eye(len(design.entities))[design.entity]] * design.entity_effects
    blocks += [np.eye(len(design.times))[design.time]] * design.time_effects
    return np.linalg.lstsq(np.hstack(blocks), y, rcond=1e-13)[0][: design.k] / design.X.std(axis=0)


UNITS = {
    "tiny and huge regressors": lambda f: f.assign(x1=f.x1 * 1e-12, x2=f.x2 * 1e12),
    "tiny outcome": lambda f: f.assign(y=f.y * 1e-12),
    "huge outcome": lambda f: f.assign(y=f.y * 1e12),
    "means of 1e9": lambda f: f.assign(y=f.y + 1e9, x1=f.x1 + 1e9),
}


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("form", FORMS)
def test_units_only_rescale(frame, form, units):
    """Same draws in other units; 1e9 leaves 7 digits of the data themselves."""
    one, other = (design_of(f, formula_of(form)) for f in (frame, UNITS[units](frame)))
    unit = other.y.std() / other.X.std(axis=0) / (one.y.std() / one.X.std(axis=0))
    draws = [
        posterior(statistics_of_design(d, form), sampler=FEW)["posterior"]["coef"].to_numpy()
        for d in (one, other)
    ]
    np.testing.assert_allclose(draws[1], draws[0] * unit, rtol=1e-4, atol=1e-5 * unit.min())
    fits = [least_squares(d) for d in (one, other)]
    np.testing.assert_allclose(fits[1].coef[:2], fits[0].coef[:2] * unit, rtol=1e-5)
    np.testing.assert_allclose(fits[1].std_error[:2], fits[0].std_error[:2] * unit, rtol=1e-5)
    assert fits[1].r2 == pytest.approx(fits[0].r2, abs=1e-6)


def test_units_do_not_reach_the_expanded_model(frame):
    values = []
    for f in (frame, UNITS["huge outcome"](UNITS["tiny and huge regressors"](frame))):
        values.append(sum(pooled_model(design_of(f, POOLED)).point_logps().values()))
    assert values[1] == pytest.approx(values[0], abs=0.02)


def collinear(frame, c):
    return frame.assign(x2=frame.x1 + np.random.default_rng(3).normal(size=len(frame)) / c)


def seen_once(frame):
    own = frame.city.str[1:].astype(int)
    return frame[(own >= 6) | (frame.year == 2000 + own % 7)]


TROUBLE = {
    "collinear, 1e4": lambda f: collinear(f, 1e4),
    "half of the entities seen once": seen_once,
    "2 entities": lambda f: f[f.city < "c02"],
    "3 years": lambda f: f[f.year < 2003],
    "constant in all entities but one": lambda f: f.assign(
        y=np.where(f.city == "c00", f.y, f.groupby("city").y.transform("mean"))
    ),
    "one province dominates": lambda f: f.assign(
        y=f.y * np.where(f.city == "c00", 1e4, 1), x1=f.x1 * np.where(f.city == "c00", 1e4, 1)
    ),
    "regressor with one row that is not 0": lambda f: f.assign(x2=(np.arange(len(f)) == 17) * 1.0),
    "regressor that hardly varies within": lambda f: f.assign(x2=f.city.str[1:].astype(float) + 3e-4 * f.x2),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("form", FORMS)
def test_slopes_are_those_of_the_rows(frame, form, trouble):
    design = design_of(TROUBLE[trouble](frame), formula_of(form))
    for found, expected in zip(given_scales(design, form), by_rows(design, form), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(least_squares(design).coef[:2], by_dummies(design), rtol=1e-6)


@pytest.mark.parametrize("form", ["random", "mundlak"])
def test_almost_no_error_is_still_right(frame, form):
    """An outcome that regressors explain but for 1 part in 100,000."""
    design = design_of(frame.assign(y=2 * frame.x1 - frame.x2 + 1e-5 * frame.y))
    for found, expected in zip(given_scales(design, form, 3e-6), by_rows(design, form, 3e-6), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_entities_seen_once_do_not_move_least_squares(frame):
    whole = seen_once(frame)
    np.testing.assert_allclose(
        least_squares(design_of(whole)).coef[:2],
        least_squares(design_of(whole[whole.city >= "c06"])).coef[:2],
        rtol=1e-9,
    )


def test_a_dummy_of_one_row_takes_that_row_away(frame):
    with_dummy = design_of(TROUBLE["regressor with one row that is not 0"](frame))
    without = design_of(frame.drop(index=frame.index[17]), "y ~ x1 | city + year")
    assert least_squares(with_dummy).coef[0] == pytest.approx(least_squares(without).coef[0], rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_two_entities_are_enough_for_a_posterior(frame, form):
    """Draws are finite and as wide as they must be: the data say little; also where NUTS has to step in."""
    few = design_of(frame[frame.city < "c02"], formula_of(form))
    tree = posterior(statistics_of_design(few, form), sampler=Sampler(draws=200, tune=200))
    slope = tree["posterior"]["slope"].to_numpy()
    assert np.isfinite(slope).all()
    assert (slope.std(axis=(0, 1)) > 0.02).all()


REFUSED = {
    "collinear, 1e6": (lambda f: collinear(f, 1e6), TWO_WAY, "'x2' is a linear combination"),
    "collinear, 1e10": (lambda f: collinear(f, 1e10), POOLED, "'x2' is a linear combination"),
    "all entities seen once": (
        lambda f: f[f.year == 2000 + f.city.str[1:].astype(int) % 7], TWO_WAY, "12 rows cannot estimate 20",
    ),
    "2 entities, 3 years": (
        lambda f: f[(f.city < "c02") & (f.year < 2003)], TWO_WAY, "6 rows cannot estimate 6"),
    "constant within entities": (
        lambda f: f.assign(y=f.groupby("city").y.transform("mean")),
        TWO_WAY, "'y' does not vary within the effects",
    ),
    "perfect fit": (
        lambda f: f.assign(y=2 * f.x1 - f.x2), POOLED, "'y' is a linear combination of the regressors"),
    "perfect fit with effects": (
        lambda f: f.assign(y=2 * f.x1 - f.x2 + f.region + f.year), TWO_WAY, "'y' is a linear combination",
    ),
    "all but perfect fit": (
        lambda f: f.assign(y=2 * f.x1 + 1e-8 * f.y), TWO_WAY, "no error is left to learn from"),
    "regressor constant within": (
        lambda f: f.assign(x2=f.region + 1e-7 * f.x2), TWO_WAY, "'x2' does not vary within the effects",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trouble", REFUSED)
def test_what_cannot_be_told_is_refused_in_one_sentence(frame, trouble):
    spoil, formula, words = REFUSED[trouble]
    with pytest.raises(InputError, match=words) as refusal:
        design_of(spoil(frame), formula)
    assert str(refusal.value).count(". ") == 0


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("estimate", [0.0, 0.4, 8.0])
def test_printed_estimates_at_any_scale(unit, estimate):
    """Normal prior times normal likelihood, in closed form; 8 standard errors apart the two disagree."""
    slope = Prior("normal", (0.0, 1.0))
    printed = PrintedEstimate("x", estimate * unit, (0.5 * unit, 0.5 * unit), 1e9, unit)
    mean, sd = estimate / 1.25, np.sqrt(0.2)
    np.testing.assert_allclose(np.array(moments(printed, slope)) / unit, (mean, sd), rtol=1e-3, atol=1e-6)
    drawn = exact_draws(printed, slope, 4000, 1) / unit
    np.testing.assert_allclose([drawn.mean(), drawn.std()], (mean, sd), rtol=2e-3, atol=1e-3)


def test_thresholds_do_not_know_units(frame):
    q = np.random.default_rng(5).normal(size=len(frame))
    found = []
    for f, of_q in ((frame, 1.0), (UNITS["huge outcome"](UNITS["tiny and huge regressors"](frame)), 1e-9)):
        found.append(enumerate_thresholds(regimes(design_of(f), q * of_q, "x1", "q"), 1))
    np.testing.assert_allclose(found[1].probability, found[0].probability, rtol=1e-4)
    np.testing.assert_allclose(found[1].locations(1), found[0].locations(1), atol=1e-5)


def test_mediation_does_not_know_units(frame):
    one = design_of(frame, "y ~ x1 + x2 | city + year")
    other = replace(one, X=one.X * [1e9, 1e-12], y=one.y * 1e6 + 1e9)
    found = [mediation_posterior(d, "x1", ("x2",), sampler=FEW).paths for d in (one, other)]
    np.testing.assert_allclose(found[1].a * found[1].b * 1e3, found[0].a * found[0].b, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(found[1].direct * 1e3, found[0].direct, rtol=1e-3, atol=1e-6)


def instruments(frame, strength=1.0):
    rng = np.random.default_rng(8)
    z, v = rng.normal(size=(2, len(frame)))
    return frame.assign(
        z=z, x1=strength * z + v, y=0.5 * (strength * z + v) + 0.5 * v + rng.normal(size=len(frame))
    )


def iv_data(frame):
    return instrument_design(design_of(frame, "y ~ x1 + x2 + z | city + year"), 1, 1)


def test_instruments_do_not_know_units(frame):
    one = iv_data(instruments(frame))
    other = iv_data(
        instruments(frame).assign(x1=lambda f: f.x1 * 1e-12, z=lambda f: f.z * 1e12, y=lambda f: f.y * 1e6)
    )
    draws = [importance_draws(d, DEFAULTS, [None], 400, 1)[0].beta for d in (one, other)]
    np.testing.assert_allclose(draws[1] * 1e-18, draws[0], rtol=1e-5)
    fits = [there(two_stage(d).at("x1")) for d in (one, other)]
    np.testing.assert_allclose(np.array(fits[1]) * 1e-18, fits[0], rtol=1e-8)


def test_an_instrument_that_does_nothing_leaves_the_prior(frame):
    """beta is then as the prior has it, plus what the correlation of the errors allows: wide, and finite."""
    drawn = importance_draws(iv_data(instruments(frame, 0.0)), DEFAULTS, [None], 2000, 1)[0].beta
    assert np.isfinite(drawn).all()
    assert np.quantile(drawn, 0.975) - np.quantile(drawn, 0.025) > 1
