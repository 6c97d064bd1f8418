"""Another prior by weights: against exact posteriors, fitting again, and what is stored of twins."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import posterity as po
from posterity.analyses.judge.diagnostics import LIMITS
from posterity.analyses.judge.summaries import draws_of, effective_draws, summarise
from posterity.analyses.judge.verdict import VERDICTS
from posterity.models.printed.tables import exact_draws, moments
from posterity.models.priors import FAMILIES, Prior
from posterity.reports.page import explore
from posterity.reports.page.explore import at, dials, embedded, encoded, log_density, moved, owners
from posterity.reports.page.page import SCRIPTS
from posterity.reports.page.templating import TEMPLATES
from posterity.reports.rows import STOPPED, rows_of

STUDY = """
[study]
name = "one-slope"
title = "One regressor with a slope that its prior can move"
entity = "id"
time = "year"
published = "published.csv"
descriptives = "T1"

[spec."T2.1"]
formula = "y ~ x | id"
"""
PUBLISHED = """table,column,term,estimate,std_error,t_value,stars,ci_low,ci_high,p_value,n,r2,outcome,note
T1,sd,y,1.00,,,,,,,,,,
T1,sd,x,1.00,,,,,,,,,,
T2,1,x,0.150,0.060,,**,,,,60,,y,
"""
NARROW, AWAY = Prior("normal", (0.0, 0.1)), Prior("normal", (-0.2, 0.15))


def panel(seed):
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([range(12), range(5)], names=["id", "year"])
    x = rng.normal(size=60)
    y = 0.15 * x + np.repeat(rng.normal(size=12), 5) + 0.5 * rng.normal(size=60)
    frame = pd.DataFrame({"x": x, "y": y}, index=keys).reset_index()
    return po.Panel.of(frame, entity="id", time="year", source=f"seed {seed}", synthetic=True)


@pytest.fixture(scope="module")
def slope_study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one-slope")
    (folder / "study.toml").write_text(STUDY)
    (folder / "published.csv").write_text(PUBLISHED)
    return po.load(folder)


@pytest.fixture(scope="module")
def fits(slope_study):
    return {
        "tables": po.fit(slope_study, evidence="tables"),
        "panel": po.fit(slope_study, panel(1)),
        "twin": po.fit(slope_study, [panel(s) for s in (1, 2, 3)]),
    }


def dial_of(fit):
    return dials(fit, rows_of(fit))[0][0]


@pytest.mark.parametrize("family", sorted(name for name, family in FAMILIES.items() if family.kernel))
def test_densities_are_those_of_scipy(family):
    """Up to a constant, which weights do not see."""
    arguments = {"student_t": (4.0, 0.3, 0.7)}.get(family, (0.3, 0.7))
    z = np.linspace(-3, 3, 7)
    name, settings = FAMILIES[family].scipy(*arguments)
    gap = log_density(Prior(family, arguments), z) - Prior(family, arguments).frozen().logpdf(z)
    assert np.ptp(gap) < 1e-12, (name, settings)


@pytest.mark.parametrize("evidence", ["tables", "panel", "twin"])
def test_at_rest_a_dial_says_what_the_table_says(fits, evidence):
    dial = dial_of(fits[evidence])
    found, shown = moved(dial, dial.prior), dial.row.record[dial.row.judged]
    ends = dial.row.record["judged"]
    for value, expected in (
        (found.mean, shown["mean"]),
        (found.low, ends["q2.5"]),
        (found.high, ends["q97.5"]),
    ):
        assert value == pytest.approx(expected, abs=0.02 * shown["sd"])
    assert found.prob_positive == pytest.approx(shown["prob_positive"], abs=0.002)
    one = fits[evidence].specs[dial.row.spec_id]
    assert found.ess == pytest.approx(effective_draws(one, draws_of(one, dial.row.term)))
    assert found.verdict == dial.row.verdict
    assert found.reliable


@pytest.mark.parametrize("prior", [NARROW, AWAY])
def test_weights_give_the_exact_posterior_of_printed_numbers(fits, prior):
    fit = fits["tables"]
    dial, printed = dial_of(fit), fit.specs["T2.1"].inputs["x"]
    found, (mean, sd) = moved(dial, prior), moments(printed, prior)
    exact = exact_draws(printed, prior, 100_000, seed=1)
    assert found.reliable
    assert found.mean == pytest.approx(mean, abs=0.03 * sd)
    assert (found.low, found.high) == pytest.approx(np.quantile(exact, [0.025, 0.975]), abs=0.06 * sd)
    assert found.prob_positive == pytest.approx((exact > 0).mean(), abs=0.01)


@pytest.mark.parametrize(("evidence", "data"), [("panel", panel(1)), ("twin", [panel(s) for s in (1, 2, 3)])])
def test_weights_give_what_fitting_again_gives(slope_study, fits, evidence, data):
    """The only slope has the only prior of slopes, so that a new fit moves nothing else.

    A mixture keeps its equal weights: each twin is weighted on its own.
    """
    found = moved(dial_of(fits[evidence]), NARROW)
    again = po.fit(slope_study, data, priors={"slope": str(NARROW)}, seed=2)
    other = summarise(again.specs["T2.1"], "x", 0.15)
    assert found.reliable
    assert (found.mean, found.low, found.high) == pytest.approx(
        (other.mean, other.low, other.high), abs=0.12 * other.sd
    )
    assert found.prob_positive == pytest.approx(other.prob_positive, abs=0.02)


def test_draws_of_a_mixture_are_dealt_as_the_fit_dealt_them(fits):
    fit = fits["twin"]
    one = fit.specs["T2.1"]
    values = one.tree["posterior"]["coef"].sel(term="x").to_numpy().ravel()
    owner = owners(fit, one, values.size)
    each = np.array([values[owner == k].mean() for k in range(3)])
    stored = one.tree["twins"].to_dataset().sel(term="x")
    np.testing.assert_allclose(each, stored["mean"], atol=4 * float(stored["sd"].max()) / np.sqrt(1333))
    assert np.ptp(stored["mean"].to_numpy()) > 0.01


def test_far_away_nothing_is_told(fits):
    far = moved(dial_of(fits["panel"]), Prior("normal", (-2.0, 0.02)))
    assert not far.reliable
    assert far.k_hat > 0.7 or far.ess < 400


def test_a_shifted_prior_keeps_its_family_and_shape():
    assert at(Prior("student_t", (3.0, 0.5, 2.0)), -0.25, 0.5) == Prior("student_t", (3.0, 0.25, 1.0))
    assert at(NARROW, 0.0, 1.0) == NARROW


def test_two_bytes_a_draw_are_fine_enough(fits):
    draws = np.sort(np.random.default_rng(1).standard_t(3, size=(1, 4000)))
    codes, frame = encoded(draws)
    back = replace(dial_of(fits["panel"]), codes=codes, frame=frame, units=(1.0,)).draws
    middle = np.abs(draws) < 3
    assert np.abs(back - draws)[middle].max() < 1e-3
    assert (np.abs(back - draws) / np.abs(draws))[~middle].max() < 1e-3


def test_what_has_no_prior_of_its_own_says_so(tables_fit, fits):
    made, closed = dials(tables_fit, rows_of(tables_fit))
    assert made == []
    assert set(closed.values()) == {
        "its prior is flat: the paper prints no standard deviations that would scale one"
    }
    fit = fits["tables"]
    stopped = [replace(r, record=r.record | {"verdict": None}) for r in rows_of(fit)]
    assert dials(fit, stopped)[1] == {"T2.1.x": "diagnostics withhold its posterior"}


def test_not_reproduced_stays_so_under_every_prior(fits):
    fit = fits["panel"]
    rows = [replace(r, record=r.record | {"verdict": "not reproduced"}) for r in rows_of(fit)]
    assert moved(dials(fit, rows)[0][0], NARROW).verdict == "not reproduced"


def test_a_page_of_many_coefficients_carries_fewer_draws_of_each(fits, monkeypatch):
    fit = fits["tables"]
    (row,) = rows_of(fit)
    rows = [replace(row, record=row.record | {"id": f"T2.1.x{k}"}) for k in range(4)]
    monkeypatch.setattr(explore, "BYTES", 4 * 600 * 8 // 3)
    assert {d.draws.size for d in dials(fit, rows)[0]} == {600}
    monkeypatch.setattr(explore, "BYTES", 500 * 8)
    made, closed = dials(fit, rows)
    assert [d.draws.size for d in made] == [500] * 3
    assert closed == {"T2.1.x3": "left out to keep this page small"}


@pytest.mark.parametrize("evidence", ["tables", "panel", "twin"])
def test_the_page_carries_what_the_table_says_of_the_prior_as_used(fits, evidence):
    fit = fits[evidence]
    dial = dial_of(fit)
    found, shown = moved(dial, dial.prior), dial.row.record["posterior"]
    (item,) = json.loads(embedded(fit, [dial]))["items"]
    assert item["used"] == {
        "mean": shown["mean"],
        "low": shown["q2.5"],
        "high": shown["q97.5"],
        "positive": shown["prob_positive"],
        "verdict": dial.row.verdict,
    }
    assert found.low != shown["q2.5"]  # the draws are coarser


@pytest.fixture(scope="module")
def munnell():
    fit = po.fit(po.load("munnell-1990"), only=["T1.1", "T1.2"])
    return dials(fit, rows_of(fit))[0]


def test_at_rest_a_widened_interval_is_that_of_the_record(munnell):
    """Every slope has 2 to 3 times the model's error; at least two verdicts would be others without it."""
    changed = 0
    for dial in munnell:
        part, judged = dial.row.record[dial.row.judged], dial.row.record["judged"]
        assert judged["df"] == 47
        found = moved(dial, dial.prior)
        assert (found.low, found.high) == pytest.approx(
            (judged["q2.5"], judged["q97.5"]), abs=0.02 * judged["factor"] * part["sd"]
        )
        assert found.verdict == dial.row.verdict
        own = moved(replace(dial, widened=None), dial.prior)
        assert (own.low, own.high) == pytest.approx((part["q2.5"], part["q97.5"]), abs=0.02 * part["sd"])
        changed += own.verdict != found.verdict
    assert changed >= 2


def test_another_prior_widens_by_the_same_multiple_of_its_own_standard_deviation(munnell):
    """A normal posterior under a normal prior, by hand; t(0.975; 47) of R's qt: 2.011741."""
    dial = next(d for d in munnell if d.row.id == "T1.2.log_pcap")
    unit, part = dial.units[0], dial.row.record["posterior"]
    narrow = Prior("normal", (0.0, 2 * part["sd"] / unit))
    flat = 1 / part["sd"] ** 2 - 1 / unit**2  # precision of the data alone; the run's prior is normal(0, 1)
    precision = flat + 1 / (2 * part["sd"]) ** 2
    mean = part["mean"] / part["sd"] ** 2 / precision
    half = 2.011741 * dial.row.record["judged"]["factor"] / np.sqrt(precision)
    found = moved(dial, narrow)
    assert found.reliable
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=0.06 * half)


def test_the_page_carries_what_widened_an_interval_and_the_ends_of_the_record(fits, munnell):
    dial = munnell[0]
    (item,) = json.loads(embedded(fits["panel"], [dial]))["items"]
    judged = dial.row.record["judged"]
    assert item["widened"] == [judged["factor"], pytest.approx(2.011741, abs=1e-6)]
    assert (item["used"]["low"], item["used"]["high"]) == (judged["q2.5"], judged["q97.5"])
    (item,) = json.loads(embedded(fits["tables"], [dial_of(fits["tables"])]))["items"]
    assert "widened" not in item


def test_embedded_text_cannot_end_its_element(fits):
    fit = fits["tables"]
    dial = dial_of(fit)
    row = replace(dial.row, record=dial.row.record | {"id": "</script><!--&"})
    text = embedded(fit, [replace(dial, row=row)])
    assert not re.search("[<>&]", text)
    assert json.loads(text)["items"][0]["id"] == "</script><!--&"


def test_the_script_knows_no_verdict_no_family_and_no_limit():
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    words = [*VERDICTS, STOPPED, *FAMILIES, *(f"{limit:g}" for limit in LIMITS.record().values() if limit)]
    assert [word for word in words if re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", script)] == []
