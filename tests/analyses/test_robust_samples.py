"""Samples: influence against refits, predictions against ArviZ, checks against known errors, and the page."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from scipy import stats

import posterity as po
from posterity.analyses.results import Request
from posterity.analyses.robust import sample_influence, sample_predict
from posterity.analyses.robust.sample_checks import cells_of, check, quantities, residuals
from posterity.analyses.robust.samples import samples
from posterity.analyses.robustness import robust
from posterity.analyses.verdicts import verdict
from posterity.data.panel import Panel
from posterity.reports.robust_samples import section
from posterity.reports.rows import rows_of

HOSTILE = "<script>alert(1)</script>"
STUDY = """
[study]
name = "samples"
title = "SYNTHETIC"
entity = "city"
time = "year"
published = "published.csv"
[groups.coast]
'<script>alert(1)</script>' = ["c00", "c03"]
[spec."T1.1"]
formula = "y ~ x1 + x2 | city + year"
form = "fixed"
priors = { slope = "normal(0, 100)", intercept = "normal(0, 100)", effect = "normal(0, 1000)" }
"""
PUBLISHED = """table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note
T1,1,x1,0.5,0.1,,***,,,,,,y,
T1,1,x2,-0.2,0.1,,***,,,,,,y,
"""


def panel_of(frame):
    return Panel.of(frame, entity="city", time="year", source="SYNTHETIC panel")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "published.csv").write_text(PUBLISHED, encoding="utf-8")
    return po.load(folder)


@pytest.fixture(scope="module")
def frame(simulate):
    return simulate(n_entity=9, n_time=6, seed=4, missing=0.1)


@pytest.fixture(scope="module")
def fit(study, frame):
    found = po.fit(study, panel_of(frame), draws=100)
    return robust(found, Request("panel"), ("samples",))


def unit(records, name):
    return next(u for u in records["influence"]["units"] if u["name"] == name)


def least_squares(frame):
    data = frame.set_index(["city", "year"])
    model = PanelOLS(data["y"], data[["x1", "x2"]], entity_effects=True, time_effects=True)
    return model.fit()


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("c03", lambda f: f["city"] != "c03"),
        ("2002", lambda f: f["year"] != 2002),
        (HOSTILE, lambda f: ~f["city"].isin(["c00", "c03"])),
    ],
)
def test_flat_priors_give_the_least_squares_of_the_smaller_panel(fit, frame, name, keep):
    """Slopes of linearmodels' PanelOLS on the panel without the unit; means of 4,000 draws, four standard errors."""
    found, expected = unit(fit.robustness["T1.1"]["samples"], name), least_squares(frame[keep(frame)])
    assert found["rows"] == int((~keep(frame)).sum())
    for at, term in enumerate(("x1", "x2")):
        allowed = 4 * expected.std_errors[term] / np.sqrt(sample_influence.DRAWS)
        assert found["mean"][at] == pytest.approx(expected.params[term], abs=allowed)
        width = found["high"][at] - found["low"][at]
        t = stats.t.ppf(0.975, expected.df_resid)
        assert width == pytest.approx(2 * t * expected.std_errors[term], rel=0.12)


def test_every_entity_year_and_group_is_left_out_once(fit, frame):
    units = fit.robustness["T1.1"]["samples"]["influence"]["units"]
    assert [u["kind"] for u in units] == ["entity"] * 9 + ["time"] * 6 + ["coast"]
    assert all(u["trusted"] for u in units)


def test_shift_is_in_posterior_standard_deviations(fit):
    records = fit.robustness["T1.1"]["samples"]["influence"]
    whole, found = records["whole"], unit({"influence": records}, "c03")
    sd = (whole["high"][0] - whole["low"][0]) / (2 * 1.96)
    assert found["shift"][0] == pytest.approx((found["mean"][0] - whole["mean"][0]) / sd, rel=0.1)


@pytest.fixture(scope="module")
def munnell():
    study = po.load("munnell-1990")
    fitted = po.fit(study, only="T1.1", draws=100)
    return robust(fitted, Request("panel"), ("samples",))


def test_munnell_without_louisiana(munnell):
    """`posterity` on 47 states against the batch, for the state that moves private capital most.

    The column is pooled: what is refitted is what its verdict rests on, the model with effects.
    """
    study, records = munnell.study, munnell.robustness["T1.1"]["samples"]["influence"]
    most = max(records["units"], key=lambda u: abs(u["shift"][1]))
    assert most["name"] == "LOUISIANA"
    panel = study.panel()
    fewer = panel.where(panel.frame["state"] != "LOUISIANA")
    again = po.fit(study, fewer, only="T1.1").specs["T1.1"].with_effects.tree
    draws = again["posterior"]["coef"].to_numpy().reshape(-1, 4)
    error = draws.std(axis=0) * np.sqrt(1 / len(draws) + 1 / sample_influence.DRAWS)
    np.testing.assert_array_less(np.abs(most["mean"] - draws.mean(axis=0)), 4 * error)
    ends = np.quantile(draws, [0.025, 0.975], axis=0)
    assert (np.abs([most["low"], most["high"]] - ends) < 0.15 * draws.std(axis=0)).all()


def test_munnell_has_the_faults_that_its_literature_speaks_of(munnell):
    """Serial correlation of 0.7 and more, and states of unequal variance (Baltagi and Pinnoi 1995)."""
    found = {c["name"]: c for c in munnell.robustness["T1.1"]["samples"]["checks"]}
    assert found["autocorrelation"]["value"] > 0.7 > found["autocorrelation"]["high"]
    assert found["variance_ratio"]["caught"] == 1
    body = section(munnell, rows_of(munnell)).body
    assert "Residuals of the same state are correlated from year to year: consider errors = ar1" in body


@pytest.fixture
def no_posteriors(monkeypatch):
    """Every coefficient 0.1 times the number of its problem, plus normal draws."""

    def made(problems, priors, draws, seed):
        noise = np.random.default_rng(1).standard_normal((draws, problems[0].n_slope))
        values = 0.1 * np.arange(len(problems))[:, None, None] + noise
        return values, np.zeros(len(problems))

    monkeypatch.setattr(sample_influence, "_posteriors", made)


def test_what_cannot_be_estimated_without_a_unit_is_said(study, simulate, no_posteriors):
    frame = simulate(n_entity=6, n_time=5, seed=2)
    frame["x2"] = np.where(frame["city"] == "c02", frame["x2"], 0.0)
    design = study.spec("T1.1").design(panel_of(frame))
    records = sample_influence.influence([design], "fixed", study.spec("T1.1").priors(), {"x1": 0.5}, {}, 1)
    assert "x2" in records["refused"]["c02"]
    assert "c02" not in [u["name"] for u in records["units"]]


def test_of_many_entities_those_that_move_least_squares_most_are_left_out(
    study, simulate, no_posteriors, monkeypatch
):
    monkeypatch.setattr(sample_influence, "MOST", 10)
    frame = simulate(n_entity=20, n_time=5, seed=3)
    design = study.spec("T1.1").design(panel_of(frame))
    records = sample_influence.influence([design], "fixed", study.spec("T1.1").priors(), {"x1": 0.5}, {}, 1)
    assert records["screened"] == {"entity": 20}
    whole = least_squares(frame).params["x1"]
    moves = {
        c: abs(least_squares(frame[frame["city"] != c]).params["x1"] - whole) for c in set(frame["city"])
    }
    kept = {u["name"] for u in records["units"] if u["kind"] == "entity"}
    assert len(kept) == 10
    assert set(sorted(moves, key=lambda c: -moves[c])[:6]) <= kept  # one step of Newton, not a refit


def test_twins_are_mixed_evenly(study, simulate, no_posteriors):
    """Two twins of 6 entities and 5 years: twelve problems each, whose coefficients lie 0.1 apart."""
    designs = [study.spec("T1.1").design(panel_of(simulate(n_entity=6, n_time=5, seed=s))) for s in (1, 2)]
    records = sample_influence.influence(designs, "fixed", study.spec("T1.1").priors(), {"x1": 3.0}, {}, 1)
    noise = np.random.default_rng(1).standard_normal((sample_influence.DRAWS_OF_TWIN, 2))[:, 0]
    third = records["units"][2]
    assert third["mean"][0] == pytest.approx(0.3 + 0.6 + noise.mean())
    assert third["low"][0] == pytest.approx(np.quantile([noise + 0.3, noise + 1.5], 0.025))
    assert third["shift"][0] == pytest.approx(0.3 / noise.std(ddof=1))
    of_years = records["kinds"][1]
    assert of_years["kind"] == "time"
    assert of_years["largest_shift"][0] == pytest.approx(1.1 / noise.std(ddof=1))
    ends = np.quantile(noise, [0.025, 0.975])
    assert of_years["panels_that_change"][0] == sum(
        verdict(3.0, *(ends + first)) != verdict(3.0, *(ends + last))
        for first, last in ((0.0, 1.1), (1.2, 2.3))
    )


def test_slopes_that_vary_lose_the_group_of_the_last_entity(simulate):
    from posterity.data.design import build_design
    from posterity.data.study import Spec, Varying

    frame = simulate(n_entity=6, n_time=5)
    frame["region"] = np.where(frame["city"] == "c04", "alone", "rest")
    spec = Spec(formula="y ~ x1 | city", varying=Varying(by="region"))
    design = build_design(panel_of(frame), spec)
    less = sample_influence.without(design, design.entity == 4)
    assert less.varying.groups == ("rest",)
    assert less.entities == ("c00", "c01", "c02", "c03", "c05")
    assert list(less.varying.group) == [0] * 5


def test_a_page_of_twins_is_labelled(fit):
    records = {**fit.robustness["T1.1"]["samples"], "panels": 2}
    twins = replace(fit, evidence="twin", robustness={"T1.1": {"samples": records}})
    body = section(twins, rows_of(fit)).body
    assert "These panels are SYNTHETIC" in body
    assert "In a typical twin x1 moves by up to" in body


def test_nothing_is_said_of_printed_tables(study):
    found = po.fit(study, evidence="tables", draws=50)
    assert samples(found.specs["T1.1"], (), Request("tables")) is None
    assert section(found, rows_of(found)) is None


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
    """SciPy's kurtosis; correlations by NumPy, with the constant that Pesaran (2021) gives for balanced panels."""
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


def test_predictions_compare_the_structures_of_effects(fit):
    found = fit.robustness["T1.1"]["samples"]["predictions"]
    assert found["own"] == "city + year, fixed"
    assert {r["model"] for r in found["rows"]} == {
        "pooled",
        "city, fixed",
        *(f"city + year, {form}" for form in ("fixed", "random", "mundlak")),
    }
    for way in ("rows", "entities"):
        assert sum(r["weight"] for r in found[way]) == pytest.approx(1)
        best = max(found[way], key=lambda r: r["elpd"])
        assert best["difference"] == 0
        assert all(r["difference"] == pytest.approx(r["elpd"] - best["elpd"]) for r in found[way])
    rows = {r["model"]: r["elpd"] for r in found["rows"]}
    assert (
        rows["city + year, mundlak"] > rows["pooled"] + 20
    )  # effects of s.d. 1 and 0.5 beside errors of 0.4


def test_weights_are_those_of_arviz(study, frame):
    """`az.compare` on the draws themselves, with ArviZ's own smoothing."""
    import arviz as az

    design, priors = study.spec("T1.1").design(panel_of(frame)), study.spec("T1.1").priors()
    models = sample_predict.candidates(design, "fixed")[1]
    trees, mine = {}, {}
    for name, (like, form) in models.items():
        scales = sample_predict.scale_draws(like, form, priors, 500, 1)
        values = sample_predict.predictive(like, form, priors, scales).by_row
        log_likelihood = {"y": values[None]}
        trees[name] = az.from_dict({"posterior": {"x": np.zeros((1, 500))}, "log_likelihood": log_likelihood})
        mine[name] = sample_predict.Pointwise(*sample_predict.leave_out_elpd(values))
        theirs = az.loo(trees[name], pointwise=True, reff=1.0)
        np.testing.assert_allclose(mine[name].elpd, theirs.elpd_i, atol=1e-8)
        np.testing.assert_allclose(mine[name].k_hat, theirs.pareto_k, atol=1e-8)
    found = sample_predict._compared(mine)
    expected = az.compare({n: az.loo(t, pointwise=True, reff=1.0) for n, t in trees.items()}, round_to="none")
    for name in models:
        assert found[name]["weight"] == pytest.approx(expected.loc[name, "weight"], abs=2e-3)
        assert found[name]["error"] == pytest.approx(expected.loc[name, "dse"], abs=1e-8)
        assert found[name]["elpd"] == pytest.approx(expected.loc[name, "elpd"], abs=1e-8)


def test_without_effects_of_entities_the_page_thinks_of_them_first(fit):
    records = fit.robustness["T1.1"]["samples"]
    found = [{**c, "caught": float(c["name"] == "autocorrelation"), "value": 0.9} for c in records["checks"]]
    pooled = {**records, "checks": found, "entity_effects": False}
    body = section(replace(fit, robustness={"T1.1": {"samples": pooled}}), rows_of(fit)).body
    assert "consider effects of city, or errors = ar1" in body


def test_the_page_names_what_moves_the_result_and_escapes_names(fit):
    made = section(fit, rows_of(fit))
    assert made.id == "samples"
    assert HOSTILE not in made.body
    assert "without one city" in made.plates[1].svg.decode()
    assert [p.name for p in made.plates] == ["samples", "samples.T1.1"]
    assert all(b"<svg" in p.svg[:2000] for p in made.plates)
