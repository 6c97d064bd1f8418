"""Checks of residuals against known errors, and what the page says of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from posterity.analyses.robustness.samples.checks import cells_of, check, quantities, residuals
from posterity.reports.robustness.samples.section import section
from posterity.reports.rows import rows_of

from ....there import there
from .conftest import least_squares, panel_of


def simulated_design(errors, study, time_effects=True):
    rng = np.random.default_rng(8)
    n, t = errors.shape
    entity, at = np.divmod(np.arange(n * t), t)
    frame = pd.DataFrame(
        {
            "city": [f"c{i:02d}" for i in entity],
            "year": 2000 + at,
            "x1": rng.standard_normal(n * t),
            "x2": rng.standard_normal(n * t),
        }
    )
    frame["y"] = frame["x1"] + rng.standard_normal(n)[entity] + errors.ravel()
    design = study.spec("T1.1").design(panel_of(frame))
    return replace(design, time_effects=time_effects)


def caught(design):
    return {name for name, found in check(design, 3, 400).items() if found[-1]}


@pytest.fixture
def noise():
    return np.random.default_rng(21).standard_normal((30, 11))


def test_a_clean_panel_passes(study, noise):
    assert caught(simulated_design(noise, study)) == set()
    assert caught(simulated_design(noise, study, time_effects=False)) == set()


def test_faults_are_caught_by_name(study, noise):
    """Rates over 100 panels each: benchmarks/samples.py."""
    ar1 = noise.copy()
    for t in range(1, 11):
        ar1[:, t] = 0.6 * ar1[:, t - 1] + 0.8 * noise[:, t]
    assert "autocorrelation" in caught(simulated_design(ar1, study))
    unequal = noise * np.exp(np.linspace(-1, 1, 30))[:, None]
    assert "variance_ratio" in caught(simulated_design(unequal, study))
    heavy = stats.t.ppf(stats.norm.cdf(noise), 3)
    assert "kurtosis" in caught(simulated_design(heavy, study))
    outlier = noise.copy()
    outlier[4, 4] = 7.0
    assert "largest" in caught(simulated_design(outlier, study))
    shock = noise + noise[0]
    assert "pesaran_cd" in caught(simulated_design(shock, study, time_effects=False))
    groups = noise + np.repeat(noise[:3] * 1.5, 10, axis=0)
    assert "correlation" in caught(simulated_design(groups, study))


def test_quantities_by_their_definitions(study, noise):
    """SciPy's kurtosis; correlations by NumPy, with the constant of Pesaran (2021) for balanced panels."""
    design = simulated_design(noise, study, time_effects=False)
    e = residuals(design, design.y[:, None])
    found = {name: float(values[0]) for name, values in quantities(cells_of(design), e).items()}
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(e[:, 0]))
    table = np.empty((30, 11))
    table[design.entity, design.time] = e[:, 0]
    pairs = np.atleast_2d(np.corrcoef(table))[np.triu_indices(30, 1)]
    assert found["pesaran_cd"] == pytest.approx(np.sqrt(2 * 11 / (30 * 29)) * pairs.sum())
    assert found["correlation"] == pytest.approx(np.abs(pairs).mean())
    sd = table.std(axis=1)
    assert found["variance_ratio"] == pytest.approx(sd.max() / sd.min())
    before, after = table[:, :-1].ravel(), table[:, 1:].ravel()
    lag = (before * after).sum() / np.sqrt((before**2).sum() * (after**2).sum())
    assert found["autocorrelation"] == pytest.approx(lag)


def test_two_times_show_no_autocorrelation(study, noise):
    """Residuals of two times are each other's opposites whatever the errors are."""
    assert "autocorrelation" not in check(simulated_design(noise[:, :2], study), 3, 400)


def test_residuals_are_those_of_least_squares(study, frame):
    design = study.spec("T1.1").design(panel_of(frame))
    expected = least_squares(frame).resids.to_numpy()
    np.testing.assert_allclose(residuals(design, design.y[:, None])[:, 0], expected, atol=1e-10)


def test_munnell_has_the_faults_that_its_literature_speaks_of(munnell):
    """Serial correlation of 0.7 and more, and states of unequal variance (Baltagi and Pinnoi 1995)."""
    found = {c["name"]: c for c in munnell.robustness["T1.1"]["samples"]["checks"]}
    assert found["autocorrelation"]["value"] > 0.7 > found["autocorrelation"]["high"]
    assert found["variance_ratio"]["caught"] == 1
    body = there(section(munnell, rows_of(munnell))).body
    assert "Residuals of the same state are correlated from year to year: consider errors = ar1" in body


def test_without_effects_of_entities_the_page_thinks_of_them_first(fit):
    records = fit.robustness["T1.1"]["samples"]
    found = [{**c, "caught": float(c["name"] == "autocorrelation"), "value": 0.9} for c in records["checks"]]
    pooled = {**records, "checks": found, "entity_effects": False}
    shown = section(replace(fit, robustness={"T1.1": {"samples": pooled}}), rows_of(fit))
    body = there(shown).body
    assert "consider effects of city, or errors = ar1" in body
