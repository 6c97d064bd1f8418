"""Units left out: refits against linearmodels and posterity itself, what is refused, twins, and the page."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import posterity as po
from posterity.analyses.judge.verdict import Claim, verdict
from posterity.analyses.robustness.samples import influence as sample_influence
from posterity.analyses.robustness.samples.part import samples
from posterity.analyses.run.results import Request
from posterity.data.sample.design import subset
from posterity.reports.robustness.samples.section import section
from posterity.reports.rows import rows_of

from ....there import there
from .conftest import HOSTILE, least_squares, panel_of


def unit(records, name):
    return next(u for u in records["influence"]["units"] if u["name"] == name)


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("c03", lambda f: f["city"] != "c03"),
        ("2002", lambda f: f["year"] != 2002),
        (HOSTILE, lambda f: ~f["city"].isin(["c00", "c03"])),
    ],
)
def test_flat_priors_give_the_least_squares_of_the_smaller_panel(fit, frame, name, keep):
    """Slopes of linearmodels' PanelOLS on the panel without the unit; 4,000 draws, 4 standard errors."""
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


def test_munnell_without_louisiana(munnell):
    """`posterity` on 47 states against the batch, for the state that moves private capital most.

    The column is pooled: what is refitted is what its verdict rests on, the model with effects.
    """
    study, records = munnell.study, munnell.robustness["T1.1"]["samples"]["influence"]
    most = max(records["units"], key=lambda u: abs(u["shift"][1]))
    assert most["name"] == "LOUISIANA"
    panel = study.panel()
    fewer = panel.where(panel.frame["state"] != "LOUISIANA")
    again = there(po.fit(study, fewer, only="T1.1").specs["T1.1"].with_effects).tree
    draws = again["posterior"]["coef"].to_numpy().reshape(-1, 4)
    error = draws.std(axis=0) * np.sqrt(1 / len(draws) + 1 / sample_influence.DRAWS)
    np.testing.assert_array_less(np.abs(most["mean"] - draws.mean(axis=0)), 4 * error)
    ends = np.quantile(draws, [0.025, 0.975], axis=0)
    assert (np.abs([most["low"], most["high"]] - ends) < 0.15 * draws.std(axis=0)).all()


@pytest.fixture
def no_posteriors(monkeypatch):
    """Every coefficient 0.1 times the number of its problem, plus normal draws."""

    def made(problems, priors, draws, seed):
        noise = np.random.default_rng(1).standard_normal((draws, problems[0].n_slope))
        values = 0.1 * np.arange(len(problems))[:, None, None] + noise
        return values, np.zeros(len(problems))

    monkeypatch.setattr(sample_influence, "_posteriors", made)


def test_what_cannot_be_estimated_without_a_unit_is_said(study, simulate, no_posteriors):
    """The city is called as a year is, which is left out all the same."""
    frame = simulate(n_entity=6, n_time=5, seed=2).replace({"city": {"c02": "2002"}})
    frame["x2"] = np.where(frame["city"] == "2002", frame["x2"], 0.0)
    design = study.spec("T1.1").design(panel_of(frame))
    records = there(
        sample_influence.influence([design], "fixed", study.spec("T1.1").priors(), {"x1": Claim(0.5)}, {}, 1)
    )
    (refused,) = records["refused"]
    assert (refused["kind"], refused["name"]) == ("entity", "2002")
    assert "x2" in refused["why"]
    assert [u["kind"] for u in records["units"] if u["name"] == "2002"] == ["time"]
    assert len(records["units"]) == 5 + 5


def test_of_many_entities_those_that_move_least_squares_most_are_left_out(
    study, simulate, no_posteriors, monkeypatch
):
    monkeypatch.setattr(sample_influence, "MOST", 10)
    frame = simulate(n_entity=20, n_time=5, seed=3)
    design = study.spec("T1.1").design(panel_of(frame))
    records = there(
        sample_influence.influence([design], "fixed", study.spec("T1.1").priors(), {"x1": Claim(0.5)}, {}, 1)
    )
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
    records = there(
        sample_influence.influence(designs, "fixed", study.spec("T1.1").priors(), {"x1": Claim(3.0)}, {}, 1)
    )
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
        verdict(Claim(3.0), *(ends + first)) != verdict(Claim(3.0), *(ends + last))
        for first, last in ((0.0, 1.1), (1.2, 2.3))
    )


def test_slopes_that_vary_lose_the_group_of_the_last_entity(simulate):
    from posterity.data.sample.build import build_design
    from posterity.data.study.spec import Spec, Varying

    frame = simulate(n_entity=6, n_time=5)
    frame["region"] = np.where(frame["city"] == "c04", "alone", "rest")
    spec = Spec(formula="y ~ x1 | city", varying=Varying(by="region"))
    design = build_design(panel_of(frame), spec)
    less = subset(design, design.entity != 4)
    varying = there(less.varying)
    assert varying.groups == ("rest",)
    assert less.entities == ("c00", "c01", "c02", "c03", "c05")
    assert list(varying.group) == [0] * 5


def test_a_page_of_twins_is_labelled(fit):
    records = {**fit.robustness["T1.1"]["samples"], "panels": 2}
    twins = replace(fit, evidence="twin", robustness={"T1.1": {"samples": records}})
    body = there(section(twins, rows_of(fit))).body
    assert "These panels are SYNTHETIC" in body
    assert "In a typical twin x1 moves by up to" in body


def test_nothing_is_said_of_printed_tables(study):
    found = po.fit(study, evidence="tables", draws=50)
    assert samples(found.specs["T1.1"], (), Request("tables")) is None
    assert section(found, rows_of(found)) is None


def test_the_page_names_what_moves_the_result_and_escapes_names(fit):
    made = there(section(fit, rows_of(fit)))
    assert made.id == "samples"
    assert HOSTILE not in made.body
    assert "without one city" in made.figure_files[1].svg.decode()
    assert [p.name for p in made.figure_files] == ["samples", "samples.T1.1"]
    assert all(b"<svg" in p.svg[:2000] for p in made.figure_files)
